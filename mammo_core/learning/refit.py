"""Train a head once more, on training and validation patients.

With few patients, the validation part is many of them. Once training has shown what its probabilities mean and from which
one on to recall, nothing is left to validate. So the head is trained again from the same start, on both parts. Calibration,
threshold and the figures of the validation part stay those of the network that hadn't seen these patients.

Where the lesion map isn't trained, the head is a regularised logistic regression of texture, and each epoch brings it
nearer to its best weights: it is trained for all epochs. Otherwise for as many as were best in training.
"""

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.documents.progress import Progress
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.cancellation import Cancelled, TrainingContext
from mammo_core.learning.phase_model import keeps_lesion_map, phase_model
from mammo_core.learning.plan import TrainingPlan, steps_per_epoch, training_phases
from mammo_core.learning.precision import full_precision
from mammo_core.learning.start_network import build_network, distribution_strategy
from mammo_core.learning.training_data import TrainingData
from mammo_core.storage.atomic import atomic_path

REFIT = "refit.keras"  # in a run's folder until its model is exported
PHASE = "Training the head once more, on training and validation patients"


class RefitProgress(keras.callbacks.Callback):
    """Report the progress in steps, and end training on request or divergence.

    Args:
        context: of the run.
        epochs: how many there will be.

    Attributes:
        diverged: whether the loss is no longer finite.
    """

    def __init__(self, context: TrainingContext, epochs: int) -> None:
        super().__init__()
        self.context, self.epochs, self.started, self.steps = context, epochs, time.monotonic(), 0
        self.diverged = False

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """Report the step."""
        if not np.isfinite(logs["loss"]):
            self.diverged = self.model.stop_training = True
            return
        self.steps += 1
        total = self.epochs * self.params["steps"]
        left = (time.monotonic() - self.started) / self.steps * (total - self.steps)
        self.context.progress(Progress(done=self.steps, total=total, unit="steps", phase=PHASE, seconds_left=left))
        if self.context.stop_signal.is_set():
            self.model.stop_training = True


def join_parts(split: pd.DataFrame) -> pd.DataFrame:
    """Return a split of which the validation images are training images, too."""
    return split.assign(part=split["part"].replace("validation", "train"))


def refit(plan: TrainingPlan, data: TrainingData, context: TrainingContext, best_epoch: int) -> bool:
    """Train the head of a run once more, and save the network as `REFIT`.

    Args:
        plan: of the run, with one phase.
        data: its images.
        context: its folder, progress and stop signal.
        best_epoch: in training.

    Returns:
        Whether it was done: not if it diverged, or a stop is requested meanwhile.

    Raises:
        DataError: an image can't be read.
    """
    (phase,) = training_phases(plan.config)
    (context.run / REFIT).unlink(missing_ok=True)
    split = join_parts(plan.split)
    steps = steps_per_epoch(split.loc[split["part"] == "train", "label"].to_numpy(int), plan.config)
    again, data = replace(plan, split=split, steps_per_epoch=steps), replace(data, table=join_parts(data.table))
    keras.utils.set_random_seed(plan.config.seed)
    with suppress(Cancelled), distribution_strategy().scope():
        network = build_network(again)
        epochs = phase.epochs if keeps_lesion_map(again, network, data) else best_epoch
        progress = RefitProgress(context, epochs)
        context.progress(Progress(done=0, total=epochs * steps, unit="steps", phase=PHASE))
        with phase_model(again, phase, network, data, context) as trained:
            trained.model.fit(
                trained.batches(0),
                epochs=epochs,
                steps_per_epoch=trained.steps,
                verbose=0,
                callbacks=[progress],
                shuffle=False,
            )
        if not progress.diverged and not context.stop_signal.is_set():
            with atomic_path(context.run / REFIT) as temporary, full_precision(network):
                network.save(temporary)
            return True
    return False
