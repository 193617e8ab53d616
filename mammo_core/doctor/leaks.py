"""Find what gives the label away without looking at the breast."""

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from mammo_core.dataset.store import Store, parse_geometry
from mammo_core.doctor.cross_fitting import Fold, divide
from mammo_core.documents.doctor_report import Leak, SkippedCheck
from mammo_core.evaluation import metrics
from mammo_core.evaluation.bootstrap import bootstrap
from mammo_core.evaluation.intervals import MIN_PATIENTS, patients_by_label, rank_estimate

LEAKS = "leaks"
LEAVES, LEAF = 8, 20  # most leaves of a tree, and fewest images in one: coarse enough not to learn patients by heart
MIN_AUC = 0.55  # from which a leak is worth reporting
BEYOND_CHANCE = (
    1.5  # half widths of the 95 % interval above 0.5, some three standard errors: several candidates are tried
)
RESAMPLES = 500


def leaks(manifest: pd.DataFrame, store: Store, groups: np.ndarray) -> tuple[list[Leak], list[SkippedCheck]]:
    """Return what predicts the label of other patients, the strongest first.

    Each candidate is a property of the file or the machine. A small decision tree learns from it alone.

    Args:
        manifest: of the store.
        store: the store, whose PNG files' sizes are a candidate.
        groups: (n,), see `suspect_labels`.
    """
    labelled = manifest["label"].notna().to_numpy(bool)
    table, groups = manifest[labelled], groups[labelled]
    units = pd.DataFrame({"patient_id": groups, "label": table["label"].astype(int).to_numpy()})
    if min(patients_by_label(units)) < MIN_PATIENTS:
        reason = f"At least {MIN_PATIENTS} patients of each label are needed."
        return [], [SkippedCheck(check=LEAKS, reason=reason)]
    folds = divide(units["label"].to_numpy(int), groups)
    beyond_chance = [
        leak
        for what, values in _candidates(table, store).items()
        if (leak := _measure(what, values, units, folds)) and _is_beyond_chance(leak)
    ]
    return sorted(beyond_chance, key=lambda leak: -leak.auc), []


def _is_beyond_chance(leak: Leak) -> bool:
    return leak.auc >= MIN_AUC and leak.low is not None and leak.auc - 0.5 > BEYOND_CHANCE * (leak.auc - leak.low)


def _measure(what: str, values: np.ndarray, units: pd.DataFrame, folds: Sequence[Fold]) -> Leak | None:
    """Return how well a candidate predicts the label.

    None is returned if it is the same for all images.
    """
    if len(np.unique(values, axis=0)) < 2:
        return None
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=LEAF, random_state=0)
    scores = cross_val_predict(tree, values, units["label"], cv=folds, method="predict_proba")[:, 1]
    ranking = metrics.Ranking(units["label"], scores)
    draws = bootstrap(units["patient_id"], {"auc": (ranking, metrics.auc)}, RESAMPLES)
    figure = rank_estimate(units, ranking.value(metrics.auc), draws["auc"], is_auc=True)
    return None if figure.value is None else Leak(what=what, auc=figure.value, low=figure.low, high=figure.high)


def _candidates(table: pd.DataFrame, store: Store) -> dict[str, np.ndarray]:
    """Return the candidates, each float (n, c), by name."""
    geometry = [parse_geometry(text) for text in table["geometry"]]
    rows = np.array([item.source_rows for item in geometry], float)
    columns = np.array([item.source_columns for item in geometry], float)
    margins = [
        (item.top, item.left, item.source_rows - item.bottom, item.source_columns - item.right) for item in geometry
    ]
    candidates = {
        "rows and columns of the file": np.stack([rows, columns], axis=1),
        "which side the breast faces": np.array([[item.flipped] for item in geometry], float),
        "borders around the breast": np.array(margins, float),
        "size of the prepared PNG file": np.array([[_bytes(store, png)] for png in table["png"]], float),
        "number of images of the patient": _counts(table["patient_id"])[:, np.newaxis],
        "order of the images in the table": np.arange(len(table), dtype=float)[:, np.newaxis],
    }
    for name, what in (("machine_id", "the machine"), ("site_id", "the site")):
        if name in table and table[name].notna().any():
            candidates[what] = pd.get_dummies(table[name].astype("str")).to_numpy(float)
    return candidates


def _bytes(store: Store, png: str) -> int:
    try:
        return os.stat(store.folder / png).st_size
    except FileNotFoundError:  # deleted meanwhile
        return 0


def _counts(column: pd.Series) -> np.ndarray:
    return column.groupby(column).transform("size").to_numpy(float)
