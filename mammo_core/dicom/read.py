"""A DICOM file → Mammogram, or one sentence why not."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from pydicom.dataset import Dataset

from mammo_core.dicom import codecs, frames, grey, header
from mammo_core.dicom.codecs import Decoded
from mammo_core.dicom.header import Header, Source
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.pseudonyms import real_patient_id
from mammo_core.dicom.reject import reject_others
from mammo_core.errors import ImageError, MammoError

OVERSAMPLING = 2  # a reduced image leaves at least this many times the wanted side
VIEW_CODES = {  # View Code Sequence (0054,0220), CID 4014, SNOMED-RT and SNOMED CT
    "R-10242": "CC", "399162004": "CC", "R-10226": "MLO", "399368009": "MLO", "R-10224": "ML", "399260004": "ML",
    "R-10228": "LM", "399352003": "LM", "R-10230": "LMO", "399099002": "LMO", "R-1024A": "AT", "399192003": "AT",
}  # fmt: skip
VIEWS = {  # View Position (0018,5101) in mammography, CID 4014; any other word could be a name
    *VIEW_CODES.values(), "SIO", "ISO", "LMLO", "FB", "XCC", "XCCL", "XCCM", "CV", "TAN", "RL", "RM", "RI", "RS", "SPOT", "MAG",
}  # fmt: skip
NUMERIC = {"DS", "IS", "US", "SS"}  # value representations of numbers (PS3.5 6.2)
LONGEST_TAG = 64  # characters shown of an element


def read(source: Source, side: int | None = None, *, max_step: float | None = None, strict: bool = False) -> Mammogram:
    """Read one DICOM file.

    Args:
        source: its path, its bytes, or a member of a zip file.
        side: longer side in pixels of the image that is to be made of it; the image is then reduced as far as leaves at
            least twice as much, JPEG 2000 while decoding and others by averaging. None gives the full resolution.
        max_step: largest quantisation step of an image that is reduced while decoding, as a share of its contrast; see
            `codecs.decode` and `Mammogram.quantisation_step`. None decodes every bit.
        strict: decode JPEG Lossless once more, to hear all that its decoder warns of; twice the time, for strangers' files.

    Raises:
        ImageError: it isn't a mammogram, can't be decoded, is damaged, or is too large.
    """
    with header.open_stream(source) as opened, _nothing_else():
        dataset, syntax, stream = header.parse(opened)
        reject_others(dataset, bool(stream.read(1)))
        stream.seek(-1, 1)
        found = header.check(dataset, syntax, stream)
        return _mammogram(found, side, max_step, strict)


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


def stored_values(found: Header, reduction: int = 0, *, max_step: float | None = None, strict: bool = False) -> Decoded:
    """Decode the file's frame, the middle one of several.

    Args:
        found: the header, its stream at the pixels.
        reduction: how often the sides may be halved while decoding.
        max_step: see `read`.
        strict: see `read`.

    Returns:
        Values as stored, and how they were decoded.

    Raises:
        ImageError: the pixels contradict the header or can't be decoded.
    """
    shape, frame = (found.rows, found.columns), found.frames // 2
    if found.syntax not in codecs.SUPPORTED:
        name = found.syntax.name if found.syntax.is_transfer_syntax else "that this file names"
        raise ImageError("unsupported", f"The transfer syntax {name} isn't supported.")
    if found.syntax in codecs.NATIVE:
        values = grey.from_bytes(frames.native_frame(found, frame), found)
    elif found.syntax in codecs.RLE:
        values = codecs.decode_rle(frames.encapsulated_frame(found, frame), shape, grey.stored_dtype(found))
    else:
        data = frames.encapsulated_frame(found, frame)
        decoded = codecs.decode(data, found.syntax, shape, reduction, max_step=max_step, strict=strict)
        if decoded.bits > found.allocated:
            raise ImageError("damaged", "The compressed image has more bits a pixel than the header allows.")
        values = grey.with_sign(decoded.values, decoded.bits, found.signed)
        return decoded._replace(values=grey.with_stored_sign(values, found))
    values = grey.with_stored_sign(grey.without_overlay(values, found), found)
    return Decoded(values, 0, found.bits, found.signed)


def _mammogram(found: Header, side: int | None, max_step: float | None, strict: bool) -> Mammogram:
    dataset = _flat(found)
    reduction = _reduction(found.rows, found.columns, side)
    halvings = reduction if _may_reduce(found) else 0
    decoded = stored_values(found, halvings, max_step=max_step, strict=strict)
    done = decoded.halvings
    notes = _notes(found, decoded)
    stored = grey.fill_padding(decoded.values, found, decoded.quantisation_step, blended=done > 0)
    table, (slope, intercept) = grey.modality_table(dataset, found.little), grey.rescale(dataset)
    if table:
        values = grey.shrink(table.look_up(stored), reduction - done)
    else:
        values = grey.shrink(stored, reduction - done)
        if (slope, intercept) != (1.0, 0.0):
            values = values * np.float32(slope) + np.float32(intercept)
    inversion_sum = None
    if found.inverted:
        inversion_sum = float(table.entries.max()) if table else _turn(found, slope, intercept)
        values = np.float32(inversion_sum) - values
    return Mammogram(
        pixels=values,
        reduction=reduction,
        source_rows=found.rows,
        source_columns=found.columns,
        shift=(2**done - 1) / 2,
        quantisation_step=abs(slope) * decoded.quantisation_step if decoded.quantisation_step > 1 else 0.0,
        inversion_sum=inversion_sum,
        windows=grey.windows(dataset, found.little),
        laterality=_laterality(dataset),
        view=_view(dataset),
        patient=real_patient_id(str(dataset.get("PatientID") or "")),
        instance=str(dataset.get("SOPInstanceUID") or "").strip() or None,
        tags=_tags(dataset),
        notes=notes,
    )


def _reduction(rows: int, columns: int, side: int | None) -> int:
    """Return how often the sides may be halved so that the longer one keeps `OVERSAMPLING` times the wanted side."""
    if side is None:
        return 0
    return max(0, int(math.log2(max(max(rows, columns) / (OVERSAMPLING * side), 1))))


def _may_reduce(found: Header) -> bool:
    """Return whether a wavelet's low-pass means the same as an average.

    It doesn't through a table, nor over padding, unless that has the darkest value there is, as air has.
    """
    padding = grey.padding_range(found)
    darkest = (1 << found.bits) - 1 if grey.dark_is_high(found) else 0
    dark = padding is None or (padding == (darkest, darkest) and not found.signed)
    return dark and "ModalityLUTSequence" not in found.dataset


def _turn(found: Header, slope: float, intercept: float) -> float:
    """Return the sum of the lowest and highest modality value that Bits Stored (0028,0101) allows."""
    lowest = -(1 << (found.bits - 1)) if found.signed else 0
    return slope * (2 * lowest + (1 << found.bits) - 1) + 2 * intercept


def _flat(found: Header) -> Dataset:
    """Lift what tomosynthesis keeps in functional groups to the top, where it isn't there yet.

    Shared (5200,9229) for all frames, per frame (5200,9230) for the one that is read.
    """
    lifted = Dataset()
    groups = [*(found.dataset.get("SharedFunctionalGroupsSequence") or [])[:1]]
    groups += (found.dataset.get("PerFrameFunctionalGroupsSequence") or [])[found.frames // 2 :][:1]
    for group in groups:
        for element in group:
            for item in element.value if element.VR == "SQ" else []:
                lifted.update(item)
    if "FrameLaterality" in lifted:
        lifted.ImageLaterality = lifted.FrameLaterality
    lifted.update(found.dataset)
    return lifted


def _notes(found: Header, decoded: Decoded) -> tuple[str, ...]:
    notes = []
    if found.frames > 1:
        notes.append(f"The file has {found.frames} frames; this is the middle one, number {found.frames // 2 + 1}.")
    may_exceed = not decoded.halvings and found.bits < found.allocated and not found.signed
    if may_exceed and decoded.values.max() >= 1 << found.bits:
        notes.append(f"Some values exceed the {found.bits} bits that the header announces; they were kept.")
    if str(found.dataset.get("PresentationIntentType") or "").strip().upper() == "FOR PROCESSING":
        notes.append("This is a raw image, for processing; models learn from images for presentation.")
    return tuple(notes)


def _tags(dataset: Dataset) -> dict[str, str]:
    """Return the technical elements as short printable text, without those that aren't what they should be."""
    texts = {}
    for name in header.TECHNICAL:
        with suppress(ValueError, TypeError):  # no number
            if (value := dataset.get(name)) not in (None, ""):
                if dataset[name].VR in NUMERIC:
                    np.asarray(value, float)
                texts[name] = str(value)
    return {name: "".join(filter(str.isprintable, text))[:LONGEST_TAG] for name, text in texts.items()}


def _laterality(dataset: Dataset) -> str | None:
    for name in ("ImageLaterality", "Laterality"):
        value = str(dataset.get(name) or "").strip().upper()
        if value in ("L", "R"):
            return value
    return None


def _view(dataset: Dataset) -> str | None:
    position = str(dataset.get("ViewPosition") or "").strip().upper()
    if position in VIEWS:
        return position
    codes = (str(item.get("CodeValue", "")) for item in dataset.get("ViewCodeSequence") or [])
    return next((VIEW_CODES[code] for code in codes if code in VIEW_CODES), None)
