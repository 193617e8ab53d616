"""Train a network: from a plan to a verified model folder.

<models>/<run>/
    config.json  split.parquet  metrics.jsonl      configuration, part of each image, metrics while it trains
    marks.json                                     readers' marks that count as lesions
    training_images.parquet                        images that it, or a model that it started from, was fitted to
    checkpoint.keras                               the best network so far
    refit.keras  refit.npz                         the network that is trained once more, see refit; until it is exported
    resume.npz                                     state from which to resume, see callbacks.training_state
    example_maps.npz                               a few validation images with their activation map after each epoch
    events/                                        the epochs' metrics for TensorBoard
    model.keras, contract.json, …, card.json       the exported model, see mammo_core.models.bundle
    verification.json                              the result of reloading it in a fresh process
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.marks import MarkFile
from mammo_core.documents.metrics import METRICS, StartRecord, append_record
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress, never_stop
from mammo_core.documents.training_config import RunConfig
from mammo_core.documents.training_result import TrainingResult, TrainingStatus
from mammo_core.errors import ConfigError, DataError
from mammo_core.learning._tensorflow import keras, tf
from mammo_core.learning.callbacks.best_checkpoint import BestCheckpoint
from mammo_core.learning.callbacks.example_maps import ExampleMapsWriter
from mammo_core.learning.callbacks.metrics_logger import MetricsLogger, rewind_metrics
from mammo_core.learning.callbacks.tensorboard import TensorBoardLogger
from mammo_core.learning.callbacks.training_state import STATE, TrainingStateCheckpoint, read_position, restore
from mammo_core.learning.callbacks.validation import ValidationMetrics
from mammo_core.learning.cancellation import Cancelled, StopSignal, TrainingContext, batches
from mammo_core.learning.export_model import CHECKPOINT, export_model
from mammo_core.learning.networks import load
from mammo_core.learning.phase_model import PhaseModel, phase_model
from mammo_core.learning.plan import Phase, TrainingPlan, training_phases
from mammo_core.learning.refit import refit
from mammo_core.learning.start_network import build_network, distribution_strategy
from mammo_core.learning.trained_run import TrainedRun
from mammo_core.learning.training_data import TrainingData, count_parts
from mammo_core.models.bundle import TRAINING_IMAGES
from mammo_core.models.provenance import write_provenance
from mammo_core.storage.atomic import atomic_path
from mammo_core.storage.parquet_files import read_parquet
from mammo_core.storage.standard_output import printable

logger = logging.getLogger(__name__)

SPLIT, MARKS, EVENTS = "split.parquet", "marks.json", "events"  # in a run's folder
SPLIT_COLUMNS = ["patient_id", "image_id", "label", "part"]


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

    plan = prepare_run_folder(plan, run)
    for note in plan.notes:
        logger.warning(printable(note))
    images = StoredImages(plan.store, plan.split["png"].tolist())
    data = TrainingData(plan.split, images, selected=np.ones(len(images), bool))
    context = TrainingContext(run, progress, stop_signal)
    metrics_logger, best = fit(plan, data, context)
    if best.best is None:
        return result(*_describe_end_without_model(stop_signal), epochs=metrics_logger.epochs_done)
    trained = TrainedRun(run, plan, data, best.best_epoch, _train_once_more(plan, data, context, best.best_epoch))
    evaluated = export_model(trained, stop_signal, lambda phase: progress(Progress(done=1, total=1, phase=phase)))
    ended = _describe_end(stop_signal, best, trained, evaluated)
    return result(*ended, metrics_logger.epochs_done, best.best_epoch)


def prepare_run_folder(plan: TrainingPlan, run: Path) -> TrainingPlan:
    """Write the files that a run folder holds before training, or check them.

    A run can be resumed only with the same settings and images.

    Returns:
        The plan; of a run that is resumed, with the marks with which it began.

    Raises:
        ConfigError, DataError: they differ.
    """
    if (run / STATE).exists():
        _check_same(plan, run)
        plan = replace(plan, marks=MarkFile.read(run / MARKS).marks if (run / MARKS).exists() else ())
    else:
        RunConfig.of(plan.config).write(run / RunConfig.file_name)
        with atomic_path(run / SPLIT) as path:
            plan.split[SPLIT_COLUMNS].to_parquet(path, index=False)
        source = plan.store.source()
        MarkFile(csv=source.csv, dataset=source.dataset, marks=plan.marks).write(run / MARKS)
        (run / METRICS).unlink(missing_ok=True)
        append_record(run / METRICS, StartRecord(time=time.time(), parts=count_parts(plan.split)))
        write_provenance(run / TRAINING_IMAGES, plan.split, plan.start)
    return plan


def _check_same(plan: TrainingPlan, run: Path) -> None:
    """Refuse to resume a run with other settings or images.

    The best score so far would not be comparable.
    """
    if RunConfig.read(run / RunConfig.file_name) != RunConfig.of(plan.config):
        raise ConfigError(f"{run.name} was started with other settings. Start a new run for these.")
    if not read_parquet(run / SPLIT).equals(plan.split[SPLIT_COLUMNS]):
        raise DataError(f"The images of {plan.store.name} have changed since {run.name} started. Start a new run.")


def fit(plan: TrainingPlan, data: TrainingData, context: TrainingContext) -> tuple[MetricsLogger, BestCheckpoint]:
    """Fit the network to the training part, phase by phase.

    An interrupted run resumes after its last finished epoch.

    Returns:
        The metrics logger, which counts the finished epochs, and the best checkpoint.

    Raises:
        DataError: an image can't be read.
    """
    state, config = context.run / STATE, plan.config
    saved = read_position(state) if state.exists() else None
    best = BestCheckpoint(context.run / CHECKPOINT, config.patience)
    metrics_logger = MetricsLogger(
        context.run / METRICS, config, context.progress, context.stop_signal, saved.epoch if saved else 0
    )
    if saved:
        rewind_metrics(context.run / METRICS, saved.epoch)
    with suppress(Cancelled), distribution_strategy().scope():
        context.progress(Progress(done=0, total=0, phase="Building the network"))
        network = build_network(plan)
        best.network = network
        with unreadable_images(data.images):
            example_maps = ExampleMapsWriter(context.run, network, data, config.seed, saved.epoch if saved else 0)
        for index, phase in enumerate(training_phases(config)):
            if saved and index < saved.phase:
                continue
            resumed = saved is not None and index == saved.phase
            if not resumed:
                _begin_phase(network, best, metrics_logger.epochs_done)
            metrics_logger.phase = phase.name
            with phase_model(plan, phase, network, data, context) as trained:
                context.progress(Progress(done=0, total=0, phase="Compiling the first step"))
                if resumed:
                    restore(state, network, trained.model.optimizer, best)
                with unreadable_images(data.images):
                    state_checkpoint = TrainingStateCheckpoint(state, best, network, index)
                    _fit_phase(trained, phase, best, metrics_logger, [example_maps, state_checkpoint])
            if context.stop_signal.is_set() or context.stop_signal.diverged:
                break
    return metrics_logger, best


def _train_once_more(plan: TrainingPlan, data: TrainingData, context: TrainingContext, best_epoch: int) -> bool:
    """Train the network once more if that is a setting of the run.

    Returns:
        Whether it was done: not if training, or this second one, diverged or is stopped.

    Raises:
        DataError: an image can't be read.
    """
    if not plan.config.refit or context.stop_signal.diverged or context.stop_signal.is_set():
        return False
    with unreadable_images(data.images):
        return refit(plan, data, context, best_epoch)


def _begin_phase(network: keras.Model, best: BestCheckpoint, epochs_done: int) -> None:
    """Go on from the best network so far, with new patience."""
    best.first_epoch = epochs_done
    if best.best_epoch:
        network.set_weights(load(best.path).get_weights())


def _fit_phase(
    trained: PhaseModel,
    phase: Phase,
    best: BestCheckpoint,
    metrics_logger: MetricsLogger,
    last: list[keras.callbacks.Callback],
) -> None:
    """Fit the layers of a phase until its epochs or its patience are over.

    The callbacks in `last` are called after the others.
    """
    done = metrics_logger.epochs_done
    if done > best.first_epoch and best.patience_exhausted(done):
        return
    callbacks = [
        ValidationMetrics(trained.predict_validation, trained.validation_labels, metrics_logger.stop_signal),
        best,
        metrics_logger,
        TensorBoardLogger(metrics_logger.path.parent / EVENTS),
        *last,
    ]
    trained.model.fit(
        trained.batches(done),
        epochs=best.first_epoch + phase.epochs,
        initial_epoch=done,
        steps_per_epoch=trained.steps,
        verbose=0,
        callbacks=callbacks,
        shuffle=False,
    )


@contextmanager
def unreadable_images(images: np.ndarray | StoredImages) -> Iterator[None]:
    """Name the image by which TensorFlow's reading failed.

    Raises:
        DataError: an image is missing, damaged or of another size.
    """
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError, tf.errors.OutOfRangeError):
        for batch in batches(np.arange(len(images))):
            images[batch]  # raises the error that names it
        raise


def _describe_end_without_model(stop_signal: StopSignal) -> tuple[TrainingStatus, str]:
    if stop_signal.diverged:
        return "diverged", "The loss is not a number. Try a smaller learning rate."
    return "stopped", "Stopped before the first epoch ended; there is no model."


def _describe_end(
    stop_signal: StopSignal, best: BestCheckpoint, trained: TrainedRun, evaluated: TrainingData
) -> tuple[TrainingStatus, str]:
    auc, _ = best.best or (0.0, 0.0)
    kept = f"Kept the model of epoch {best.best_epoch} (best validation AUC, {auc:.3f})."
    if stop_signal.diverged:
        return "diverged", f"The loss is not a number. Try a smaller learning rate. {kept}"
    if trained.refitted:
        kept += " The network was then trained once more, on training and validation patients."
    lacks_refit = trained.plan.config.refit and not trained.refitted
    if stop_signal.stopped:
        if lacks_refit:
            kept += " It wasn't trained once more; resume the run for that."
        return "stopped", " ".join(["Stopped on request.", kept, *evaluated.describe_sample()])
    if lacks_refit:
        kept += " It wasn't trained once more: the loss was not a number. Try a smaller learning rate."
    return "finished", f"Finished. {kept}"
