"""Models on the same patients: the paired difference, and a report beside the original CNN."""

from typing import Any

import pandas as pd

from mammo_core.errors import DataError, ModelError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.report import against, at_operating_point, beside
from mammo_core.evaluation.units import UNITS, Unit, to_unit
from mammo_core.models import Bundle, list_models, model_folder, open_bundle

KEYS = ["patient_id", "image_id"]
ORIGINAL = "original_cnn"


def compare(
    candidate: pd.DataFrame,
    rival: pd.DataFrame,
    rival_name: str,
    unit: Unit = "breast",
    resamples: int = metrics.RESAMPLES,
) -> dict[str, Any]:
    """Compare the predictions of two models for the same images by a paired bootstrap over patients.

    Args:
        candidate: one row an image, see `mammo_core.evaluation.units`, with image_id.
        rival: likewise, of the other model.
        rival_name: what the sentence calls it.
        unit: to judge by.
        resamples: of the bootstrap.

    Returns:
        n, gain ({value, low, high} of the difference in AUC) and verdict, a sentence.

    Raises:
        DataError: they aren't about the same images, so that nothing can be compared.
    """
    if not same_images(candidate, rival):
        raise DataError(
            f"Not comparable with {rival_name} directly: the two were judged on different patients. Their intervals can be "
            "laid side by side, but no difference can be tested."
        )
    own, other = (to_unit(table.sort_values(KEYS), unit) for table in (candidate, rival))
    gain = beside(own, other, resamples)["gain"]
    text = against(rival_name, gain)
    return {"n": len(own), "gain": gain, "verdict": f"{text[0].upper()}{text[1:]}."}


def standing_report(bundle: Bundle) -> dict[str, Any]:
    """Return a model's report as things stand: at its operating point of today, beside the original CNN.

    The stored report was written when training ended. The operating point may have been chosen anew since, and the original
    CNN (the newest model of that network) may have been judged on the same images.
    """
    report, judged = bundle.evaluation(), bundle.judged().sort_values(KEYS)
    original = _original(bundle, judged)
    units = {}
    for unit in UNITS:
        document = report if unit == "breast" else report["units"][unit]
        table = to_unit(judged, unit)
        if original is not None:
            rival = beside(table, to_unit(original, unit))
            document = document | {"baselines": document["baselines"] | {ORIGINAL: rival}}
        if original is not None or document["operating_point"]["threshold"] != bundle.threshold:
            document = at_operating_point(document, table, bundle.threshold)
        units[unit] = document
    return report | units.pop("breast") | {"units": units}


def same_images(candidate: pd.DataFrame, rival: pd.DataFrame) -> bool:
    """Whether two tables of predictions are about the same images."""
    return set(map(tuple, candidate[KEYS].to_numpy())) == set(map(tuple, rival[KEYS].to_numpy()))


def _original(bundle: Bundle, judged: pd.DataFrame) -> pd.DataFrame | None:
    """Return what the newest original CNN says of the same images, in the same order; None if there is none."""
    if bundle.card["network"] == "original":
        return None
    rivals = []
    for name in list_models():
        try:
            rivals.append(open_bundle(model_folder(name)))
        except ModelError:
            continue  # it says so itself where it is chosen
    originals = [rival for rival in rivals if rival.card["network"] == "original"]
    for rival in sorted(originals, key=lambda rival: rival.card["created"], reverse=True):
        predictions = rival.judged()
        if same_images(judged, predictions):
            return predictions.sort_values(KEYS)
    return None
