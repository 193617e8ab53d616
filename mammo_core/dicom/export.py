"""Answers → DICOM: the picture with its heat as Secondary Capture, and what was said of it as a Structured Report.

Both run in a sandboxed worker where they read the identifiers of a stranger's file. Without leave to keep them, the results
hold none: the patient is the short keyed hash by which the application shows them, the study an identifier derived from it.
"""

import uuid
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import highdicom as hd
import numpy as np
from highdicom import sr
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.valuerep import DA, TM

from mammo_core.dicom.header import Source, open_stream
from mammo_core.dicom.pseudonyms import patient_key, real_patient_id
from mammo_core.errors import ImageError

MAKER = "Mammography workbench, research use only"
SCHEME = "99MAMMO"  # of this application's own codes
BURNED = "BurnedInAnnotation"
DECISIONS = {
    True: ("RECALL", SCHEME, "Recall"),
    False: ("NO_RECALL", SCHEME, "No recall"),
    None: ("NO_DECISION", SCHEME, "No decision"),
}
IDENTIFIERS = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime",
    "ReferringPhysicianName", "StudyInstanceUID", "SOPInstanceUID",
)  # fmt: skip


@dataclass(frozen=True)
class ReportContent:
    """What is to be said of one image.

    Attributes:
        model: name of the model.
        probability: of the positive class, in [0, 1].
        recall: whether the breast reaches the operating point; None where it isn't known which breast it is.
        threshold: the operating point, in [0, 1].
        out_of_distribution: whether the image is unlike those that the model learnt from.
        laterality, view: of the image, or None.
        limits: sentences that must go with the answer.
    """

    model: str
    probability: float
    recall: bool | None
    threshold: float
    out_of_distribution: bool
    laterality: str | None
    view: str | None
    limits: tuple[str, ...]


def export(
    source: Source, picture: np.ndarray, content: ReportContent, keep: bool, secret: bytes
) -> tuple[bytes, bytes]:
    """Make the DICOM files of an answer.

    Args:
        source: the image's own file.
        picture: uint8 (rows, columns, 3), hung, with the heat laid over it.
        content: what the model says of it.
        keep: whether the patient's and the study's identifiers stay; the choice of the person who has the file.
        secret: of the installation, for the pseudonyms that replace them.

    Returns:
        A Secondary Capture and a Comprehensive Structured Report that refers to it, as complete files.

    Raises:
        ImageError: the source isn't readable, or has identifiers that can't stand in a DICOM file.
    """
    tags = _tags(source)
    try:
        capture = _capture(_identity(tags, keep, secret), picture, content)
    except (ValueError, TypeError, AttributeError) as error:  # its words quote the value
        raise ImageError("damaged", f"The source's identifiers can't be kept ({type(error).__name__}).") from None
    clean = tags[BURNED] == "NO"
    if clean:
        capture.BurnedInAnnotation = "NO"
    if not keep:
        capture.DeidentificationMethod = "No attribute of the source is copied" + (
            "" if clean else "; pixels not examined"
        )
        if clean:
            capture.PatientIdentityRemoved = "YES"
    return _file(capture), _file(_report(capture, content))


def _tags(source: Source) -> dict[str, str]:
    """Read the elements that matter here, empty where the file lacks them."""
    try:
        with open_stream(source) as stream:
            found = dcmread(stream, stop_before_pixels=True, specific_tags=[*IDENTIFIERS, BURNED], force=True)
        return {name: str(found.get(name) or "") for name in (*IDENTIFIERS, BURNED)}
    except (ImageError, OSError, ValueError, AttributeError, NotImplementedError) as error:
        raise ImageError("damaged", f"The header can't be read again ({type(error).__name__}).") from None


def _identity(tags: dict[str, str], keep: bool, secret: bytes) -> dict[str, Any]:
    """Return the arguments by which highdicom names patient and study."""
    study = tags["StudyInstanceUID"] or tags["SOPInstanceUID"] or uuid.uuid4().hex
    if not keep:
        hidden = hd.UID.from_uuid(str(uuid.uuid5(uuid.NAMESPACE_OID, patient_key(study, secret))))
        patient = real_patient_id(tags["PatientID"])
        return {"patient_id": patient_key(patient, secret) if patient else "", "study_instance_uid": hidden}
    kept = {
        "patient_id": tags["PatientID"],
        "patient_name": tags["PatientName"],
        "patient_birth_date": tags["PatientBirthDate"],
        "patient_sex": tags["PatientSex"],
        "accession_number": tags["AccessionNumber"],
        "study_id": tags["StudyID"],
        "study_date": tags["StudyDate"],
        "study_time": tags["StudyTime"],
        "referring_physician_name": tags["ReferringPhysicianName"],
    }
    usable = {name: value for name, value in kept.items() if value and _is_usable(name, value)}
    return usable | {"study_instance_uid": study}


def _is_usable(name: str, value: str) -> bool:
    """Return whether a date, a time or a sex is one; anonymisers put other words there."""
    try:
        if name.endswith("_date"):
            DA(value)
        elif name.endswith("_time"):
            TM(value)
    except ValueError:
        return False
    return name != "patient_sex" or value in ("M", "F", "O")


def _capture(identity: dict[str, Any], picture: np.ndarray, content: ReportContent) -> Dataset:
    capture = hd.sc.SCImage(
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MAKER,
        laterality=content.laterality,
        patient_orientation=("A", "F"),
        **identity,
    )
    capture.PatientOrientation = _orientation(content)
    capture.SeriesDescription = f"Heatmap of {content.model}"[:64]
    capture.ImageComments = " ".join(_comments(content))[:1024]
    return capture


def _orientation(content: ReportContent) -> list[str]:
    """Return where rows and columns of a hung picture lead (0020,0020); nothing where the breast isn't known."""
    if content.laterality not in ("R", "L"):
        return []
    inwards = "L" if content.laterality == "R" else "R"
    return ["P" if content.laterality == "R" else "A", inwards if content.view == "CC" else "F"]


def _report(capture: Dataset, content: ReportContent) -> Dataset:
    device = sr.DeviceObserverIdentifyingAttributes(uid=hd.UID(), name=MAKER, model_name=content.model)
    observer = sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    image = " ".join(word for word in (content.laterality, content.view) if word) or "image"
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(hd.UID(), image),
        measurements=[
            sr.Measurement(
                name=sr.CodedConcept("PROBABILITY", SCHEME, "Probability of the positive class"),
                value=round(content.probability, 4),
                unit=codes.UCUM.NoUnits,
            )
        ],
        qualitative_evaluations=[
            sr.QualitativeEvaluation(
                name=sr.CodedConcept("DECISION", SCHEME, "Decision for the breast at the operating point"),
                value=sr.CodedConcept(*DECISIONS[None if content.out_of_distribution else content.recall]),
            )
        ],
        source_images=[sr.SourceImageForMeasurementGroup.from_source_image(capture)],
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.SCT.Mammography,
        imaging_measurements=[group],
    )
    for text in _comments(content):
        comment = sr.TextContentItem(codes.DCM.Comment, text, relationship_type=sr.RelationshipTypeValues.CONTAINS)
        report[0].ContentSequence.append(comment)
    return sr.ComprehensiveSR(
        evidence=[capture],
        content=report,
        series_instance_uid=hd.UID(),
        series_number=2,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MAKER,
        is_complete=True,
    )


def _comments(content: ReportContent) -> list[str]:
    """Return the sentences that go with an answer."""
    texts = [f"Recall from a probability of {content.threshold:.3f} of the breast."]
    if content.out_of_distribution:
        texts.append("The image is unlike those that the model learnt from: what it says of it has no basis.")
    return [*content.limits, *texts]


def _file(dataset: Dataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()
