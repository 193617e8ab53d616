"""Save the best model so far, and stop early without improvement."""

from pathlib import Path
from typing import Any

from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.validation import is_validated
from mammo_core.learning.precision import full_precision
from mammo_core.storage.atomic import atomic_path


class BestCheckpoint(keras.callbacks.Callback):
    """Save the model when its validation AUC improves; stop when it no longer does.

    At equal AUC, a lower validation loss is an improvement.

    Args:
        path: path of the Keras file.
        patience: epochs without improvement after which training stops.

    Attributes:
        network: the network to save; None saves the model that is trained, which may be only its head.
        first_epoch: epochs done before the present phase of training; patience begins anew with it.
        best: validation AUC and negative validation loss of the best epoch; None before the first.
        best_epoch: from 1; 0 before the first.
    """

    def __init__(self, path: Path, patience: int) -> None:
        super().__init__()
        self.path, self.patience = path, patience
        self.network: keras.Model | None = None
        self.first_epoch = 0
        self.best: tuple[float, float] | None = None
        self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the model if it improved; stop if patience is exhausted."""
        if not is_validated(logs):
            return
        score = (logs["val_auc"], -logs["val_loss"])
        if self.best is None or score > self.best:
            self.best, self.best_epoch = score, epoch + 1
            network = self.network or self.model
            with atomic_path(self.path) as temporary, full_precision(network):
                network.save(temporary)
        elif self.patience_exhausted(epoch + 1):
            self.model.stop_training = True

    def patience_exhausted(self, epochs: int) -> bool:
        """Return whether the present phase stops after this many epochs."""
        return epochs - max(self.best_epoch, self.first_epoch) >= self.patience
