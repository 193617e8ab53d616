"""A prediction → DICOM files.

The picture with its heatmap becomes a Secondary Capture, the result a Structured Report. Both are made in a sandboxed
worker, because the identifiers come from a foreign file. Unless the user chooses to keep identifiers, the results
contain none: the patient is replaced by the pseudonym that the application shows, and the study by an identifier
derived from its own.
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

from mammo_core.dicom.guard import quiet_pydicom
from mammo_core.dicom.header import Source
from mammo_core.dicom.identifiers import BURNED, Identifiers, read_identifiers
from mammo_core.dicom.pseudonyms import patient_key, person_key, real_patient_id
from mammo_core.documents.prediction import describe_decision
from mammo_core.errors import ImageError

MAKER = "Mammography workbench, research use only"
SCHEME = "99MAMMO"  # of this application's own codes
TEXT = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}  # value representations in the file's character set
DECISION_CODES = {True: "RECALL", False: "NO_RECALL", None: "NO_DECISION"}
IDENTIFIERS = (
    "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
    "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyInstanceUID", "SOPInstanceUID",
)  # fmt: skip


@dataclass(frozen=True)
class ReportContent:
    """The prediction for one image and what accompanies it.

    Attributes:
        model: name of the model.
        probability: of the positive class, in [0, 1].
        recall: whether the breast reaches the operating point; None if the breast is unknown, the image isn't counted, or
            any of the breast's images is out of distribution.
        threshold: the operating point, in [0, 1].
        out_of_distribution: whether the image is unlike the training images.
        laterality, view: of the image, or None.
        limits: sentences that must accompany the prediction.
        not_counted: why the image doesn't count for its breast, in one sentence, or None.
        no_decision: why nothing can be decided from the probability, in one sentence, or None.
    """

    model: str
    probability: float
    recall: bool | None
    threshold: float
    out_of_distribution: bool
    laterality: str | None
    view: str | None
    limits: tuple[str, ...]
    not_counted: str | None = None
    no_decision: str | None = None


@quiet_pydicom()
def export(
    source: Source, picture: np.ndarray, content: ReportContent, keep: bool, secret: bytes
) -> tuple[bytes, bytes]:
    """Return the DICOM files of a prediction.

    Args:
        source: the image's own file.
        picture: uint8 (rows, columns, 3), hung, with the heatmap over it.
        content: the prediction.
        keep: whether to keep the patient's and the study's identifiers; the choice of the person who has the file.
        secret: of the installation, for the pseudonyms that replace them.

    Returns:
        A Secondary Capture and a Comprehensive Structured Report that refers to it, as complete files. Kept text is in the
        source's character set, or in UTF-8 where that can't write it; invalid values are left out, and a comment names
        their elements.

    Raises:
        ImageError: the source isn't readable.
    """
    identifiers = read_identifiers(source, (*IDENTIFIERS, BURNED))
    invalid = identifiers.describe_invalid() if keep else None
    comments = [*([invalid] if invalid else []), *_comments(content)]
    try:
        capture = _capture(_identity(identifiers, keep, secret), picture, content, comments)
    except (ValueError, TypeError, AttributeError) as error:  # their text quotes the value
        raise ImageError("damaged", f"The source's identifiers can't be kept ({type(error).__name__}).") from None
    clean = identifiers.values[BURNED] == "NO"
    if clean:
        capture.BurnedInAnnotation = "NO"
    if not keep:
        capture.DeidentificationMethod = "No attribute of the source is copied" + (
            "" if clean else "; pixels not examined"
        )
        if clean:
            capture.PatientIdentityRemoved = "YES"
    charset = identifiers.charset if keep else ()
    report = _report(capture, content, comments)
    return save_file(capture, charset), save_file(report, charset)


def _identity(identifiers: Identifiers, keep: bool, secret: bytes) -> dict[str, Any]:
    """Return the arguments with which highdicom identifies patient and study."""
    tags, valid = identifiers.values, identifiers.valid()
    study = tags["StudyInstanceUID"] or tags["SOPInstanceUID"] or uuid.uuid4().hex
    derived = hd.UID.from_uuid(str(uuid.uuid5(uuid.NAMESPACE_OID, patient_key(study, secret))))
    if not keep:
        patient, issuer = (real_patient_id(tags[name]) for name in ("PatientID", "IssuerOfPatientID"))
        return {"patient_id": person_key(patient, issuer, secret) if patient else "", "study_instance_uid": derived}
    kept = {
        "patient_id": "PatientID",
        "patient_name": "PatientName",
        "patient_birth_date": "PatientBirthDate",
        "patient_sex": "PatientSex",
        "accession_number": "AccessionNumber",
        "study_id": "StudyID",
        "study_date": "StudyDate",
        "study_time": "StudyTime",
        "referring_physician_name": "ReferringPhysicianName",
    }
    usable = {argument: valid[name] for argument, name in kept.items() if name in valid}
    return usable | {"study_instance_uid": valid.get("StudyInstanceUID", derived)}


def _capture(identity: dict[str, Any], picture: np.ndarray, content: ReportContent, comments: list[str]) -> Dataset:
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
    if content.laterality is None:
        capture.Laterality = ""  # of a paired part of the body: required, though unknown
    capture.SeriesDescription = f"Heatmap of {content.model}"[:64]
    capture.ImageComments = " ".join(comments)[:1024]
    return capture


def _orientation(content: ReportContent) -> list[str]:
    """Return Patient Orientation (0020,0020) of a hung picture.

    It states where rows and columns lead; without laterality it is empty.
    """
    if content.laterality not in ("R", "L"):
        return []
    inwards = "L" if content.laterality == "R" else "R"
    return ["P" if content.laterality == "R" else "A", inwards if content.view == "CC" else "F"]


def _report(capture: Dataset, content: ReportContent, comments: list[str]) -> Dataset:
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
                value=sr.CodedConcept(
                    DECISION_CODES[content.recall], SCHEME, describe_decision(content.recall).capitalize()
                ),
            )
        ],
        source_images=[sr.SourceImageForMeasurementGroup.from_source_image(capture)],
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.SCT.Mammography,
        imaging_measurements=[group],
    )
    for text in comments:
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
    """Return the sentences that accompany a prediction."""
    texts = [f"Recall threshold for a breast: probability {content.threshold:.3f}."]
    if content.out_of_distribution:
        texts.append("The image is unlike the training images, so the prediction has no basis.")
    if content.no_decision:
        texts.append(content.no_decision)
    if content.not_counted:
        texts.append(content.not_counted)
    elif content.recall is None and not content.out_of_distribution and not content.no_decision:
        texts.append("Another image of this breast is unlike the training images, so there is no decision.")
    return [*content.limits, *texts]


def save_file(dataset: Dataset, charset: tuple[str, ...]) -> bytes:
    """Return a complete file in the first character set that can write its text.

    The character sets are none, the source's, and UTF-8.
    """
    for known in (charset, ("ISO_IR 192",)):
        if known:
            dataset.SpecificCharacterSet = list(known) if len(known) > 1 else known[0]
        for element in dataset.iterall():
            if element.VR == "PN":
                element.value = str(element.value)  # pydicom would write the bytes of the last character set again
        stream = BytesIO()
        dataset.save_as(stream, enforce_file_format=True)
        texts = _texts(dataset)
        if _texts(dcmread(BytesIO(stream.getvalue()))) == texts and (known or all(map(str.isascii, texts))):
            break
    return stream.getvalue()


def _texts(dataset: Dataset) -> list[str]:
    """Return the text of a file and its sequences, without filling at its ends."""
    return [str(element.value).strip() for element in dataset.iterall() if element.VR in TEXT and element.value]
