"""Reject files that are recognisably not mammograms.

RSNA's sparse headers give no such sign and pass.
"""

from pydicom import uid
from pydicom.dataset import Dataset

from mammo_core.errors import ImageError

MAMMOGRAPHY = {"", "MG", "DX", "CR", "OT"}  # Modality (0008,0060)
MODALITIES = {
    "CT": "a CT image", "MR": "an MR image", "US": "an ultrasound image", "NM": "a nuclear medicine image",
    "PT": "a PET image", "XA": "an angiography image", "RF": "a fluoroscopy image", "SR": "a report",
    "KO": "a list of images", "PR": "a presentation state", "SEG": "a segmentation", "RTDOSE": "a dose distribution",
    "RTPLAN": "a treatment plan", "RTSTRUCT": "a set of contours", "RTIMAGE": "a radiotherapy image",
    "ES": "an endoscopy image", "OP": "a photograph of the eye", "SM": "a microscope image",
    "ECG": "an electrocardiogram", "IO": "a dental image", "PX": "a dental image", "DOC": "a document",
    "XC": "a photograph", "REG": "a registration", "AU": "a sound",
}  # fmt: skip
PROJECTION_CLASSES = {  # SOP Class UID (0008,0016) of images that may be mammograms
    uid.DigitalMammographyXRayImageStorageForPresentation,
    uid.DigitalMammographyXRayImageStorageForProcessing,
    uid.DigitalXRayImageStorageForPresentation,
    uid.DigitalXRayImageStorageForProcessing,
    uid.ComputedRadiographyImageStorage,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.BreastTomosynthesisImageStorage,
    uid.BreastProjectionXRayImageStorageForPresentation,
    uid.BreastProjectionXRayImageStorageForProcessing,
}


def reject_others(dataset: Dataset, has_pixels: bool) -> None:
    """Reject a file that is recognisably something else, by its name.

    Args:
        dataset: the header.
        has_pixels: whether pixels follow it.

    Raises:
        ImageError: the file isn't a mammogram.
    """
    modality = _text(dataset, "Modality")
    if modality not in MAMMOGRAPHY:
        raise _not_mammogram(MODALITIES.get(modality, "a DICOM file of another modality"))
    sop_class = uid.UID(_text(dataset, "SOPClassUID"))
    if sop_class.name != str(sop_class) and sop_class not in PROJECTION_CLASSES and modality != "MG":
        raise _not_mammogram(f"a DICOM file of the class {sop_class.name}")
    if not has_pixels:
        if "Rows" in dataset:
            raise ImageError("damaged", "The file is cut off: its image is missing.")
        raise ImageError("not_mammogram", "This DICOM file has no image, so it isn't a mammogram.")
    interpretation = _text(dataset, "PhotometricInterpretation")
    if str(dataset.get("SamplesPerPixel") or 1) != "1" or interpretation not in ("", "MONOCHROME1", "MONOCHROME2"):
        raise _not_mammogram("a colour image")
    if not interpretation:
        raise ImageError("damaged", "The header lacks PhotometricInterpretation: dark and bright can't be told apart.")
    part = _text(dataset, "BodyPartExamined")
    if part and "BREAST" not in part and modality != "MG":
        raise _not_mammogram("an image of another part of the body")


def _text(dataset: Dataset, name: str) -> str:
    return str(dataset.get(name) or "").strip().upper()


def _not_mammogram(what: str) -> ImageError:
    return ImageError("not_mammogram", f"This is {what}, not a mammogram.")
