"""Evaluate a model in parts of the data: by site, machine, age and so on."""

import pandas as pd

from mammo_core.documents.report import Subgroup
from mammo_core.documents.units import Unit, age_band
from mammo_core.evaluation import metrics
from mammo_core.evaluation.bootstrap import RESAMPLES, bootstrap
from mammo_core.evaluation.intervals import MIN_PATIENTS, patients_by_label, rank_estimate
from mammo_core.evaluation.metrics import Ranking
from mammo_core.evaluation.units import to_unit

ATTRIBUTES: dict[str, Unit] = {  # attribute and the unit that has it
    "site_id": "breast",
    "machine_id": "breast",
    "age_band": "breast",
    "density": "breast",
    "implant": "breast",
    "laterality": "breast",
    "view": "image",
}
# Of each label, from at least MIN_PATIENTS patients. With fewer, the interval of the AUC is too wide to be of use.
MIN_UNITS = 10


def subgroups(predictions: pd.DataFrame, resamples: int = RESAMPLES, *, rows: Unit = "image") -> tuple[Subgroup, ...]:
    """Return the AUC of each group of each attribute.

    Args:
        predictions: one row per image; attributes that it lacks are left out.
        resamples: how many bootstrap resamples of patients.
        rows: what a row is of; patients have no side, and only images have a view.
    """
    table = predictions.copy()
    if "age" in table:
        table["age_band"] = age_band(table["age"]).astype("object")
    groups = []
    for attribute, unit in _attributes_of(rows).items():
        if attribute in table and table[attribute].notna().any():
            for group, units in to_unit(table, unit).groupby(attribute, observed=True, sort=True):
                groups.append(_subgroup(attribute, str(group), unit, units, resamples))
    return tuple(groups)


def _attributes_of(rows: Unit) -> dict[str, Unit]:
    if rows == "image":
        return ATTRIBUTES
    by_breast: dict[str, Unit] = {name: rows for name, unit in ATTRIBUTES.items() if unit == "breast"}
    return {name: unit for name, unit in by_breast.items() if rows == "breast" or name != "laterality"}


def _subgroup(attribute: str, group: str, unit: Unit, units: pd.DataFrame, resamples: int) -> Subgroup:
    positives = int(units["label"].sum())
    auc = None
    if min(positives, len(units) - positives) >= MIN_UNITS and min(patients_by_label(units)) >= MIN_PATIENTS:
        ranking = Ranking(units["label"], units["probability"])
        samples = bootstrap(units["patient_id"], {"auc": (ranking, metrics.auc)}, resamples)
        auc = rank_estimate(units, ranking.value(metrics.auc), samples["auc"], is_auc=True)
    return Subgroup(attribute=attribute, group=group, unit=unit, n=len(units), positives=positives, auc=auc)
