"""A DICOM file → Mammogram, or one sentence why not."""

import io
import math
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom import encaps
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels import get_decoder

from mammo_core.dicom import codecs, grey
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.errors import ImageError
from mammo_core.settings import settings

OVERSAMPLING = 2  # a reduced decode leaves at least this many times the wanted side
MAMMOGRAPHY = {None, "", "MG", "DX", "CR", "OT"}  # Modality (0008,0060); RSNA's files have none
TAGS = (  # technical facts that may be shown; nothing here can name a person
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsStored",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "ImageLaterality",
    "ViewPosition",
    "VOILUTFunction",
    "WindowCenter",
    "WindowWidth",
)
VIEW_CODES = {  # View Code Sequence (0054,0220), CID 4014, SNOMED-RT and SNOMED CT
    "R-10242": "CC", "399162004": "CC", "R-10226": "MLO", "399368009": "MLO", "R-10224": "ML", "399260004": "ML",
    "R-10228": "LM", "399352003": "LM", "R-10230": "LMO", "399099002": "LMO", "R-1024A": "AT", "399192003": "AT",
}  # fmt: skip


def read(source: Path | bytes, wanted: int | None = None) -> Mammogram:
    """Read one DICOM file.

    Args:
        source: its path or its bytes.
        wanted: side in pixels of the image that is to be made of it; JPEG 2000 is then decoded at a resolution that
            leaves at least twice as much. None decodes in full.

    Raises:
        ImageError: it isn't a mammogram, can't be decoded, is damaged, or is too large.
    """
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        dataset = _parse(source)
        if any("End of file" in str(item.message) for item in complaints):
            raise ImageError("damaged", "The file is truncated: it ends before its image does.")
        _refuse_others(dataset)
        stored, reduction = _pixels(dataset, wanted)
    return _mammogram(dataset, stored, reduction)


def _parse(source: Path | bytes) -> FileDataset:
    limit = settings().max_file_bytes
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > limit:
            raise ImageError(
                "too_large", f"The file has {size / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} MB are read."
            )
        return pydicom.dcmread(io.BytesIO(source) if isinstance(source, bytes) else source)
    except FileNotFoundError:
        raise ImageError("missing", "The file isn't there.") from None
    except InvalidDicomError:
        raise ImageError(
            "not_dicom", "This isn't a DICOM file. Drop .dcm files as the scanner or the data set gives them."
        ) from None
    except ImageError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - pydicom raises StopIteration, RecursionError, struct.error … on damaged headers
        raise ImageError("damaged", f"The DICOM header is damaged ({type(error).__name__}).") from None


def _refuse_others(dataset: FileDataset) -> None:
    """Refuse what is recognisably not a mammogram; RSNA's sparse headers pass."""
    modality = str(dataset.get("Modality") or "")
    if modality not in MAMMOGRAPHY:
        raise ImageError("not_mammogram", f"This is a DICOM file of modality {modality}, not a mammogram.")
    if "PixelData" not in dataset:
        raise ImageError("not_mammogram", "This DICOM file has no image.")
    if dataset.get("SamplesPerPixel", 1) != 1 or not str(
        dataset.get("PhotometricInterpretation", "")
    ).startswith("MONOCHROME"):
        raise ImageError("not_mammogram", "This is a colour image, not a mammogram.")
    rows, columns = dataset.get("Rows") or 0, dataset.get("Columns") or 0
    if not rows or not columns:
        raise ImageError("damaged", "The DICOM header gives no image size.")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if rows * columns * frames > settings().max_megapixels * 1e6:
        raise ImageError(
            "too_large",
            f"The image has {rows * columns * frames / 1e6:,.0f} megapixels; at most {settings().max_megapixels:g} are read.",
        )


def _pixels(dataset: FileDataset, wanted: int | None) -> tuple[np.ndarray, int]:
    """Return stored values as integers (rows, columns) and the reduction they were decoded at."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax not in codecs.SUPPORTED:
        raise ImageError(
            "unsupported", f"The transfer syntax {getattr(syntax, 'name', syntax)} isn't supported."
        )
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    frames = int(dataset.get("NumberOfFrames") or 1)
    if syntax in codecs.PLAIN | codecs.RLE:
        stored = _plain(dataset, frames // 2)
        reduction = 0
    else:
        stream = _frame(dataset, frames)
        size = codecs.stream_size(stream)
        if (size.rows, size.columns, size.components) != (rows, columns, 1):
            raise ImageError(
                "damaged",
                f"The header says {rows} × {columns} pixels, the compressed image {size.rows} × {size.columns}; they must agree.",
            )
        stored, reduction = codecs.decode(stream, syntax, size, _reduction(rows, columns, wanted))
        stored = _signed(stored, dataset)
    expected = (-(-rows // 2**reduction), -(-columns // 2**reduction))
    if stored.shape != expected:
        raise ImageError("damaged", "The decoded image doesn't have the size that the header gives.")
    return stored, reduction


def _plain(dataset: FileDataset, frame: int) -> np.ndarray:
    try:
        stored, _ = get_decoder(dataset.file_meta.TransferSyntaxUID).as_array(dataset, index=frame, raw=True)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the decoder's errors are of many kinds
        raise ImageError("damaged", f"The image can't be decoded ({type(error).__name__}).") from None
    return stored


def _frame(dataset: FileDataset, frames: int) -> bytes:
    """Return the compressed bytes of the (middle) frame."""
    try:
        return encaps.get_frame(dataset.PixelData, frames // 2, number_of_frames=frames)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - see _parse
        raise ImageError("damaged", f"The compressed image is damaged ({type(error).__name__}).") from None


def _reduction(rows: int, columns: int, wanted: int | None) -> int:
    """Return how often the sides may be halved so that the longer one keeps `OVERSAMPLING` times the wanted side."""
    if wanted is None:
        return 0
    return max(0, int(math.log2(max(max(rows, columns) / (OVERSAMPLING * wanted), 1))))


def _signed(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Give two's-complement values their sign where the codec didn't, Pixel Representation (0028,0103)."""
    if dataset.get("PixelRepresentation") == 1 and stored.dtype.kind == "u":
        bits = int(dataset.BitsStored)
        values = stored.astype(np.int32)
        return np.where(values >= 1 << (bits - 1), values - (1 << bits), values)
    return stored


def _mammogram(dataset: FileDataset, stored: np.ndarray, reduction: int) -> Mammogram:
    notes = []
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        notes.append(f"This file has {frames} frames; the middle one is shown.")
    padding = grey.padding_mask(stored, dataset)
    values = grey.to_modality(stored, dataset)
    inverted = str(dataset.PhotometricInterpretation) == "MONOCHROME1"
    inside = values if padding is None or padding.all() else values[~padding]
    turn = float(inside.max()) if inverted else None
    if turn is not None:
        values = grey.turn_over(values, turn)
        inside = values if padding is None or padding.all() else values[~padding]
    if padding is not None:
        values[padding] = inside.min()
    patient = str(dataset.get("PatientID") or "").strip()
    return Mammogram(
        pixels=values,
        reduction=reduction,
        source_rows=int(dataset.Rows),
        source_columns=int(dataset.Columns),
        turn=turn,
        windows=grey.windows(dataset),
        laterality=_laterality(dataset),
        view=_view(dataset),
        patient=patient or None,
        tags={name: str(dataset[name].value) for name in TAGS if dataset.get(name) not in (None, "")},
        notes=tuple(notes),
    )


def _laterality(dataset: Dataset) -> str | None:
    for name in ("ImageLaterality", "Laterality"):
        value = str(dataset.get(name) or "").strip().upper()
        if value in ("L", "R"):
            return value
    return None


def _view(dataset: Dataset) -> str | None:
    position = str(dataset.get("ViewPosition") or "").strip().upper()
    if position:
        return position
    codes = dataset.get("ViewCodeSequence") or []
    return next(
        (
            VIEW_CODES[code]
            for code in (str(item.get("CodeValue", "")) for item in codes)
            if code in VIEW_CODES
        ),
        None,
    )
