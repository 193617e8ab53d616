"""Where a run can go on: all that its next epoch depends on, in one file, written whole after each epoch."""

import time
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from mammo_core.errors import ConfigError, DataError, ModelError
from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.plan import SPLIT, SPLIT_COLUMNS
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.json_files import append_json_line, read_json, read_json_lines

STATE = "resume.npz"  # weights, optimiser with its counters, seeds, epochs done, the best so far
CONFIG, METRICS = "config.json", "metrics.jsonl"


class TrainingStateCheckpoint(keras.callbacks.Callback):
    """Saves where the run stands after each whole epoch. It stands behind the callbacks that it speaks of.

    Args:
        path: of the state.
        best: keeps the best model.
    """

    def __init__(self, path: Path, best: BestCheckpoint) -> None:
        super().__init__()
        self.path, self.best = path, best

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save, unless the epoch was broken off."""
        if not logs or "val_auc" not in logs:
            return
        state: dict[str, Any] = {"epoch": epoch + 1, "best": self.best.best, "best_epoch": self.best.best_epoch}
        for place, variable in enumerate(_variables(self.model)):
            state[str(place)] = np.asarray(variable)
        with atomic_path(self.path) as temporary:
            np.savez(temporary, **state)


def restore(path: Path, model: keras.Model, best: BestCheckpoint) -> int:
    """Put a state back into a compiled model and into what knows the best one.

    Returns:
        The epochs done.

    Raises:
        ModelError: it isn't a state of such a model.
    """
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    try:
        with np.load(path, allow_pickle=False) as state:
            for place, variable in enumerate(variables):
                variable.assign(state[str(place)])
            first, second = state["best"]
            best.best, best.best_epoch = (float(first), float(second)), int(state["best_epoch"])
            return int(state["epoch"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise ModelError(f"{path.parent.name} can't go on: its {path.name} isn't a state of its network.") from None


def check_same(run: Path, config: TrainingConfig, split: pd.DataFrame) -> None:
    """Refuse to go on with other settings or other data: the best so far would not be comparable.

    Raises:
        ConfigError: the settings differ from those that the run began with.
        DataError: the images, labels or parts do.
    """
    if TrainingConfig.read(read_json(run / CONFIG)) != config:
        raise ConfigError(f"{run.name} was begun with other settings. Start a new run for these.")
    if not pd.read_parquet(run / SPLIT).equals(split[SPLIT_COLUMNS]):
        raise DataError(f"The images of {config.store} are others than when {run.name} began. Start a new run.")


def reopen(metrics: Path, epoch: int) -> None:
    """Take back what was written after the last whole epoch, half lines too, and mark the seam.

    Args:
        metrics: the run's metrics.jsonl.
        epoch: epochs done.
    """
    kept = [record for record in read_json_lines(metrics) if record.get("epoch", 0) <= epoch]
    with atomic_path(metrics) as temporary:
        for record in [*kept, {"kind": "resume", "epoch": epoch, "time": time.time()}]:
            append_json_line(temporary, record)


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]
