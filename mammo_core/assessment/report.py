"""Bring a model's stored report up to date."""

import pandas as pd

from mammo_core.assessment.compare import same_images, with_exams_of
from mammo_core.documents.report import EvaluationReport, OtherUnits
from mammo_core.documents.units import Unit
from mammo_core.errors import ModelError
from mammo_core.evaluation.report import Report, at_operating_point, compare_auc
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import IMAGE_KEY, Bundle, open_bundle
from mammo_core.models.registry import list_models, model_folder
from mammo_core.workspace import Workspace

ORIGINAL = "original"  # the network of the baseline


def current_report(workspace: Workspace, bundle: Bundle) -> EvaluationReport:
    """Return a model's report as of now.

    It is at the present operating point and has the original CNN among its baselines.

    The stored report was written when training ended. The operating point may have been changed since, and an original
    CNN may have been evaluated on the same images.

    Args:
        workspace: its models are searched for the original CNN.
        bundle: the model.
    """
    report, predictions = bundle.evaluation(), bundle.evaluation_predictions().sort_values(IMAGE_KEY)
    original = _original_predictions(workspace, bundle, predictions)

    def update(unit_report: Report, unit: Unit) -> Report:
        return _update(unit_report, unit, to_unit(predictions, unit), _to_unit(original, unit), bundle.threshold)

    units = OtherUnits(image=update(report.units.image, "image"), patient=update(report.units.patient, "patient"))
    return update(report, "breast").model_copy(update={"units": units})


def _update(report: Report, unit: Unit, table: pd.DataFrame, original: pd.DataFrame | None, threshold: float) -> Report:
    """Return the report with the original CNN's predictions compared, at a threshold."""
    if original is None and report.operating_point.threshold == threshold:
        return report
    if original is not None:
        baselines = report.baselines.model_copy(update={"original_cnn": compare_auc(table, original)})
        report = report.model_copy(update={"baselines": baselines})
    return at_operating_point(report, table, unit, threshold)


def _to_unit(predictions: pd.DataFrame | None, unit: Unit) -> pd.DataFrame | None:
    return None if predictions is None else to_unit(predictions, unit)


def _original_predictions(workspace: Workspace, bundle: Bundle, predictions: pd.DataFrame) -> pd.DataFrame | None:
    """Return the newest original CNN's predictions for the same images.

    They are in the same order, which is that of `predictions`; None if there is no such model.
    """
    if bundle.card.network == ORIGINAL:
        return None
    originals = [other for other in _open_models(workspace) if other.card.network == ORIGINAL]
    for other in sorted(originals, key=lambda other: other.card.created, reverse=True):
        others = other.evaluation_predictions()
        if same_images(predictions, others):
            return with_exams_of(predictions, others.sort_values(IMAGE_KEY))
    return None


def _open_models(workspace: Workspace) -> list[Bundle]:
    """Open all sound models."""
    bundles = []
    for name in list_models(workspace):
        try:
            bundles.append(open_bundle(model_folder(workspace, name)))
        except ModelError:
            continue  # a damaged model is reported where it is chosen
    return bundles
