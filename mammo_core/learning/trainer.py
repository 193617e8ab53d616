"""Train a network: from a plan to a verified model folder.

<models>/<run>/
    config.json  split.parquet  metrics.jsonl      configuration, part of each image, metrics while it trains
    training_images.parquet                        images that it, or a model that it started from, was fitted to
    checkpoint.keras                               the best network so far, with its optimiser
    resume.npz                                     state from which to resume, see callbacks.training_state
    events/                                        the epochs' metrics for TensorBoard
    model.keras, contract.json, …, card.json       the exported model, see mammo_core.models.bundle
    verification.json                              the result of reloading it in a fresh process
"""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.dataset.splits import balance
from mammo_core.documents.metrics import METRICS, StartRecord, append_record
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress, never_stop
from mammo_core.documents.training_config import RunConfig
from mammo_core.documents.training_result import TrainingResult, TrainingStatus
from mammo_core.errors import ConfigError, DataError
from mammo_core.learning._tensorflow import keras, tf
from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint
from mammo_core.learning.callbacks.metrics_logger import MetricsLogger, rewind_metrics
from mammo_core.learning.callbacks.tensorboard import TensorBoardLogger
from mammo_core.learning.callbacks.training_state import STATE, TrainingStateCheckpoint, restore
from mammo_core.learning.callbacks.validation import ValidationMetrics
from mammo_core.learning.cancellation import Cancelled, StopSignal, batches
from mammo_core.learning.export_model import CHECKPOINT, export_model
from mammo_core.learning.input_pipeline import Batches
from mammo_core.learning.networks import build, load
from mammo_core.learning.plan import TrainingPlan
from mammo_core.learning.trained_run import TrainedRun
from mammo_core.learning.training_data import TrainingData, count_parts
from mammo_core.models.bundle import TRAINING_IMAGES
from mammo_core.models.provenance import write_provenance
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.parquet_files import read_parquet

logger = logging.getLogger(__name__)

SPLIT, EVENTS = "split.parquet", "events"  # in a run's folder
SPLIT_COLUMNS = ["patient_id", "image_id", "label", "part"]
LOSS = "categorical_crossentropy"
FINAL_LEARNING_RATE = 0.05  # as a share of the first, at the end of the cosine


class PositiveAUC(keras.metrics.AUC):
    """ROC AUC of the positive class's probability, from one-hot labels."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        super().update_state(y_true[:, 1], y_pred[:, 1], sample_weight)


def train(
    plan: TrainingPlan, run: Path, progress: ProgressCallback = ignore_progress, should_stop: ShouldStop = never_stop
) -> TrainingResult:
    """Train a network, evaluate and save it, and verify it in a fresh process.

    An interrupted run resumes after its last finished epoch.

    Args:
        plan: the resolved configuration.
        run: the run folder; its name becomes the model's.
        progress: called by `MetricsLogger` while the network trains; before and after, called with the name of the phase.
        should_stop: checked at every step and batch; the best model so far is exported, and evaluated on a sample if the
            data set is large.

    Raises:
        MammoError: the start model or the state to resume doesn't fit the plan, or the saved model predicts something else.
    """
    started = time.monotonic()
    keras.utils.set_random_seed(plan.config.seed)
    stop_signal = StopSignal(should_stop)

    def result(status: TrainingStatus, message: str, epochs: int = 0, best_epoch: int = 0) -> TrainingResult:
        return TrainingResult(
            run=run.name,
            status=status,
            message=message,
            epochs=epochs,
            best_epoch=best_epoch,
            seconds=round(time.monotonic() - started, 3),
            verified=best_epoch > 0,  # an export that can't be verified raises
        )

    prepare_run_folder(plan, run)
    for remark in plan.notes:
        logger.warning(remark)
    try:
        images = load_images(plan, progress, stop_signal)
    except Cancelled:
        return result("stopped", "Stopped while its images were being loaded.")
    data = TrainingData(plan.split, images, selected=np.ones(len(images), bool))
    metrics_logger, best = fit(plan, data, run, progress, stop_signal)
    if best.best is None:
        return result(*_describe_end_without_model(stop_signal), epochs=metrics_logger.epochs_done)
    trained = TrainedRun(run, plan, data, best.best_epoch)
    evaluated = export_model(trained, stop_signal, lambda phase: progress(Progress(done=1, total=1, phase=phase)))
    return result(*_describe_end(stop_signal, best, evaluated), metrics_logger.epochs_done, best.best_epoch)


def prepare_run_folder(plan: TrainingPlan, run: Path) -> None:
    """Write the files that a run folder holds before training, or check them.

    A run can be resumed only with the same settings and images.

    Raises:
        ConfigError, DataError: they differ.
    """
    if (run / STATE).exists():
        _check_same(plan, run)
    else:
        RunConfig.of(plan.config).write(run / RunConfig.file_name)
        with atomic_path(run / SPLIT) as path:
            plan.split[SPLIT_COLUMNS].to_parquet(path, index=False)
        (run / METRICS).unlink(missing_ok=True)
        append_record(run / METRICS, StartRecord(time=time.time(), parts=count_parts(plan.split)))
    with atomic_path(run / TRAINING_IMAGES) as path:
        write_provenance(path, plan.split, plan.start)


def _check_same(plan: TrainingPlan, run: Path) -> None:
    """Refuse to resume a run with other settings or images.

    The best score so far would not be comparable.
    """
    if RunConfig.read(run / RunConfig.file_name) != RunConfig.of(plan.config):
        raise ConfigError(f"{run.name} was started with other settings. Start a new run for these.")
    if not read_parquet(run / SPLIT).equals(plan.split[SPLIT_COLUMNS]):
        raise DataError(f"The images of {plan.store.name} have changed since {run.name} started. Start a new run.")


def load_images(plan: TrainingPlan, progress: ProgressCallback, stop_signal: StopSignal) -> np.ndarray:
    """Load the images of all parts, uint8 (n, size, size), in the order of the split.

    Raises:
        Cancelled: a stop is requested.
    """
    pngs, size = plan.split["png"].to_numpy(), plan.store.preprocessing.size
    images = np.empty((len(pngs), size, size), np.uint8)
    for batch in batches(np.arange(len(pngs)), stop_signal.is_set):
        images[batch] = plan.store.images(pngs[batch].tolist())
        progress(Progress(done=int(batch[-1]) + 1, total=len(pngs), phase="Loading the images"))
    return images


def fit(
    plan: TrainingPlan, data: TrainingData, run: Path, progress: ProgressCallback, stop_signal: StopSignal
) -> tuple[MetricsLogger, BestCheckpoint]:
    """Fit the network to the training part, resuming after the last finished epoch.

    Returns:
        The metrics logger, which counts the finished epochs, and the best checkpoint.
    """
    config, train_part = plan.config, data.indices("train")
    balanced, class_weights = balance(data.labels[train_part], config.imbalance, np.random.default_rng(config.seed))
    best = BestCheckpoint(run / CHECKPOINT, config.patience)
    with distribution_strategy().scope():
        model = build_model(plan)
        done = 0
        if (run / STATE).exists():
            done = restore(run / STATE, model, best)
            rewind_metrics(run / METRICS, done)
    metrics_logger = MetricsLogger(run / METRICS, config, progress, stop_signal, done)
    callbacks = [
        ValidationMetrics(data.images, data.labels, data.indices("validation"), stop_signal),
        best,
        metrics_logger,
        TensorBoardLogger(run / EVENTS),
        TrainingStateCheckpoint(run / STATE, best),
    ]
    if not (done and best.patience_exhausted(done)):
        training_batches = Batches(data.images, data.labels, train_part[balanced], class_weights, config, done)
        model.fit(
            training_batches, epochs=config.epochs, initial_epoch=done, verbose=0, callbacks=callbacks, shuffle=False
        )
    return metrics_logger, best


def build_model(plan: TrainingPlan) -> keras.Model:
    """Build the network, or load the start model, and compile it.

    The optimiser is Adam with a cosine schedule, the loss cross-entropy.
    """
    config, size = plan.config, plan.store.preprocessing.size
    model = load(plan.start.network_file) if plan.start else build(config.network, size, config.backbone_weights)
    steps = config.epochs * plan.steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps, alpha=FINAL_LEARNING_RATE)
    metrics = ["accuracy", PositiveAUC(name="auc")]
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss=LOSS, metrics=metrics)
    return model


def distribution_strategy() -> tf.distribute.Strategy:
    """Return the strategy that distributes the network over this machine's devices.

    It uses all GPUs if there are several.
    """
    several = len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()


def _describe_end_without_model(stop_signal: StopSignal) -> tuple[TrainingStatus, str]:
    if stop_signal.diverged:
        return "diverged", "The loss is not a number. Try a smaller learning rate."
    return "stopped", "Stopped before the first epoch ended; there is no model."


def _describe_end(stop_signal: StopSignal, best: BestCheckpoint, evaluated: TrainingData) -> tuple[TrainingStatus, str]:
    auc, _ = best.best or (0.0, 0.0)
    kept = f"Kept the model of epoch {best.best_epoch} (best validation AUC, {auc:.3f})."
    if stop_signal.diverged:
        return "diverged", f"The loss is not a number. Try a smaller learning rate. {kept}"
    if stop_signal.stopped:
        return "stopped", " ".join(["Stopped on request.", kept, *evaluated.describe_sample()])
    return "finished", f"Finished. {kept}"
