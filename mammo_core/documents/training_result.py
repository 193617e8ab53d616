"""The result of a training run, as `mammo train --json` prints it."""

from typing import Literal

from mammo_core.documents.base import PrintedDocument

TrainingStatus = Literal["finished", "stopped", "diverged"]


class TrainingResult(PrintedDocument):
    """How a training run ended.

    Attributes:
        run: name of the run, and of its model.
        status: "diverged" if the loss or a prediction was not a finite number.
        message: how it ended, in a sentence or two.
        epochs: epochs finished.
        best_epoch: epoch with the best validation AUC, 0 without a model.
        seconds: duration.
        verified: whether the saved model, reloaded in a fresh process, gave the same predictions; false without a model.
    """

    run: str
    status: TrainingStatus
    message: str
    epochs: int
    best_epoch: int
    seconds: float
    verified: bool
