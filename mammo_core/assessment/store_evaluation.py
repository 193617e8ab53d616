"""Evaluate a model on a prepared store."""

from typing import Any

import numpy as np

from mammo_core.assessment.report import current_report
from mammo_core.dataset.store import open_store
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation import evaluate
from mammo_core.models.bundle import IMAGE, Bundle
from mammo_core.prediction.predictor import Predictor
from mammo_core.workspace import Workspace

BATCH = 64  # images a forward pass


def evaluate_store(bundle: Bundle, name: str) -> dict[str, Any]:
    """Judge a model on a prepared store: on the patients from whom neither it nor what it started from has learnt.

    Returns:
        The report's document, with data and part: "all", or the held-out part if the store has patients that it knows.

    Raises:
        MammoError: the store isn't there, has no labels, or was prepared by another contract.
    """
    store = open_store(Workspace.from_environment(), name)
    if store.preprocessing != bundle.preprocessing:
        raise ConfigError(f"The store {store.name} was prepared in another way than {bundle.name} expects.")
    table, evaluated = store.manifest(), bundle.evaluation_predictions()
    if store.name == bundle.card["data"]["store"] and len(evaluated.merge(table[IMAGE])) == len(evaluated):
        return {"data": store.name, **current_report(bundle)}
    table = table[table["label"].notna()].reset_index(drop=True)
    split_seen = bundle.seen_split(table)
    part = "all" if split_seen.isna().all() else bundle.evaluation()["part"]
    judged_by = (split_seen == "validation") & table["patient_id"].isin(
        evaluated["patient_id"]
    )  # where there was no test part
    table = table[split_seen.isna() | judged_by].reset_index(drop=True)
    if table["label"].nunique() < 2:
        raise DataError(
            f"The store {store.name} doesn't hold both negative and positive images, so nothing can be judged."
        )
    predictor = Predictor(bundle)
    pngs = table["png"].to_list()
    probabilities = [predictor(store.images(pngs[start : start + BATCH]))[0] for start in range(0, len(pngs), BATCH)]
    predictions = table.assign(probability=np.concatenate(probabilities), label=table["label"].astype(int))
    return {
        "data": store.name,
        "part": part,
        **evaluate(predictions, operating_point=bundle.threshold),
    }
