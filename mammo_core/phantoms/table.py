"""Generate train.csv of a synthetic data set.

Its columns depend on each other as in the RSNA table.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from mammo_core.phantoms.spec import MACHINES, DemoSpec

COLUMNS = (
    "site_id",
    "patient_id",
    "image_id",
    "laterality",
    "view",
    "age",
    "cancer",
    "biopsy",
    "invasive",
    "BIRADS",
    "implant",
    "density",
    "machine_id",
    "difficult_negative_case",
)
AGE_MEAN = {0: 58.4, 1: 63.7}  # years, over images without and with cancer
AGE_STD = 10.0
AGE_RANGE = (26, 89)
DENSITY_SHARES = {"A": 0.11, "B": 0.43, "C": 0.41, "D": 0.05}
REPEATS = ((0, 0.69), (1, 0.20), (2, 0.08), (4, 0.03))  # images beyond the four standard ones, and their shares
UNUSUAL_VIEWS = ("AT", "LM", "ML", "LMO")


def make_table(spec: DemoSpec) -> pd.DataFrame:
    """Return one row per image, with RSNA's 14 columns and the dtypes of its CSV.

    A positive breast always has biopsy = 1 and is never a difficult negative; density is known only at site 1; ages
    depend on the label, and the machine on the site. Ages are shuffled normal quantiles, so that their mean is also
    right in small data sets.
    """
    patients = _patients(spec)
    rng = np.random.default_rng([spec.seed, 1])
    images = _images(patients, spec, rng)
    breasts = _breasts(images, rng)
    table = images.merge(breasts, on=["patient_id", "laterality"], how="left", validate="many_to_one")
    table["density"] = table["density"].where(table["site_id"] == 1)
    return table[list(COLUMNS)]


def densities(spec: DemoSpec) -> dict[int, str]:
    """Return the true density class of every patient.

    This includes patients whose density the table hides (site 2).
    """
    patients = _patients(spec)
    return dict(zip(patients["patient_id"].tolist(), patients["density"].tolist(), strict=True))


def _patients(spec: DemoSpec) -> pd.DataFrame:
    """Return a table with one row per patient.

    The columns are identifier, label, side of the cancer, age, site, machine, density and implants.
    """
    rng = np.random.default_rng([spec.seed, 0])
    n = spec.patients
    positive = np.zeros(n, np.int64)
    positive[rng.choice(n, round(n * spec.prevalence), replace=False)] = 1
    machine = _machines(positive, rng)
    return pd.DataFrame(
        {
            "patient_id": np.sort(rng.choice(np.arange(5, 65_536), n, replace=False)),
            "positive": positive,
            "cancer_side": np.where(rng.random(n) < 0.5, "L", "R"),
            "both_sides": rng.random(n) < 0.012,
            "age": _ages(positive, rng),
            "site_id": [MACHINES[index].site for index in machine],
            "machine_id": [MACHINES[index].id for index in machine],
            "density": rng.choice(list(DENSITY_SHARES), n, p=list(DENSITY_SHARES.values())),
            "implant": (rng.random(n) < 0.027).astype(np.int64),
        }
    )


def _machines(positive: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Choose an index into `MACHINES` for each patient.

    54 % of the exams are from site 1. Machines with a higher risk have more positive patients.
    """
    base = np.array([machine.weight * (0.54 if machine.site == 1 else 0.46) for machine in MACHINES])
    risk = np.array([machine.risk for machine in MACHINES])
    chosen = rng.choice(len(MACHINES), len(positive), p=base / base.sum())
    at_risk = base * risk
    chosen[positive == 1] = rng.choice(len(MACHINES), int(positive.sum()), p=at_risk / at_risk.sum())
    return chosen


def _ages(positive: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw ages in whole years for both labels.

    The ages of each label are shuffled quantiles of its normal distribution, clipped to 26–89. The healthy breasts of
    positive patients are negative images. To compensate, negative patients are made younger, more so the higher the
    prevalence (up to one half).
    """
    share = min(0.5 * positive.mean() / (1 - 0.5 * positive.mean()), 1 / 3)  # of negative images
    negative_mean = (AGE_MEAN[0] - share * AGE_MEAN[1]) / (1 - share)
    ages = np.empty(len(positive))
    for label, mean in ((0, negative_mean), (1, AGE_MEAN[1])):
        members = np.flatnonzero(positive == label)
        if len(members):
            quantiles = (rng.permutation(len(members)) + 0.5) / len(members)
            ages[members] = mean + AGE_STD * ndtri(quantiles)
    return np.clip(np.round(ages), *AGE_RANGE)


def _images(patients: pd.DataFrame, spec: DemoSpec, rng: np.random.Generator) -> pd.DataFrame:
    """Return a table with one row per image.

    Each patient has the four standard views, and some also have repeats or an unusual view.
    """
    n = len(patients)
    rows = np.repeat(np.arange(n), 4)
    sides = np.tile(["L", "L", "R", "R"], n)
    views = np.tile(["CC", "MLO", "CC", "MLO"], n)
    if spec.nuisances:
        counts, shares = zip(*REPEATS, strict=True)
        extra = np.repeat(np.arange(n), rng.choice(counts, n, p=shares))
        rows = np.concatenate([rows, extra])
        sides = np.concatenate([sides, rng.choice(["L", "R"], len(extra))])
        repeated = rng.choice(["CC", "MLO"], len(extra), p=[0.45, 0.55])
        unusual = rng.choice(UNUSUAL_VIEWS, len(extra))
        views = np.concatenate([views, np.where(rng.random(len(extra)) < 0.02, unusual, repeated)])
    order = np.lexsort((views, sides, rows))
    images = patients.iloc[rows[order]].reset_index(drop=True)
    images["laterality"], images["view"] = sides[order], views[order]
    images["image_id"] = _identifiers(len(images), rng)
    if spec.nuisances:
        images.loc[rng.random(len(images)) < 37 / 54_706, "age"] = np.nan
    return images


def _identifiers(n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw n distinct image identifiers below 2**31, which look as random as RSNA's."""
    identifiers = np.unique(rng.integers(10**6, 2**31, size=n + 1000))
    return rng.permutation(identifiers)[:n]


def _breasts(images: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return a table with one row per breast: label, biopsy and assessment.

    These depend on each other as in RSNA's table.
    """
    first = images.drop_duplicates(["patient_id", "laterality"])
    n = len(first)
    draw = rng.random((4, n))
    cancer = (first["positive"] == 1) & (first["both_sides"] | (first["laterality"] == first["cancer_side"]))
    recalled = ~cancer & (draw[0] < 0.13)
    biopsy = cancer | (recalled & (draw[1] < 0.25))
    known = cancer & (draw[3] < 0.6) | ~cancer & (draw[3] < 0.48)
    birads = np.where(cancer | recalled, 0.0, np.where(draw[2] < 0.65, 1.0, 2.0))
    return pd.DataFrame(
        {
            "patient_id": first["patient_id"],
            "laterality": first["laterality"],
            "cancer": cancer.astype(np.int64),
            "biopsy": biopsy.astype(np.int64),
            "invasive": (cancer & (draw[2] < 0.71)).astype(np.int64),
            "BIRADS": np.where(known, birads, np.nan),
            "difficult_negative_case": recalled,
        }
    )
