"""Train a network once more, on training and validation patients.

With few patients, the validation part is many of them. Once training has shown what its probabilities mean and from which
one on to recall, nothing is left to validate. So the network is trained again from the same start, on both parts.
Calibration, threshold and the figures of the validation part stay those of the network that hadn't seen these patients.

Each phase is trained for as many epochs as were best. The head is an exception where the lesion map isn't trained: it is a
regularised logistic regression of texture then, which each epoch brings nearer to its best weights. It is trained for all.
"""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.documents.metrics import EpochRecord, read_metrics
from mammo_core.documents.progress import Progress
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.training_state import read_position, restore_state, save_state
from mammo_core.learning.cancellation import Cancelled, TrainingContext
from mammo_core.learning.phase_model import keeps_lesion_map, phase_model
from mammo_core.learning.plan import Phase, TrainingPlan, steps_per_epoch, training_phases
from mammo_core.learning.precision import full_precision
from mammo_core.learning.start_network import build_network, distribution_strategy
from mammo_core.learning.training_data import TrainingData
from mammo_core.storage.atomic import atomic_path

REFIT = "refit.keras"  # in a run's folder until its model is exported
REFIT_STATE = "refit.npz"  # likewise: the state after the last finished epoch
PHASE = "Training once more, on training and validation patients"


class RefitProgress(keras.callbacks.Callback):
    """Report the progress in steps, and end training on request or divergence.

    After each finished epoch the state is saved.

    Args:
        context: of the run.
        network: the network; only a part of it may be trained.
        phase: index of the present phase.
        epochs: how many there will be in this phase.

    Attributes:
        diverged: whether the loss is no longer finite.
    """

    def __init__(self, context: TrainingContext, network: keras.Model, phase: int, epochs: int) -> None:
        super().__init__()
        self.context, self.network, self.phase, self.epochs = context, network, phase, epochs
        self.started, self.steps, self.done = time.monotonic(), 0, 0
        self.diverged = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the steps of earlier epochs."""
        self.done = epoch * self.params["steps"]

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Report the step."""
        if not np.isfinite(logs["loss"]):
            self.diverged = self.model.stop_training = True
            return
        self.steps += 1
        done, total = self.done + batch + 1, self.epochs * self.params["steps"]
        left = (time.monotonic() - self.started) / self.steps * (total - done)
        self.context.progress(Progress(done=done, total=total, unit="steps", phase=PHASE, seconds_left=left))
        if self.context.stop_signal.is_set():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the state, unless the epoch was interrupted."""
        if not self.model.stop_training:
            path = self.context.run / REFIT_STATE
            save_state(path, self.network, self.model.optimizer, phase=self.phase, epoch=epoch + 1)


def join_parts(split: pd.DataFrame) -> pd.DataFrame:
    """Return a split of which the validation images are training images, too."""
    return split.assign(part=split["part"].replace("validation", "train"))


def refit(plan: TrainingPlan, data: TrainingData, context: TrainingContext, best_epoch: int) -> bool:
    """Train the network of a run once more, and save it as `REFIT`.

    If that was interrupted earlier, it goes on after the last finished epoch.

    Args:
        plan: of the run.
        data: its images.
        context: its folder, progress and stop signal.
        best_epoch: in training.

    Returns:
        Whether it was done: not if it diverged, or a stop is requested meanwhile.

    Raises:
        DataError: an image can't be read.
        ModelError: the state of an interrupted training is damaged.
    """
    (context.run / REFIT).unlink(missing_ok=True)
    split = join_parts(plan.split)
    steps = steps_per_epoch(split.loc[split["part"] == "train", "label"].to_numpy(int), plan.config)
    again, data = replace(plan, split=split, steps_per_epoch=steps), replace(data, table=join_parts(data.table))
    keras.utils.set_random_seed(plan.config.seed)
    with suppress(Cancelled), distribution_strategy().scope():
        network = build_network(again)
        if not _fit(again, network, data, context, best_epoch):
            return False
        with atomic_path(context.run / REFIT) as temporary, full_precision(network):
            network.save(temporary)
        return True
    return False


def _fit(
    plan: TrainingPlan, network: keras.Model, data: TrainingData, context: TrainingContext, best_epoch: int
) -> bool:
    """Fit the network phase by phase.

    Returns:
        Whether all of them ended.
    """
    state = context.run / REFIT_STATE
    saved = read_position(state) if state.exists() else None
    keeps_map = keeps_lesion_map(plan, network, data)
    for index, phase in enumerate(training_phases(plan.config)):
        complete = keeps_map and phase.name == "head"
        epochs = phase.epochs if complete else best_epochs(context.run, phase, best_epoch)
        if not epochs or (saved and index < saved.phase):
            continue
        done = saved.epoch if saved and index == saved.phase else 0
        progress = RefitProgress(context, network, index, epochs)
        steps = plan.steps_per_epoch
        context.progress(Progress(done=done * steps, total=epochs * steps, unit="steps", phase=PHASE))
        with phase_model(plan, phase, network, data, context) as trained:
            if done:
                restore_state(state, network, trained.model.optimizer)
            trained.model.fit(
                trained.batches(done),
                epochs=epochs,
                initial_epoch=done,
                steps_per_epoch=trained.steps,
                verbose=0,
                callbacks=[progress],
                shuffle=False,
            )
        if progress.diverged:
            state.unlink(missing_ok=True)
        if progress.diverged or context.stop_signal.is_set():
            return False
    return True


def best_epochs(run: Path, phase: Phase, best_epoch: int) -> int:
    """Return after how many of its epochs a phase was best.

    Args:
        run: with the metrics of all epochs.
        phase: of the training.
        best_epoch: the best one of all phases.

    Returns:
        0 if the phase didn't improve on the one before.
    """
    epochs = [record for record in read_metrics(run) if isinstance(record, EpochRecord) and record.phase == phase.name]
    improved = [record for record in epochs if record.epoch <= best_epoch]
    if not improved:
        return 0
    best = max(improved, key=lambda record: (record.val_auc, -record.val_loss))
    return best.epoch - epochs[0].epoch + 1
