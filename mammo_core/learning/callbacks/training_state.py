"""After each epoch, save everything needed to resume."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.errors import ModelError
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint
from mammo_core.learning.callbacks.validation import is_validated
from mammo_core.storage.array_files import damaged_arrays
from mammo_core.storage.atomic import atomic_path

STATE = "resume.npz"  # weights, optimiser with its counters, seeds, phase, epochs finished, best score so far


class TrainingStateCheckpoint(keras.callbacks.Callback):
    """Save the training state after each finished epoch.

    This callback must come after the callbacks whose state it saves.

    Args:
        path: path of the state.
        best: the callback that keeps the best model.
        network: the network whose weights are saved; only a part of it may be trained.
        phase: index of the present phase of training.
    """

    def __init__(self, path: Path, best: BestCheckpoint, network: keras.Model, phase: int = 0) -> None:
        super().__init__()
        self.path, self.best, self.network, self.phase = path, best, network, phase

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save the state, unless the epoch was interrupted."""
        if not is_validated(logs):
            return
        save_state(
            self.path,
            self.network,
            self.model.optimizer,
            epoch=epoch + 1,
            phase=self.phase,
            first_epoch=self.best.first_epoch,
            best=self.best.best,
            best_epoch=self.best.best_epoch,
        )


def save_state(path: Path, network: keras.Model, optimizer: keras.optimizers.Optimizer, **position: Any) -> None:
    """Save the variables of network and optimiser.

    Args:
        path: of the state.
        network: all of it.
        optimizer: of the present phase.
        **position: epoch and phase, see `SavedPosition`, and what else is kept.
    """
    state = dict(position)
    for index, variable in enumerate(_variables(network, optimizer)):
        state[str(index)] = np.asarray(variable)
    with atomic_path(path) as temporary:
        np.savez(temporary, **state)


@dataclass(frozen=True)
class SavedPosition:
    """How far a run had come when its state was saved.

    Attributes:
        phase: index of the phase of training.
        epoch: finished epochs.
    """

    phase: int
    epoch: int


def read_position(path: Path) -> SavedPosition:
    """Read how far a run had come.

    Raises:
        ModelError: the file is not a state.
    """
    with _opened(path) as state:
        return SavedPosition(int(state["phase"]), int(state["epoch"]))


def restore(path: Path, network: keras.Model, optimizer: keras.optimizers.Optimizer, best: BestCheckpoint) -> None:
    """Restore network, optimiser and best-checkpoint state.

    Args:
        path: of the state.
        network: its variables are assigned.
        optimizer: built for the variables of the phase; likewise.
        best: its best score and epoch are set.

    Raises:
        ModelError: the file is not the state of such a network.
    """
    restore_state(path, network, optimizer)
    with _opened(path) as state:
        auc, negative_loss = state["best"]
        best.best, best.best_epoch = (float(auc), float(negative_loss)), int(state["best_epoch"])
        best.first_epoch = int(state["first_epoch"])


def restore_state(path: Path, network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Restore network and optimiser, but no best score; see `restore`."""
    with _opened(path) as state:
        for index, variable in enumerate(_variables(network, optimizer)):
            variable.assign(state[str(index)])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    foreign = f"{path.parent.name} can't be resumed: its {path.name} isn't a state of its network. Start a new run."
    with damaged_arrays(ModelError(foreign)), np.load(path, allow_pickle=False) as state:
        yield state


def _variables(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    return [*network.variables, *optimizer.variables]
