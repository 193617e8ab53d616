"""Save the best model so far and stop early without improvement."""

from pathlib import Path
from typing import Any

import keras

from mammo_core.storage.atomic import atomic_path


class BestCheckpoint(keras.callbacks.Callback):
    """Saves the model, whole, whenever the validation AUC is better than before (then the loss, at an equal AUC).

    Args:
        path: of the Keras file.
        patience: epochs without a better one after which training ends.
    """

    def __init__(self, path: Path, patience: int) -> None:
        super().__init__()
        self.path, self.patience = path, patience
        self.best: tuple[float, float] | None = None
        self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save if better, end if patience is used up."""
        if not logs or "val_auc" not in logs:
            return
        score = (logs["val_auc"], -logs["val_loss"])
        if self.best is None or score > self.best:
            self.best, self.best_epoch = score, epoch + 1
            with atomic_path(self.path) as temporary:
                self.model.save(temporary)
        elif self.is_over(epoch + 1):
            self.model.stop_training = True

    def is_over(self, epochs: int) -> bool:
        """Return whether the patience is used up after so many epochs."""
        return epochs - self.best_epoch >= self.patience
