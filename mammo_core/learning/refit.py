"""Train a network once more, on training and validation patients.

With few patients, the validation part is many of them. Once training has shown what its probabilities mean and from which
one on to recall, nothing is left to validate. So the network is trained again from the same start, on both parts.
Calibration, threshold and the figures of the validation part stay those of the network that hadn't seen these patients.

Each phase runs for the number of epochs after which its validation AUC was highest. The exception is the head where the
lesion map of a start model is kept: it is a regularised logistic regression of texture then, which further epochs only
bring closer to its optimum, so it runs for all of them.
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
from mammo_core.errors import ModelError
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.training_state import SavedPosition, read_position, restore_state, save_state
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
        done: steps of all phases that are finished.
        total: steps of all phases.

    Attributes:
        diverged: whether the loss is no longer finite.
    """

    def __init__(self, context: TrainingContext, network: keras.Model, phase: int, done: int, total: int) -> None:
        super().__init__()
        self.context, self.network, self.phase, self.before, self.total = context, network, phase, done, total
        self.started, self.steps, self.diverged = time.monotonic(), 0, False

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Report the step."""
        if not np.isfinite(logs["loss"]):
            self.diverged = self.model.stop_training = True
            return
        self.steps += 1
        done = self.before + self.steps
        left = (time.monotonic() - self.started) / self.steps * (self.total - done)
        self.context.progress(Progress(done=done, total=self.total, unit="steps", phase=PHASE, seconds_left=left))
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
    """
    (context.run / REFIT).unlink(missing_ok=True)
    split = join_parts(plan.split)
    steps = steps_per_epoch(split.loc[split["part"] == "train", "label"].to_numpy(int), plan.config)
    again, data = replace(plan, split=split, steps_per_epoch=steps), replace(data, table=join_parts(data.table))
    with suppress(Cancelled), distribution_strategy().scope():
        try:
            network = _fitted(again, data, context, best_epoch)
        except ModelError:  # a damaged state: nothing is lost but time
            (context.run / REFIT_STATE).unlink(missing_ok=True)
            network = _fitted(again, data, context, best_epoch)
        if network is None:
            return False
        with atomic_path(context.run / REFIT) as temporary, full_precision(network):
            network.save(temporary)
        return True
    return False


def _fitted(plan: TrainingPlan, data: TrainingData, context: TrainingContext, best_epoch: int) -> keras.Model | None:
    """Return the network after all phases.

    Returns:
        None if it diverged, or a stop is requested.

    Raises:
        ModelError: the state to go on from is damaged.
    """
    keras.utils.set_random_seed(plan.config.seed)
    network = build_network(plan)
    keeps_map, state = keeps_lesion_map(plan, network, data), context.run / REFIT_STATE
    phases = training_phases(plan.config)
    epochs = [
        phase.epochs if keeps_map and phase.name == "head" else best_epochs(context.run, phase, best_epoch)
        for phase in phases
    ]
    saved = read_position(state) if state.exists() else SavedPosition(0, 0)
    for index, phase in enumerate(phases):
        if index < saved.phase or not epochs[index]:
            continue
        first = saved.epoch if index == saved.phase else 0
        done, total = (count * plan.steps_per_epoch for count in (sum(epochs[:index]) + first, sum(epochs)))
        context.progress(Progress(done=done, total=total, unit="steps", phase=PHASE))
        progress = RefitProgress(context, network, index, done, total)
        with phase_model(plan, phase, network, data, context) as trained:
            if first:
                restore_state(state, network, trained.model.optimizer)
            trained.model.fit(
                trained.batches(first),
                epochs=epochs[index],
                initial_epoch=first,
                steps_per_epoch=trained.steps,
                verbose=0,
                callbacks=[progress],
                shuffle=False,
            )
        if progress.diverged or not _is_finite(network):
            state.unlink(missing_ok=True)
            return None
        if context.stop_signal.is_set():
            return None
    return network


def _is_finite(network: keras.Model) -> bool:
    """Return whether all weights are numbers.

    The loss doesn't show what the last step did.
    """
    return all(np.isfinite(weights).all() for weights in network.get_weights())


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
