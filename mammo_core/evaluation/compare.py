"""Two models on the same patients: the paired difference."""

from typing import Any

import pandas as pd

from mammo_core.errors import DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.metrics import Ranking, with_interval
from mammo_core.evaluation.report import against
from mammo_core.evaluation.units import Unit, to_unit


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
    keys = ["patient_id", "image_id"]
    if set(map(tuple, candidate[keys].to_numpy())) != set(map(tuple, rival[keys].to_numpy())):
        raise DataError(
            f"Not comparable with {rival_name} directly: the two were judged on different patients. Their intervals can be "
            "laid side by side, but no difference can be tested."
        )
    tables = [to_unit(table.sort_values(keys), unit) for table in (candidate, rival)]
    rankings = [Ranking(table["label"], table["probability"]) for table in tables]
    figures: dict[str, tuple[Ranking, metrics.Metric]] = {
        str(place): (ranking, metrics.auc) for place, ranking in enumerate(rankings)
    }
    samples = metrics.bootstrap(tables[0]["patient_id"], figures, resamples)
    values = [ranking.value(metrics.auc) for ranking in rankings]
    gain = with_interval(values[0] - values[1], samples["0"] - samples["1"])
    text = against(rival_name, gain)
    return {"n": len(tables[0]), "gain": gain, "verdict": f"{text[0].upper()}{text[1:]}."}
