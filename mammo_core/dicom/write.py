"""Synthetic mammograms → DICOM files.

They have the sparse headers of the public RSNA files or full mammography headers.
The same pixels and header always give the same bytes: identifiers are derived from them, and no clock is read.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
)

from mammo_core.dicom.phantom_uids import phantom_uid
from mammo_core.dicom.views import MODIFIERS, SNOMED_CT, VIEWS, Concept

Syntax = Literal["jpeg2000", "jpeg_lossless", "plain"]

_UIDS = {"jpeg2000": JPEG2000Lossless, "jpeg_lossless": JPEGLosslessSV1, "plain": ExplicitVRLittleEndian}
_VIEWS = {view.name: (view, None) for view in VIEWS} | {  # CID 4014; an axillary tail view modifies an oblique one
    "AT": (
        next(view for view in VIEWS if view.name == "MLO"),
        next(modifier for modifier in MODIFIERS if modifier.name == "axillary tail"),
    )
}


@dataclass(frozen=True)
class Header:
    """What a synthetic file states about its pixels.

    Attributes:
        patient: PatientID (0010,0020).
        image: a text that is unique to the image; SOP and instance identifiers are derived from it.
        laterality: "L" or "R", ImageLaterality (0020,0062).
        view: "CC", "MLO", …; written as ViewPosition and view code in full headers only.
        bits: BitsStored, 8 to 16, in 16 allocated.
        inverted: MONOCHROME1 (low values are bright) instead of MONOCHROME2.
        padding: PixelPaddingValue (0028,0120), or None.
        windows: (centre, width) pairs in stored values; may be empty.
        voi_function: VOILUTFunction (0028,1056), or None to leave it out.
        full: write the mammography headers that RSNA's files lack.
        age: age in years for full headers, or None.
        pixel_mm: side of a detector pixel in mm, for full headers.
        faces_left: whether the nipple points to the left edge, for PatientOrientation in full headers.
    """

    patient: str
    image: str
    laterality: str
    view: str
    bits: int = 12
    inverted: bool = False
    padding: int | None = None
    windows: tuple[tuple[float, float], ...] = ()
    voi_function: str | None = None
    full: bool = False
    age: float | None = None
    pixel_mm: float = 0.085
    faces_left: bool = False


def dicom_bytes(pixels: npt.NDArray[np.uint16], header: Header, syntax: Syntax = "jpeg2000") -> bytes:
    """Return a complete DICOM Part 10 file.

    Args:
        pixels: stored values, uint16 (rows, columns), each below 2**header.bits.
        header: what the file states about them.
        syntax: "jpeg2000" (1.2.840.10008.1.2.4.90), "jpeg_lossless" (…4.70) or "plain" (Explicit VR Little Endian).
    """
    dataset = Dataset()
    _identify(dataset, header)
    if header.full:
        _describe(dataset, header)
    _image_module(dataset, pixels, header)
    if syntax == "plain":
        dataset.add_new("PixelData", "OW", pixels.astype("<u2").tobytes())
    else:
        dataset.add_new("PixelData", "OB", encapsulate([_codestream(pixels, header.bits, syntax)]))
        dataset["PixelData"].is_undefined_length = True
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = _sop_class(header)
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = _UIDS[syntax]
    dataset.file_meta = meta
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _codestream(pixels: npt.NDArray[np.uint16], bits: int, syntax: Syntax) -> bytes:
    """Compress losslessly.

    JPEG 2000 is reversible with five decompositions; JPEG is process 14 with predictor 1.
    """
    if syntax == "jpeg2000":
        return bytes(
            imagecodecs.jpeg2k_encode(
                pixels, codecformat="j2k", reversible=True, resolutions=6, bitspersample=bits, numthreads=1
            )
        )
    return bytes(imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=bits))


def _sop_class(header: Header) -> UID:
    """Return Digital X-Ray as in RSNA's files, or Mammography for full headers."""
    if header.full:
        return DigitalMammographyXRayImageStorageForPresentation
    return DigitalXRayImageStorageForPresentation


def _identify(dataset: Dataset, header: Header) -> None:
    """Set the identifiers and the few general tags that RSNA's files have."""
    dataset.SOPInstanceUID = phantom_uid("image", header.patient, header.image)
    dataset.ContentDate = "20221118"
    dataset.ContentTime = "175410"
    dataset.PatientID = header.patient
    dataset.StudyInstanceUID = phantom_uid("study", header.patient)
    dataset.SeriesInstanceUID = phantom_uid("series", header.patient, header.image)
    dataset.InstanceNumber = "1"
    dataset.ImageLaterality = header.laterality


def _describe(dataset: Dataset, header: Header) -> None:
    """Add the elements of a conformant mammogram (PS3.3 A.27) that RSNA's files lack."""
    dataset.SOPClassUID = _sop_class(header)
    dataset.Modality = "MG"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.Manufacturer = "Mammo Workbench"
    dataset.ManufacturerModelName = "Phantom"
    dataset.PatientName = f"Phantom^{header.patient}"
    dataset.PatientSex = "F"
    if header.age is not None:
        dataset.PatientAge = f"{round(header.age):03d}Y"
    dataset.BodyPartExamined = "BREAST"
    dataset.ViewPosition = header.view
    dataset.PatientOrientation = _orientation(header)
    dataset.ImagerPixelSpacing = [f"{header.pixel_mm:.6g}"] * 2
    dataset.PixelSpacing = [f"{header.pixel_mm:.6g}"] * 2
    dataset.BurnedInAnnotation = "NO"
    dataset.PatientIdentityRemoved = "YES"
    if header.view in _VIEWS:
        view, modifier = _VIEWS[header.view]
        code = _code(view)
        code.ViewModifierCodeSequence = [_code(modifier)] if modifier else []
        dataset.ViewCodeSequence = [code]


def _code(concept: Concept) -> Dataset:
    """Return an item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = concept.ct, SNOMED_CT[0], concept.meaning
    return item


def _orientation(header: Header) -> list[str]:
    """Return Patient Orientation (0020,0020).

    Rows lead away from the nipple, columns downwards or inwards.
    """
    inwards = "R" if header.laterality == "L" else "L"
    return ["P" if header.faces_left else "A", inwards if header.view == "CC" else f"F{inwards}"]


def _image_module(dataset: Dataset, pixels: npt.NDArray[np.uint16], header: Header) -> None:
    """Set the image pixel, modality LUT and VOI LUT attributes."""
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if header.inverted else "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = header.bits
    dataset.HighBit = header.bits - 1
    dataset.PixelRepresentation = 0
    if header.padding is not None:
        dataset.add_new("PixelPaddingValue", "US", header.padding)
    if header.windows:
        dataset.WindowCenter = [f"{centre:.6g}" for centre, _ in header.windows]
        dataset.WindowWidth = [f"{width:.6g}" for _, width in header.windows]
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "US"
    if header.voi_function is not None:
        dataset.VOILUTFunction = header.voi_function
    dataset.LossyImageCompression = "00"
