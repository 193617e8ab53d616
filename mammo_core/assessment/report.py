"""Bring a model's stored report up to date: today's operating point, and the original CNN as a baseline."""

from typing import Any

import pandas as pd

from mammo_core.assessment.compare import KEYS, same_images
from mammo_core.documents.units import UNITS
from mammo_core.errors import ModelError
from mammo_core.evaluation.report import at_operating_point, compare_auc
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.models.registry import list_models, model_folder
from mammo_core.workspace import Workspace

ORIGINAL = "original_cnn"


def current_report(bundle: Bundle) -> dict[str, Any]:
    """Return a model's report as things stand: at its operating point of today, beside the original CNN.

    The stored report was written when training ended. The operating point may have been chosen anew since, and the original
    CNN (the newest model of that network) may have been judged on the same images.
    """
    report, evaluated = bundle.evaluation(), bundle.evaluation_predictions().sort_values(KEYS)
    original = _original(bundle, evaluated)
    units = {}
    for unit in UNITS:
        document = report if unit == "breast" else report["units"][unit]
        table = to_unit(evaluated, unit)
        if original is not None:
            rival = compare_auc(table, to_unit(original, unit))
            document = document | {"baselines": document["baselines"] | {ORIGINAL: rival}}
        if original is not None or document["operating_point"]["threshold"] != bundle.threshold:
            document = at_operating_point(document, table, bundle.threshold)
        units[unit] = document
    return report | units.pop("breast") | {"units": units}


def _original(bundle: Bundle, evaluated: pd.DataFrame) -> pd.DataFrame | None:
    """Return what the newest original CNN says of the same images, in the same order; None if there is none."""
    if bundle.card["network"] == "original":
        return None
    rivals = []
    for name in list_models(Workspace.from_environment()):
        try:
            rivals.append(open_bundle(model_folder(Workspace.from_environment(), name)))
        except ModelError:
            continue  # it says so itself where it is chosen
    originals = [rival for rival in rivals if rival.card["network"] == "original"]
    for rival in sorted(originals, key=lambda rival: rival.card["created"], reverse=True):
        predictions = rival.evaluation_predictions()
        if same_images(evaluated, predictions):
            return predictions.sort_values(KEYS)
    return None
