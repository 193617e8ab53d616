"""A DICOM file → Mammogram, or an ImageError with one sentence about the reason."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset

from mammo_core.dicom import header as headers
from mammo_core.dicom.acquisition import to_acquisition
from mammo_core.dicom.codecs import Decoded
from mammo_core.dicom.guard import only_image_errors
from mammo_core.dicom.header import Header, Source
from mammo_core.dicom.labels import read_labels
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.modality import (
    apply_modality_lut,
    apply_rescale,
    inversion_sum,
    read_modality_lut,
    read_rescale,
)
from mammo_core.dicom.padding import fill_padding
from mammo_core.dicom.phantom_uids import is_phantom
from mammo_core.dicom.pseudonyms import real_patient_id
from mammo_core.dicom.reduction import average_blocks, count_halvings, wavelet_may_reduce
from mammo_core.dicom.reject import reject_others
from mammo_core.dicom.spatial import read_directions, read_pixel_mm, read_spacing_basis
from mammo_core.dicom.special_images import is_raw, special_kind, substitute_kind
from mammo_core.dicom.stored import read_stored_values
from mammo_core.dicom.voi import read_voi_luts
from mammo_core.documents.acquisition import Acquisition
from mammo_core.settings import settings

NUMERIC = {"DS", "IS", "US", "SS"}  # value representations of numbers (PS3.5 6.2)
MAX_TAG_LENGTH = 64  # characters
REDUCED = "The image has {:,.0f} megapixels and is shown at reduced resolution; at most {:g} are read by models."
FIRST_MAMMOGRAM = 1913  # year; anonymisers write earlier ones


def read(
    source: Source,
    side: int | None = None,
    *,
    max_step: float | None = None,
    strict: bool = False,
    only_shown: bool = False,
) -> Mammogram:
    """Read one DICOM file.

    Args:
        source: its path, its bytes, or a member of a zip file.
        side: longer side in pixels of the image that is to be made of it. The file is then reduced as far as leaves at
            least twice as much: JPEG 2000 while decoding, others by averaging. None gives the full resolution.
        max_step: largest quantisation step of an image that is reduced while decoding, as a share of its contrast; see
            `codecs.decode` and `Mammogram.quantisation_step`. None decodes every bit.
        strict: decode JPEG Lossless a second time with a decoder that reports warnings: twice the time, for foreign
            files.
        only_shown: whether a reader looks at the image and no model does. It may then have as many pixels as the settings'
            `max_shown_megapixels`; a note says so of one that models don't read. Give a `side` with it.

    Raises:
        ImageError: the file isn't a mammogram, can't be decoded, is damaged, or is too large.
    """
    with headers.open_stream(source) as opened, only_image_errors():
        dataset, syntax, stream = headers.parse(opened)
        has_pixels = bool(stream.read(1))
        reject_others(dataset, has_pixels)
        stream.seek(-1, 1)
        shown = max(settings().max_shown_megapixels, settings().max_megapixels) if only_shown else None
        header = headers.check(dataset, syntax, stream, shown)
        return _mammogram(header, side, max_step, strict)


def read_special_kind(source: Source) -> str | None:
    """Return what a file shows if it doesn't count for a breast.

    Only its header is read. This parses untrusted bytes: call it in a sandboxed worker.

    Args:
        source: see `read`.

    Returns:
        See `Mammogram.special_kind`.

    Raises:
        ImageError: the file isn't DICOM, is missing, damaged or too large.
    """
    with headers.open_stream(source) as opened, only_image_errors():
        header = headers.check(*headers.parse(opened))
        dataset = _with_functional_groups(header)
        labels = read_labels(dataset)
        return special_kind(dataset, labels.view, labels.modifiers)


def read_acquisition(source: Source) -> Acquisition:
    """Read how an image was acquired, from its header alone.

    This parses untrusted bytes: call it in a sandboxed worker.

    Args:
        source: see `read`.

    Raises:
        ImageError: the file isn't DICOM, is missing, damaged or too large.
    """
    with headers.open_stream(source) as opened, only_image_errors():
        dataset = _with_functional_groups(headers.check(*headers.parse(opened)))
        return to_acquisition(_tags(dataset), read_pixel_mm(dataset))


def _mammogram(header: Header, side: int | None, max_step: float | None, strict: bool) -> Mammogram:
    dataset = _with_functional_groups(header)
    reduction = count_halvings(header.rows, header.columns, side)
    halvings = reduction if wavelet_may_reduce(header) else 0
    decoded = read_stored_values(header, halvings, max_step=max_step, strict=strict)
    remaining = reduction - decoded.halvings
    notes = _notes(header, decoded)
    header = replace(header, signed=decoded.signed)
    stored = fill_padding(decoded.values, header, decoded.quantisation_step, low_pass=decoded.halvings > 0)
    table, rescale = read_modality_lut(dataset, header.little), read_rescale(dataset)
    if table:
        values = average_blocks(apply_modality_lut(stored, table), remaining)
    else:
        values = apply_rescale(average_blocks(stored, remaining), *rescale)
    inversion = inversion_sum(header, table, rescale)
    labels = read_labels(dataset)
    step = abs(rescale[0]) * decoded.quantisation_step if decoded.quantisation_step > 1 else 0.0
    return Mammogram(
        pixels=values if inversion is None else np.float32(inversion) - values,
        reduction=reduction,
        source_rows=header.rows,
        source_columns=header.columns,
        shift=(2**decoded.halvings - 1) / 2,
        quantisation_step=step,
        inversion_sum=inversion,
        windows=read_voi_luts(dataset, header.little),
        value_step=1.0 if table else abs(rescale[0]),
        pixel_mm=read_pixel_mm(dataset),
        spacing_basis=read_spacing_basis(dataset),
        directions=read_directions(dataset),
        laterality=labels.laterality,
        view=labels.view,
        modifiers=labels.modifiers,
        special_kind=special_kind(dataset, labels.view, labels.modifiers),
        substitute_kind=substitute_kind(dataset, header.frames),
        patient=labels.patient or real_patient_id(_text(dataset, "PatientID")),
        issuer=real_patient_id(_text(dataset, "IssuerOfPatientID")),
        study=real_patient_id(_text(dataset, "StudyInstanceUID")),
        study_date=_study_date(dataset),
        instance=_text(dataset, "SOPInstanceUID") or None,
        synthetic=is_phantom(dataset),
        tags=_tags(dataset),
        notes=(*notes, *labels.notes),
    )


def _with_functional_groups(header: Header) -> Dataset:
    """Return the header's elements, complemented by those of functional groups.

    Tomosynthesis has such groups. They are shared by all frames (5200,9229), or belong to the frame that is read
    (5200,9230).
    """
    merged = Dataset()
    groups = [*(header.dataset.get("SharedFunctionalGroupsSequence") or [])[:1]]
    groups += (header.dataset.get("PerFrameFunctionalGroupsSequence") or [])[header.frames // 2 :][:1]
    for group in groups:
        for element in group:
            for item in element.value if element.VR == "SQ" else []:
                merged.update(item)
    if "FrameLaterality" in merged:
        merged.ImageLaterality = merged.FrameLaterality
    merged.update(header.dataset)
    return merged


def _notes(header: Header, decoded: Decoded) -> tuple[str, ...]:
    notes = [*decoded.notes]
    megapixels, most = header.rows * header.columns / 1e6, settings().max_megapixels
    if megapixels > most:
        notes.append(REDUCED.format(megapixels, most))
    if header.frames > 1:
        notes.append(f"The file has {header.frames} frames; this is the middle one, number {header.frames // 2 + 1}.")
    may_exceed = not decoded.halvings and header.bits < header.allocated and not decoded.signed
    if may_exceed and decoded.values.max() >= 1 << header.bits:
        notes.append(f"Some values exceed the {header.bits} bits that the header announces; they were kept.")
    if is_raw(header.dataset):
        notes.append("This is a raw image, for processing; models learn from images for presentation.")
    return tuple(notes)


def _tags(dataset: Dataset) -> dict[str, str]:
    """Return the technical elements as short printable text.

    Numbers that can't be parsed are left out.
    """
    texts = {}
    for name in headers.TECHNICAL:
        with suppress(ValueError, TypeError):  # not a number
            if (value := dataset.get(name)) not in (None, ""):
                if dataset[name].VR in NUMERIC:
                    np.asarray(value, float)
                texts[name] = str(value)
    return {name: "".join(filter(str.isprintable, text))[:MAX_TAG_LENGTH] for name, text in texts.items()}


def _text(dataset: Dataset, name: str) -> str:
    return str(dataset.get(name) or "").strip()


def _study_date(dataset: Dataset) -> str | None:
    """Return Study Date (0008,0020) as YYYY-MM-DD.

    None is returned for what is no date, or a date before the first mammogram.
    """
    digits = str(dataset.get("StudyDate") or "").strip().replace(".", "")
    try:
        day = datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None
    return day.isoformat() if day.year >= FIRST_MAMMOGRAM else None
