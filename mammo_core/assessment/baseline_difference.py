"""Compare the models of runs with that of a pinned run, all by one bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from mammo_core.assessment.compare import not_comparable, same_images, with_exams_of
from mammo_core.documents.estimate import Estimate
from mammo_core.errors import MammoError
from mammo_core.evaluation.report import auc_gains
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import IMAGE_KEY, open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.workspace import Workspace

COLUMNS = [*IMAGE_KEY, "exam_id", "laterality", "label", "probability"]  # that a comparison needs


@dataclass(frozen=True)
class BaselineDifference:
    """The paired difference of a model from a baseline.

    Attributes:
        gain: AUC by breast of the model minus that of the baseline, with its interval; None where they aren't comparable.
        reason: why they aren't, in a sentence or two; nothing if they are.
    """

    gain: Estimate | None
    reason: str = ""


def differences_from_baseline(
    workspace: Workspace, names: Sequence[str], baseline: str
) -> dict[str, BaselineDifference]:
    """Compare models with a baseline on the breasts that both were tested on.

    The bootstrap over patients is paired, as in `mammo_core.assessment.compare`; all models share its draws.

    Args:
        workspace: the folders to work in.
        names: of the models.
        baseline: name of the model that they are compared with.

    Returns:
        By name, in order. A model that can't be read, or was tested on other images, has a reason instead of a difference.

    Raises:
        MammoError: the baseline can't be read.
    """
    reference = _read_predictions(workspace, baseline)
    tables, reasons = dict[str, pd.DataFrame](), dict[str, str]()
    for name in names:
        try:
            tables[name] = _read_units(workspace, name, baseline, reference)
        except MammoError as error:  # its row stays, and the page gives the reason
            reasons[name] = str(error)
    gains = auc_gains(tables, to_unit(reference, "breast")) if tables else {}
    return {name: BaselineDifference(gains.get(name), reasons.get(name, "")) for name in names}


def _read_units(workspace: Workspace, name: str, baseline: str, reference: pd.DataFrame) -> pd.DataFrame:
    """Return a model's breasts, the same as the baseline's.

    Raises:
        MammoError: the model can't be read, or was tested on other images.
    """
    predictions = _read_predictions(workspace, name)
    if not same_images(predictions, reference):
        raise not_comparable(baseline)
    return to_unit(with_exams_of(reference, predictions), "breast")


def _read_predictions(workspace: Workspace, name: str) -> pd.DataFrame:
    table = open_bundle(model_folder(workspace, name)).evaluation_predictions()
    return table[[column for column in COLUMNS if column in table]].sort_values(IMAGE_KEY, ignore_index=True)
