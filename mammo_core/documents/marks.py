"""Marks that readers draw on images.

There is a file for each data set, and what the viewer sends and receives.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from mammo_core.documents.base import Document, FileDocument, PrintedDocument

MAX_PIXELS = 1e6  # of a side: no image has more
MAX_PIXEL_MM = 10.0  # anything larger is no pixel of a mammogram
MAX_AUTHOR = 64  # characters: as many as a person's name may have in DICOM

Shape = Literal["box", "ellipse"]
MarkKind = Literal["mass", "calcifications", "asymmetry", "distortion"]
Finding = Literal["malignant", "benign", "unsure"]
Coordinate = Annotated[float, Field(ge=0, le=MAX_PIXELS)]
Spacing = Annotated[float, Field(gt=0, le=MAX_PIXEL_MM)]
MarkId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class MarkedRegion(Document):
    """A region of an image with its meaning, as a reader draws it.

    Coordinates are those of the stored frame, whatever the viewer shows: 0 is the outer edge of the first row or column.

    Attributes:
        image_id: the image, as in the data set's table.
        shape: a box, or the ellipse within it.
        kind: what is seen.
        finding: what the reader takes it for.
        top: upper edge, in pixels of the stored frame.
        left: left edge, likewise.
        bottom: lower edge, likewise.
        right: right edge, likewise.
        pixel_mm: height and width of a pixel in mm; null where the file doesn't state it.
    """

    image_id: str
    shape: Shape
    kind: MarkKind
    finding: Finding
    top: Coordinate
    left: Coordinate
    bottom: Coordinate
    right: Coordinate
    pixel_mm: tuple[Spacing, Spacing] | None = None

    @model_validator(mode="after")
    def _check_area(self) -> Self:
        if not (self.top < self.bottom and self.left < self.right):
            raise ValueError("the region has no area")
        return self

    def size_mm(self) -> float | None:
        """Return the longer of height and width in mm.

        None where the size of a pixel is unknown.
        """
        if self.pixel_mm is None:
            return None
        height, width = self.pixel_mm
        return max((self.bottom - self.top) * height, (self.right - self.left) * width)


class Mark(MarkedRegion):
    """A mark as it is kept.

    Attributes:
        id: identity of the mark, 32 hexadecimal digits.
        version: how often it was drawn or changed; a change names the version that it was made from.
        patient_id: the image's patient, as in the data set's table.
        laterality: the image's side, likewise; null where the table doesn't state it.
        view: the image's view, likewise.
        author: who drew it or changed it last.
        time: when, in UTC.
    """

    id: MarkId
    version: Annotated[int, Field(ge=1)]
    patient_id: str
    laterality: str | None
    view: str
    author: str
    time: AwareDatetime


class MarkFile(FileDocument):
    """The marks of a data set: a file of the folder lesion-marks in the data folder.

    Attributes:
        csv: table of the data set, as in source.json.
        dataset: name of the data set when the file was written.
        marks: of all its images, in the order in which they were drawn.
    """

    folder_name: ClassVar = "lesion-marks"
    schema_version: Literal[1] = 1
    csv: str
    dataset: str
    marks: tuple[Mark, ...] = ()


class MarkChange(Document):
    """What a viewer sends when a mark is drawn, changed or deleted.

    Attributes:
        id: identity of the mark.
        version: the one that the reader changed; 0 for a mark that isn't there.
        region: how it is to be; null to delete it.
        author: the name that the reader gave; with sign-in, the name of whoever has signed in takes its position.
    """

    id: MarkId
    version: Annotated[int, Field(ge=0)]
    region: MarkedRegion | None
    author: Annotated[str, StringConstraints(max_length=MAX_AUTHOR)] = ""


class MarkAnswer(Document):
    """What a viewer receives: the marks of the images that it shows.

    Attributes:
        marks: as they are now.
        problem: why a change wasn't made, in one sentence; empty otherwise.
    """

    marks: tuple[Mark, ...]
    problem: str = ""


class MarkAccess(Document):
    """How a viewer gets and changes the marks of the images that it shows.

    Attributes:
        address: on this server.
        may_change: whether whoever sees the page may draw and change marks.
        author: who has signed in; empty where nobody has to, so that the reader's name is needed.
    """

    address: str
    may_change: bool
    author: str = ""


class MarkSummary(PrintedDocument):
    """What `mammo marks` prints.

    Attributes:
        dataset: name of the data set.
        marks: number of marks.
        images: number of images with a mark.
        patients: number of their patients.
        findings: number of marks by finding.
        kinds: number of marks by kind.
        authors: number of marks by author.
        reports: number of DICOM Structured Reports that were written.
        notes: sentences on marks that no report could be made of.
    """

    dataset: str
    marks: int
    images: int
    patients: int
    findings: dict[str, int]
    kinds: dict[str, int]
    authors: dict[str, int]
    reports: int = 0
    notes: tuple[str, ...] = ()
