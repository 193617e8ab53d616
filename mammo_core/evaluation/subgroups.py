"""How a model does in parts of the data: by site, machine, age, density, implant, side and view."""

import pandas as pd

from mammo_core.documents.units import Unit, age_band
from mammo_core.evaluation import metrics
from mammo_core.evaluation.metrics import Ranking, with_interval
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
FEWEST = 10  # of each label; with fewer an AUC says nothing


def subgroups(predictions: pd.DataFrame, resamples: int = metrics.RESAMPLES) -> pd.DataFrame:
    """Return attribute, group, unit, n, positives and auc ({value, low, high}, None with too few) a row a group.

    Args:
        predictions: one row an image; attributes that it lacks are left out.
        resamples: of the bootstrap over patients.
    """
    table = predictions.copy()
    if "age" in table:
        table["age_band"] = age_band(table["age"]).astype("object")
    rows = []
    for attribute, unit in ATTRIBUTES.items():
        if attribute in table and table[attribute].notna().any():
            units = to_unit(table, unit)
            groups = units.groupby(attribute, observed=True, sort=True)
            rows += [_describe(attribute, group, unit, part, resamples) for group, part in groups]
    return pd.DataFrame(rows, columns=["attribute", "group", "unit", "n", "positives", "auc"])


def _describe(attribute: str, group: object, unit: Unit, part: pd.DataFrame, resamples: int) -> tuple:
    positives = int(part["label"].sum())
    auc = None
    if min(positives, len(part) - positives) >= FEWEST:
        ranking = Ranking(part["label"], part["probability"])
        samples = metrics.bootstrap(part["patient_id"], {"auc": (ranking, metrics.auc)}, resamples)
        auc = with_interval(ranking.value(metrics.auc), samples["auc"])
    return attribute, str(group), unit, len(part), positives, auc
