"""After each epoch, save everything needed to resume."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.errors import ModelError
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint
from mammo_core.learning.callbacks.validation import is_validated
from mammo_core.storage.atomic import atomic_path

STATE = "resume.npz"  # weights, optimiser with its counters, seeds, epochs finished, best score so far


class TrainingStateCheckpoint(keras.callbacks.Callback):
    """Save the training state after each finished epoch.

    This callback must come after the callbacks whose state it saves.

    Args:
        path: path of the state.
        best: the callback that keeps the best model.
    """

    def __init__(self, path: Path, best: BestCheckpoint) -> None:
        super().__init__()
        self.path, self.best = path, best

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save the state, unless the epoch was interrupted."""
        if not is_validated(logs):
            return
        state: dict[str, Any] = {"epoch": epoch + 1, "best": self.best.best, "best_epoch": self.best.best_epoch}
        for index, variable in enumerate(_variables(self.model)):
            state[str(index)] = np.asarray(variable)
        with atomic_path(self.path) as temporary:
            np.savez(temporary, **state)


def restore(path: Path, model: keras.Model, best: BestCheckpoint) -> int:
    """Restore model, optimiser and best-checkpoint state.

    Args:
        path: of the state.
        model: compiled; its variables are assigned.
        best: its best score and epoch are set.

    Returns:
        The number of finished epochs.

    Raises:
        ModelError: the file is not the state of such a model.
    """
    model.optimizer.build(model.trainable_variables)
    try:
        with np.load(path, allow_pickle=False) as state:
            for index, variable in enumerate(_variables(model)):
                variable.assign(state[str(index)])
            auc, negative_loss = state["best"]
            best.best, best.best_epoch = (float(auc), float(negative_loss)), int(state["best_epoch"])
            return int(state["epoch"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise ModelError(
            f"{path.parent.name} can't be resumed: its {path.name} isn't a state of its network. Start a new run."
        ) from None


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
