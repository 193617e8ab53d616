"""The statistics that `mammo explore --json` prints."""

from pydantic import Field

from mammo_core.documents.base import Document, PrintedDocument


class AgeSummary(Document):
    """Ages of one label, in years.

    Attributes:
        n: number of known ages.
        mean: mean age in years; None without ages.
        median: median age in years; None without ages.
        std: standard deviation with n - 1; None with fewer than two ages.
    """

    n: int
    mean: float | None
    median: float | None
    std: float | None


class AgeByLabel(Document):
    """Ages over images, by label.

    Attributes:
        negative: ages of the negative images.
        positive: ages of the positive images.
    """

    negative: AgeSummary
    positive: AgeSummary


class PositiveCounts(Document):
    """Number of positive units.

    Attributes:
        images: number of positive images; None without labels.
        breasts: number of positive breasts; None without labels.
        patients: number of positive patients; None without labels.
    """

    images: int | None
    breasts: int | None
    patients: int | None


class ExploreSummary(PrintedDocument):
    """Statistics of a data set.

    Attributes:
        images: number of images.
        breasts: number of breasts.
        patients: number of patients.
        positive: how many of them are positive.
        age: ages over images.
        views: number of images by view, the most frequent first.
        sites: number of images by site, likewise.
        machines: number of images by machine, likewise.
        density: number of images by density class, likewise.
        birads: number of images by BI-RADS, likewise.
        missing: number of images without a value, by column; a column that the CSV lacks is missing for all images.
        left_out: number of images that belong to no breast and no patient, by what they show; known once imported.
    """

    images: int
    breasts: int
    patients: int
    positive: PositiveCounts
    age: AgeByLabel
    views: dict[str, int]
    sites: dict[str, int]
    machines: dict[str, int]
    density: dict[str, int]
    birads: dict[str, int]
    missing: dict[str, int]
    left_out: dict[str, int] = Field(default_factory=dict)
