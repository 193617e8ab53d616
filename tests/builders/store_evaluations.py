"""Evaluations on other data, without a network."""

from datetime import UTC, datetime

from builders.predictions import predictions
from mammo_core.documents.store_evaluation import InputDrift, StoreEvaluation
from mammo_core.evaluation.operating_shift import operating_shift
from mammo_core.evaluation.report import evaluate


def make_store_evaluation(store: str = "elsewhere", **changes: object) -> StoreEvaluation:
    """Return the evaluation of a model on a store where it is worse than at home; `changes` are of its fields."""
    home, report = (evaluate(predictions(signal=signal), operating_point=0.3, resamples=20) for signal in (0.5, 0.02))
    evaluation = StoreEvaluation(
        model="mine",
        identity="0" * 64,
        store=store,
        store_version="1" * 64,
        created=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        report=report,
        shift=operating_shift(home, report),
        drift=InputDrift(images=480, out_of_distribution=0.01, statistics=(), verdict="They look like <those>."),
    )
    return evaluation.model_copy(update=changes)
