"""A run whose training has ended, and the evaluation of its network."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mammo_core.documents.report import EvaluationReport
from mammo_core.evaluation.calibration import Calibration
from mammo_core.evaluation.ood import OODDetector
from mammo_core.learning.plan import TrainingPlan
from mammo_core.learning.training_data import TrainingData


@dataclass(frozen=True)
class TrainedRun:
    """A run whose training has ended.

    Attributes:
        run: its folder, with the best checkpoint.
        plan: what it was to do.
        data: its images.
        best_epoch: epoch of the checkpoint.
        refitted: whether the network was then trained once more, see `mammo_core.learning.refit`.
    """

    run: Path
    plan: TrainingPlan
    data: TrainingData
    best_epoch: int
    refitted: bool = False


@dataclass(frozen=True)
class EvaluatedNetwork:
    """The evaluation of a run's best network.

    Attributes:
        weights: number of the network's weights.
        predictions: for the held-out images, one row per image.
        calibration: from the network's output to a probability, fitted on the validation part.
        threshold: probability from which a breast is recalled, chosen on the validation part.
        ood_detector: fitted on training images.
        cam_scale: median peak of the validation positives' activation maps, in logits; None without activation maps.
        report: on the held-out part.
    """

    weights: int
    predictions: pd.DataFrame
    calibration: Calibration
    threshold: float
    ood_detector: OODDetector
    cam_scale: float | None
    report: EvaluationReport
