"""Estimate how long a training will take, from runs that this machine has done."""

import math
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

from mammo_core.documents.job import FINAL
from mammo_core.documents.metrics import EpochRecord, MetricsRecord, StartRecord, StepRecord, read_metrics
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.time_estimate import TimeEstimate
from mammo_core.documents.training_config import Network, TrainingConfig
from mammo_core.errors import ConfigError, DataError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.runs import run_folder, run_names
from mammo_core.jobs.training import TrainJob
from mammo_core.learning.plan import VARIANTS, TrainingPlan, resolve, training_phases
from mammo_core.models.bundle import PREPROCESSING
from mammo_core.workspace import Workspace

START_SECONDS = 15.0  # until TensorFlow is loaded and the network built, whatever there is to learn
ROUGH_PIXELS_PER_SECOND: dict[Network, float] = {  # a guess for two cores without a GPU, until a run has been measured
    "compact": 3e6,
    "pretrained": 1.5e6,
    "original": 1.5e6,
    "large": 1e5,
}
FORWARD = 3  # so many times sooner than it is trained on, an image's features or its prediction are computed
CACHED = 20  # likewise, a head is trained on features that are computed already


@dataclass(frozen=True)
class _Speed:
    """What a finished run took.

    Attributes:
        before: seconds from its first record to its first epoch, and what the first epochs took longer than the others
            because they computed features, per image of its store.
        epoch: seconds for each image of an epoch, by phase; the median.
        after: seconds from its last epoch to its end, per image of its store.
    """

    before: float
    epoch: dict[str, float]
    after: float


def estimate_training(workspace: Workspace, plan: TrainingPlan) -> TimeEstimate:
    """Estimate the time that a plan takes if no epoch is saved by early stopping.

    It is measured where a run of the same network on images of this size has ended on this machine, and else rough.

    Raises:
        OSError: the file system refuses.
    """
    images, per_epoch = len(plan.split), plan.steps_per_epoch * plan.config.batch_size
    phases = training_phases(plan.config)
    speeds = [speed for speed in _measured(workspace, plan) if all(phase.name in speed.epoch for phase in phases)]
    if not speeds:
        return TimeEstimate(seconds=_rough(plan), measured=False)
    seconds = START_SECONDS + images * (median(s.before for s in speeds) + median(s.after for s in speeds))
    for phase in phases:
        seconds += phase.epochs * per_epoch * median(speed.epoch[phase.name] for speed in speeds)
    return TimeEstimate(seconds=seconds, measured=True)


def _rough(plan: TrainingPlan) -> float:
    pixels = math.prod(plan.store.preprocessing.shape)
    second_per_image = pixels / ROUGH_PIXELS_PER_SECOND[plan.config.network]
    images, per_epoch = len(plan.split), plan.steps_per_epoch * plan.config.batch_size
    seconds = START_SECONDS + images * second_per_image / FORWARD  # the evaluation at the end
    for phase in training_phases(plan.config):
        if phase.name == "head" and plan.caches_features:
            trained = VARIANTS * images / FORWARD + phase.epochs * per_epoch / CACHED
        else:
            trained = phase.epochs * per_epoch
        seconds += (2 if plan.config.refit else 1) * trained * second_per_image
    return seconds


def _measured(workspace: Workspace, plan: TrainingPlan) -> Iterator[_Speed]:
    """Yield the speed of each like run that has ended on this machine."""
    for name in run_names(workspace):
        folder = JobFolder(run_folder(workspace, name))
        with suppress(DataError, ConfigError):  # a damaged run tells nothing
            if _is_comparable(folder, plan) and (speed := _speed(folder)):
                yield speed


def _is_comparable(folder: JobFolder, plan: TrainingPlan) -> bool:
    process = folder.process()
    return (
        folder.state() in FINAL
        and process is not None
        and process.host == socket.gethostname()
        and folder.spec(TrainJob).config.network == plan.config.network
        and _counts_as_much_after(folder, plan.config)
        and (folder.path / PREPROCESSING).exists()  # it has a model
        and PreprocessingConfig.read(folder.path / PREPROCESSING).shape == plan.store.preprocessing.shape
    )


def _counts_as_much_after(folder: JobFolder, config: TrainingConfig) -> bool:
    """Return whether a run took as much after its epochs as a plan will.

    Training once more counts as a part of it, and takes longer with more epochs. A run that was stopped may lack it.
    """
    before = folder.spec(TrainJob).config
    if not config.refit:
        return not before.refit
    earlier, planned = ([(phase.name, phase.epochs) for phase in training_phases(each)] for each in (before, config))
    return before.refit and earlier == planned and folder.state() == "finished"


def _speed(folder: JobFolder) -> _Speed | None:
    """Return what a run took; None if it was resumed, or has no epoch."""
    records = read_metrics(folder.path)
    epochs = [record for record in records if isinstance(record, EpochRecord)]
    start = next((record for record in records if isinstance(record, StartRecord)), None)
    if start is None or not epochs or {record.kind for record in records} - {"start", "step", "epoch"}:
        return None
    images = sum(part.images for part in start.parts.values())
    per_epoch = _steps(records) * folder.spec(TrainJob).config.batch_size
    began = epochs[0].time - epochs[0].seconds - start.time
    ended = folder.written_state().time - epochs[-1].time
    by_phase: dict[str, list[float]] = {}
    for record in epochs:
        by_phase.setdefault(record.phase, []).append(record.seconds)
    head = by_phase.get("head", [0.0])
    features = sum(max(0.0, seconds - median(head)) for seconds in head)
    return _Speed(
        before=(max(0.0, began) + features) / images,
        epoch={phase: median(seconds) / per_epoch for phase, seconds in by_phase.items()},
        after=max(0.0, ended) / images,
    )


def _steps(records: Sequence[MetricsRecord]) -> int:
    return max((record.steps for record in records if isinstance(record, StepRecord)), default=1)


def estimate_sweep(workspace: Workspace, configs: Sequence[TrainingConfig]) -> TimeEstimate:
    """Estimate the time of several runs, one after the other.

    Runs that take the same time are estimated once.

    Args:
        workspace: the folders to work in.
        configs: of the runs, at least one.

    Raises:
        MammoError: one of them isn't possible.
        OSError: the file system refuses.
    """
    alike: dict[TrainingConfig, list[TrainingConfig]] = {}
    for config in configs:
        alike.setdefault(config.model_copy(update=_without_effect_on_time(config)), []).append(config)
    estimates = [(estimate_training(workspace, resolve(workspace, group[0])), len(group)) for group in alike.values()]
    seconds = [None if estimate.seconds is None else estimate.seconds * number for estimate, number in estimates]
    known = [value for value in seconds if value is not None]
    return TimeEstimate(
        seconds=sum(known) if len(known) == len(seconds) else None,
        measured=all(estimate.measured for estimate, _ in estimates),
    )


def _without_effect_on_time(config: TrainingConfig) -> dict[str, float | int | None]:
    """Return fixed values of the settings that don't change how long a run takes."""
    fields = ("learning_rate", "fine_tuning_rate", "seed", "patience", "lesion_weight")
    fixed = {name: TrainingConfig.model_fields[name].default for name in fields}
    return {**fixed, "fold": None if config.folds is None else 1}
