"""Define the parameters of a synthetic data set.

They are size, prevalence, detector grid and machines.
"""

from dataclasses import dataclass
from typing import Literal

from mammo_core.documents.dataset import DEMO_PATIENTS, DEMO_PREVALENCE, DEMO_SEED
from mammo_core.errors import ConfigError

RSNA_PREVALENCE = 486 / 11_913  # positive patients, counted from the public train.csv
DETECTOR_MM = (236.0, 177.0)  # height and width of the exposed field: 2776 × 2082 pixels of 0.085 mm
FULL_GRID = (2776, 2082)


@dataclass(frozen=True)
class DemoSpec:
    """Parameters of a synthetic data set; equal parameters give equal bytes.

    The defaults are those of `mammo demo` and of the Data page.

    Attributes:
        patients: number of patients, 1 to 20,000, mostly with four images each.
        seed: any non-negative integer; data sets with different seeds share no anatomy.
        prevalence: share of patients with a cancer, 0 to 1. `RSNA_PREVALENCE` is that of the public data.
        rows: detector rows; the field is always 236 mm high, so fewer rows mean larger pixels.
        columns: detector columns, three for every four rows.
        nuisances: whether the irregularities of real collections occur (wrong sides, borders, MONOCHROME1, repeated
            views, one missing, one truncated and one blank file).
        full_headers: whether to write complete mammography headers instead of RSNA's sparse ones.
    """

    patients: int = DEMO_PATIENTS
    seed: int = DEMO_SEED
    prevalence: float = DEMO_PREVALENCE
    rows: int = 1024
    columns: int = 768
    nuisances: bool = True
    full_headers: bool = False

    def __post_init__(self) -> None:
        """Raise a ConfigError for values out of range."""
        if self.patients < 1 or self.seed < 0:
            raise ConfigError("A demo data set needs at least one patient and a seed of 0 or more.")
        if self.patients > 20_000:
            raise ConfigError(f"{self.patients} patients are too many for one demo data set; take at most 20,000.")
        if not 0 <= self.prevalence <= 1:
            raise ConfigError(f"The prevalence {self.prevalence} isn't a share; take a number from 0 to 1.")
        if min(self.rows, self.columns) < 64 or max(self.rows, self.columns) > 8192:
            raise ConfigError(
                f"A grid of {self.rows} × {self.columns} isn't a detector; take 64 to 8192 pixels on each side."
            )

    @property
    def pixel_mm(self) -> float:
        """Side of a detector pixel in mm."""
        return DETECTOR_MM[0] / self.rows


@dataclass(frozen=True)
class Machine:
    """One mammography machine and the traits of its files.

    Attributes:
        id: machine_id in train.csv.
        site: site_id, 1 or 2.
        weight: share of the exams of its site.
        risk: how often its patients have a cancer, relative to the average.
        syntax: transfer syntax of its files.
        bits: BitsStored.
        style: "contrast" (dark fat, bright rim) or "flat" (grey, low contrast).
        inverted: whether it writes MONOCHROME1, with non-zero padding.
        voi_function: VOILUTFunction, or None.
        wrong_side: share of images that face the side their laterality doesn't predict.
    """

    id: str
    site: int
    weight: float
    risk: float
    syntax: Literal["jpeg2000", "jpeg_lossless"]
    bits: int
    style: Literal["contrast", "flat"]
    inverted: bool = False
    voi_function: str | None = None
    wrong_side: float = 0.0


MACHINES = (
    Machine("49", 1, 0.80, 1.15, "jpeg2000", 12, "contrast", wrong_side=0.38),
    Machine("170", 1, 0.04, 1.0, "jpeg_lossless", 10, "flat", voi_function="LINEAR"),
    Machine("93", 1, 0.06, 1.0, "jpeg2000", 16, "contrast"),
    Machine("216", 1, 0.05, 0.2, "jpeg_lossless", 10, "flat", inverted=True, voi_function="LINEAR"),
    Machine("210", 1, 0.04, 0.0, "jpeg_lossless", 12, "contrast"),
    Machine("197", 1, 0.01, 0.0, "jpeg_lossless", 12, "contrast"),
    Machine("48", 2, 0.34, 1.0, "jpeg_lossless", 12, "contrast"),
    Machine("21", 2, 0.33, 1.0, "jpeg_lossless", 10, "flat", inverted=True, voi_function="SIGMOID"),
    Machine("29", 2, 0.30, 1.0, "jpeg_lossless", 16, "flat", voi_function="SIGMOID"),
    Machine("190", 2, 0.03, 1.0, "jpeg2000", 12, "contrast", voi_function="LINEAR"),
)
BY_ID = {machine.id: machine for machine in MACHINES}
