"""The statistics that `mammo explore --json` prints."""

from mammo_core.documents.base import Document


class AgeSummary(Document):
    """Ages of one label, in years.

    Attributes:
        n: number of known ages.
        mean, median: None without ages.
        std: standard deviation with n - 1; None with fewer than two ages.
    """

    n: int
    mean: float | None
    median: float | None
    std: float | None


class AgeByLabel(Document):
    """Ages over images, by label.

    Attributes:
        negative, positive: ages of the images with that label.
    """

    negative: AgeSummary
    positive: AgeSummary


class PositiveCounts(Document):
    """Number of positive units.

    Attributes:
        images, breasts, patients: None without labels.
    """

    images: int | None
    breasts: int | None
    patients: int | None


class ExploreSummary(Document):
    """Statistics of a data set.

    Attributes:
        images, breasts, patients: how many there are.
        positive: how many of them are positive.
        age: ages over images.
        views, sites, machines, density, birads: number of images by value, the most frequent first.
        missing: number of images without a value, by column; a column that the CSV lacks is missing for all images.
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
