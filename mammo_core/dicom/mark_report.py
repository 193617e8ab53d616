"""Marks on an image → a DICOM Structured Report.

Its templates are PS3.16 TID 1500, and TID 1410 for the regions.

It is made in a sandboxed worker, because the identifiers come from a foreign file. It belongs to the image's study and refers
to the image, so it carries the identifiers that the modules Patient and General Study require (PS3.3 C.7.1.1 and C.7.2.1), and
nothing else of the image's header.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import highdicom as hd
import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from mammo_core.dicom import header
from mammo_core.dicom.export import MAKER, SCHEME, save_file
from mammo_core.dicom.guard import only_image_errors
from mammo_core.dicom.header import Source
from mammo_core.dicom.identifiers import is_valid, read_identifiers
from mammo_core.dicom.spatial import read_pixel_mm
from mammo_core.errors import ImageError

NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")  # to refer to the image
KEPT = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime",
    "ReferringPhysicianName",
)  # fmt: skip
KIND_CODES = {
    "mass": codes.SCT.MammographicBreastMass,
    "calcifications": codes.SCT.CalcificationCluster,
    "asymmetry": codes.SCT.AsymmetricBreastTissue,
    "distortion": codes.SCT.ArchitecturalDistortionOfBreast,
}
FINDING_CODES = {
    "malignant": codes.SCT.Malignant,
    "benign": codes.SCT.Benign,
    "unsure": codes.SCT.Indeterminate,
}
SIDE_CODES = {"R": codes.SCT.Right, "L": codes.SCT.Left}
DIGITS = 2  # of a length in mm and a coordinate


@dataclass(frozen=True)
class ReportedRegion:
    """One mark on an image.

    Attributes:
        id: identity of the mark, 32 hexadecimal digits.
        shape: a box, or the ellipse within it.
        kind: a key of `KIND_CODES`.
        finding: a key of `FINDING_CODES`.
        box: top, left, bottom and right in pixels of the stored frame.
    """

    id: str
    shape: Literal["box", "ellipse"]
    kind: str
    finding: str
    box: tuple[float, float, float, float]


def mark_report(
    source: Source, regions: Sequence[ReportedRegion], author: str, time: datetime, laterality: str | None
) -> bytes:
    """Return the marks of one reader on an image as a Comprehensive Structured Report.

    Args:
        source: the image's own file.
        regions: at least one.
        author: who has drawn them.
        time: when the last of them was drawn or changed, in UTC.
        laterality: "L" or "R" of the image, or None.

    Returns:
        A complete file.

    Raises:
        ImageError: the source isn't readable, lacks the identifiers by which a report can refer to it, or is smaller than a mark
            says.
    """
    with only_image_errors():
        with header.open_stream(source) as stream:
            geometry, _, _ = header.parse(stream)
        _check_frame(geometry, regions)
        image, charset = _referenced_image(source, geometry)
        pixel_mm = read_pixel_mm(geometry)
        groups = [_group(image, region, pixel_mm, laterality) for region in regions]
        report = sr.ComprehensiveSR(
            evidence=[image],
            content=sr.MeasurementReport(
                observation_context=_observers(author),
                procedure_reported=codes.SCT.Mammography,
                imaging_measurements=groups,
            ),
            series_instance_uid=hd.UID(),
            series_number=1,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer=MAKER,
            is_complete=True,
        )
        report.SeriesDescription = "Readers' marks, research use only"
        local = time.astimezone()  # as all times of a file that states no offset
        report.ContentDate, report.ContentTime = local.strftime("%Y%m%d"), local.strftime("%H%M%S")
        return save_file(report, charset)


def _referenced_image(source: Source, geometry: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """Return what a report needs of an image's header, and the header's character set.

    Values that DICOM doesn't allow are left empty.

    Args:
        source: the image's own file.
        geometry: its elements that `header.parse` reads.
    """
    image = Dataset()
    for name in NEEDED:
        value = str(geometry.get(name) or "").strip()
        if not is_valid(name, value):
            raise ImageError("unsupported", f"No report can refer to this image: its header has no valid {name}.")
        setattr(image, name, value)
    identifiers = read_identifiers(source, KEPT)
    valid = identifiers.valid()
    for name in KEPT:
        setattr(image, name, valid.get(name, ""))
    return image, identifiers.charset


def _check_frame(geometry: Dataset, regions: Sequence[ReportedRegion]) -> None:
    rows, columns = header.integer(geometry, "Rows"), header.integer(geometry, "Columns")
    if any(region.box[2] > rows or region.box[3] > columns for region in regions):
        raise ImageError("damaged", "A mark lies outside this image. Was its file replaced by another one?")


def _observers(author: str) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(uid=hd.UID(), name=MAKER)
    person = sr.PersonObserverIdentifyingAttributes(name=_person_name(author))
    return sr.ObservationContext(
        observer_person_context=sr.ObserverContext(codes.DCM.Person, person),
        observer_device_context=sr.ObserverContext(codes.DCM.Device, device),
    )


def _person_name(author: str) -> str:
    """Return an author's name as a DICOM name of one component, the family name."""
    plain = "".join(" " if letter in "^=\\" or not letter.isprintable() else letter for letter in author)
    return f"{' '.join(plain.split())[:60]}^" if plain.strip() else "Unknown^"


def _group(
    image: Dataset, region: ReportedRegion, pixel_mm: tuple[float, float] | None, laterality: str | None
) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    """Return the measurement group of one mark."""
    side = SIDE_CODES.get(laterality or "")
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(hd.UID.from_uuid(str(uuid.UUID(region.id))), region.kind),
        referenced_region=_image_region(image, region),
        finding_type=KIND_CODES[region.kind],
        finding_sites=[sr.FindingSite(codes.SCT.Breast, laterality=side)],
        measurements=_measurements(region, pixel_mm),
        qualitative_evaluations=[
            sr.QualitativeEvaluation(
                name=sr.CodedConcept("READER_FINDING", SCHEME, "Finding in the reader's opinion"),
                value=FINDING_CODES[region.finding],
            )
        ],
    )


def _image_region(image: Dataset, region: ReportedRegion) -> sr.ImageRegion:
    """Return a mark as spatial coordinates, columns and rows.

    Their origin is the outer corner of the first pixel (PS3.3 C.18.6.1.2), as that of marks.
    """
    top, left, bottom, right = (round(value, DIGITS) for value in region.box)
    middle, centre = (top + bottom) / 2, (left + right) / 2
    across, down = [(left, middle), (right, middle)], [(centre, top), (centre, bottom)]
    if region.shape == "box":
        points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    else:  # the ends of the longer axis come first
        points = [*across, *down] if right - left >= bottom - top else [*down, *across]
    return sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE if region.shape == "box" else sr.GraphicTypeValues.ELLIPSE,
        graphic_data=np.array(points, np.float64),
        source_image=sr.SourceImageForRegion(image.SOPClassUID, image.SOPInstanceUID),
    )


def _measurements(region: ReportedRegion, pixel_mm: tuple[float, float] | None) -> list[sr.Measurement]:
    """Return height, width and area of a mark.

    There are none where the size of a pixel is unknown.
    """
    if pixel_mm is None:
        return []
    top, left, bottom, right = region.box
    height, width = (bottom - top) * pixel_mm[0], (right - left) * pixel_mm[1]
    area = height * width * (np.pi / 4 if region.shape == "ellipse" else 1.0)
    return [
        sr.Measurement(name=name, value=round(float(value), DIGITS), unit=unit)
        for name, value, unit in (
            (codes.DCM.Height, height, codes.UCUM.Millimeter),
            (codes.SCT.Width, width, codes.UCUM.Millimeter),
            (codes.SCT.Area, area, codes.UCUM.SquareMillimeter),
        )
    ]
