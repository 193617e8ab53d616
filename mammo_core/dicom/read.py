"""A DICOM file → Mammogram, or one sentence why not."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from mammo_core.dicom import codecs, frames, grey, header
from mammo_core.dicom.header import Header
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.refuse import refuse_others
from mammo_core.errors import ImageError, MammoError

OVERSAMPLING = 2  # a reduced image leaves at least this many times the wanted side
VIEW_CODES = {  # View Code Sequence (0054,0220), CID 4014, SNOMED-RT and SNOMED CT
    "R-10242": "CC", "399162004": "CC", "R-10226": "MLO", "399368009": "MLO", "R-10224": "ML", "399260004": "ML",
    "R-10228": "LM", "399352003": "LM", "R-10230": "LMO", "399099002": "LMO", "R-1024A": "AT", "399192003": "AT",
}  # fmt: skip
LONGEST_TAG = 64  # characters shown of an element


def read(source: Path | bytes, wanted: int | None = None) -> Mammogram:
    """Read one DICOM file.

    Args:
        source: its path or its bytes.
        wanted: side in pixels of the image that is to be made of it; the image is then reduced as far as leaves at
            least twice as much, JPEG 2000 while decoding and others by averaging. None gives the full resolution.

    Raises:
        ImageError: it isn't a mammogram, can't be decoded, is damaged, or is too large.
    """
    with header.open_stream(source) as opened, _nothing_else():
        dataset, syntax, stream = header.parse(opened)
        refuse_others(dataset, bool(stream.read(1)))
        stream.seek(-1, 1)
        found = header.check(dataset, syntax, stream)
        return _mammogram(found, wanted)


@contextmanager
def _nothing_else() -> Iterator[None]:
    """Turn whatever a damaged file makes pydicom raise (StopIteration, RecursionError, …) into an ImageError.

    Its own text may quote the file, so it is left out; so are its warnings, but for those that `header.parse` heeds.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MammoError:
        raise
    except MemoryError:
        raise ImageError("decoder_died", "Decoding this file needs more memory than is allowed.") from None
    except Exception as error:  # noqa: BLE001
        raise ImageError("damaged", f"The file is damaged and can't be read ({type(error).__name__}).") from None


def stored_values(found: Header, reduction: int = 0) -> tuple[np.ndarray, int]:
    """Decode the file's frame, the middle one of several.

    Args:
        found: the header, its stream at the pixels.
        reduction: how often the sides may be halved while decoding.

    Returns:
        Integers (rows, columns) as stored, and the reduction that was done.

    Raises:
        ImageError: the pixels contradict the header or can't be decoded.
    """
    shape, frame = (found.rows, found.columns), found.frames // 2
    if found.syntax in codecs.NATIVE:
        return grey.without_overlay(grey.from_bytes(frames.native_frame(found, frame), found), found), 0
    if found.syntax not in codecs.SUPPORTED:
        name = found.syntax.name if found.syntax.is_transfer_syntax else "that this file names"
        raise ImageError("unsupported", f"The transfer syntax {name} isn't supported.")
    data = frames.encapsulated_frame(found, frame)
    if found.syntax in codecs.RLE:
        return grey.without_overlay(codecs.decode_rle(data, shape, grey.stored_dtype(found)), found), 0
    values, done, bits, _ = codecs.decode(data, found.syntax, shape, reduction)
    if bits > found.allocated:
        raise ImageError("damaged", "The compressed image has more bits a pixel than the header allows.")
    return grey.with_sign(values, bits, found.signed), done


def _mammogram(found: Header, wanted: int | None) -> Mammogram:
    dataset = _flat(found.dataset)
    reduction = _reduction(found.rows, found.columns, wanted)
    stored, done = stored_values(found, reduction if _may_reduce(found) else 0)
    notes = _notes(found, stored, done)
    stored = grey.fill_padding(stored, found)
    table, (slope, intercept) = grey.modality_table(dataset), grey.rescale(dataset)
    if table:
        values = grey.shrink(table.look_up(stored), reduction - done)
    else:
        values = grey.shrink(stored, reduction - done)
        if (slope, intercept) != (1.0, 0.0):
            values = values * np.float32(slope) + np.float32(intercept)
    turn = None
    if found.inverted:
        turn = float(table.entries.max()) if table else _turn(found, slope, intercept)
        values = np.float32(turn) - values
    patient = str(dataset.get("PatientID") or "").strip()
    return Mammogram(
        pixels=values,
        reduction=reduction,
        source_rows=found.rows,
        source_columns=found.columns,
        shift=(2**done - 1) / 2,
        turn=turn,
        windows=grey.windows(dataset),
        laterality=_laterality(dataset),
        view=_view(dataset),
        patient=patient or None,
        tags=_tags(dataset),
        notes=notes,
    )


def _reduction(rows: int, columns: int, wanted: int | None) -> int:
    """Return how often the sides may be halved so that the longer one keeps `OVERSAMPLING` times the wanted side."""
    if wanted is None:
        return 0
    return max(0, int(math.log2(max(max(rows, columns) / (OVERSAMPLING * wanted), 1))))


def _may_reduce(found: Header) -> bool:
    """Return whether a wavelet's low-pass means the same as an average: not through a table, nor over padding."""
    return "ModalityLUTSequence" not in found.dataset and "PixelPaddingValue" not in found.dataset


def _turn(found: Header, slope: float, intercept: float) -> float:
    """Return the sum of the lowest and highest modality value that Bits Stored (0028,0101) allows."""
    lowest = -(1 << (found.bits - 1)) if found.signed else 0
    return slope * (2 * lowest + (1 << found.bits) - 1) + 2 * intercept


def _flat(dataset: Dataset) -> Dataset:
    """Lift what tomosynthesis keeps in Shared Functional Groups (5200,9229) to the top, where it isn't there yet."""
    lifted = Dataset()
    for group in dataset.get("SharedFunctionalGroupsSequence") or []:
        for element in group:
            for item in element.value if element.VR == "SQ" else []:
                lifted.update(item)
    if "FrameLaterality" in lifted:
        lifted.ImageLaterality = lifted.FrameLaterality
    lifted.update(dataset)
    return lifted


def _notes(found: Header, stored: np.ndarray, reduction: int) -> tuple[str, ...]:
    notes = []
    if found.frames > 1:
        notes.append(f"The file has {found.frames} frames; this is the middle one, number {found.frames // 2 + 1}.")
    if not reduction and found.bits < found.allocated and not found.signed and stored.max() >= 1 << found.bits:
        notes.append(f"Some values exceed the {found.bits} bits that the header announces; they were kept.")
    if str(found.dataset.get("PresentationIntentType") or "").strip().upper() == "FOR PROCESSING":
        notes.append("This is a raw image, for processing; models learn from images for presentation.")
    return tuple(notes)


def _tags(dataset: Dataset) -> dict[str, str]:
    """Return the technical elements as short printable text."""
    values = {name: dataset.get(name) for name in header.TECHNICAL}
    texts = {name: str(value) for name, value in values.items() if value is not None and value != ""}
    return {name: "".join(filter(str.isprintable, text))[:LONGEST_TAG] for name, text in texts.items()}


def _laterality(dataset: Dataset) -> str | None:
    for name in ("ImageLaterality", "Laterality"):
        value = str(dataset.get(name) or "").strip().upper()
        if value in ("L", "R"):
            return value
    return None


def _view(dataset: Dataset) -> str | None:
    position = str(dataset.get("ViewPosition") or "").strip().upper()
    if position.isalpha() and len(position) <= 6:
        return position
    codes = (str(item.get("CodeValue", "")) for item in dataset.get("ViewCodeSequence") or [])
    return next((VIEW_CODES[code] for code in codes if code in VIEW_CODES), None)
