"""Tell how many patients the evaluation of a model needs."""

from dataclasses import replace

from mammo_core.assessment.store_evaluation import predict_store
from mammo_core.documents.sample_size import SampleSizeReport
from mammo_core.documents.units import Unit
from mammo_core.evaluation.sample_size import PrecisionGoal, sample_size_report
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle
from mammo_core.workspace import Workspace


def model_sample_size(
    workspace: Workspace, bundle: Bundle, goal: PrecisionGoal, unit: Unit = "breast", store_name: str | None = None
) -> SampleSizeReport:
    """Return how many patients are needed to know a measure of a model so well.

    Args:
        workspace: that the store lies in.
        bundle: the model.
        goal: what is to be known; a sensitivity without a threshold is meant at the model's operating point.
        unit: what is counted.
        store_name: the store with the patients to take the spread from; None for the model's own held-out patients.

    Raises:
        MammoError: the store can't be evaluated, the patients are too few to tell, or a number is outside its range.
    """
    predictions = (
        bundle.evaluation_predictions() if store_name is None else predict_store(workspace, bundle, store_name).table
    )
    if goal.measure == "sensitivity" and goal.at is None:
        goal = replace(goal, at=bundle.threshold)
    return sample_size_report(to_unit(predictions, unit), unit, goal, bundle.name, store_name)
