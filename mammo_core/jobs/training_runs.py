"""Describe the training runs of a store: a table to choose from, labels, results."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.job import FINAL, JobState, State
from mammo_core.documents.metrics import METRICS, read_epochs
from mammo_core.documents.progress import duration
from mammo_core.documents.run_tags import RunTags, read_tags
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.runs import read_figures, run_folder, run_names
from mammo_core.jobs.training import TrainJob
from mammo_core.models.bundle import CARD, EVALUATION
from mammo_core.models.registry import NOTE, read_note_file
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.workspace import Workspace

MISSING = "–"
READ_FILES = (SPEC, JobState.file_name, METRICS, CARD, EVALUATION, RunTags.file_name, NOTE)  # what a run is read from
KEPT_RUNS = 2048  # that have ended, read once while their files stay the same


@dataclass(frozen=True)
class TrainingRun:
    """One training run.

    Attributes:
        name: of the run, and of its model.
        state: its true state.
        config: its settings; None if they can't be read.
        requested_at: when it was started or resumed, in seconds since 1970.
        seconds: from then to its end, or to now; None if that can't be told.
        epochs: finished; None before the first.
        figures: figures of merit by breast, of the exported model, by name; empty without one.
        best_epoch: the one with the highest validation AUC; None before the first.
        validation_auc: by image, of that epoch.
        tags: the user's tags, and whether it is archived.
        note: the user's note.
    """

    name: str
    state: State
    config: TrainingConfig | None
    requested_at: float
    seconds: float | None = None
    epochs: int | None = None
    figures: Mapping[str, Estimate] = field(default_factory=dict)
    best_epoch: int | None = None
    validation_auc: float | None = None
    tags: RunTags = field(default_factory=RunTags)
    note: str = ""

    @property
    def auc(self) -> Estimate | None:
        """The AUC by breast of the exported model; None without one."""
        return self.figures.get("auc")

    @property
    def is_active(self) -> bool:
        """Whether it is queued or running."""
        return self.state not in FINAL

    def label(self) -> str:
        """Return the run in one line: its start, its network, its AUC or state."""
        auc = None if self.auc is None else self.auc.value
        return f"{self.short_name()} · {self.state if auc is None else f'AUC {auc:.2f}'}"

    def short_name(self) -> str:
        """Return the run's start and network, which stay the same while it runs."""
        started = f"{datetime.fromtimestamp(self.requested_at):%d %b %H:%M}"
        return f"{started} · {self.config.network if self.config else self.name}"


def list_training_runs(workspace: Workspace) -> list[TrainingRun]:
    """Return all runs, newest first, archived ones too."""
    return [read_run(workspace, name) for name in run_names(workspace)]


def store_runs(workspace: Workspace, store: str, shown: str | None = None) -> list[TrainingRun]:
    """Return the runs on a store that aren't archived, newest first.

    Those whose settings can't be read are among them: they may be of any store.

    Args:
        workspace: the folders to work in.
        store: name of the store.
        shown: a run that is among them also if it is archived.
    """
    return [
        run
        for run in list_training_runs(workspace)
        if (run.config is None or run.config.store == store) and (not run.tags.archived or run.name == shown)
    ]


def active_progress(workspace: Workspace, names: Sequence[str]) -> dict[str, tuple[State, int | None]]:
    """Return state and finished epochs of runs, by name: what a list of them shows."""
    runs = [read_run(workspace, name) for name in names]
    return {run.name: (run.state, run.epochs) for run in runs}


def read_run(workspace: Workspace, name: str) -> TrainingRun:
    """Read the state, settings and result of a run.

    One that has ended is read again only after one of its files has changed.

    Raises:
        InvalidName: no run can have this name.
    """
    job = JobFolder(run_folder(workspace, name))
    state = job.state()
    if state in FINAL:
        return _read_ended(job.path, state, file_states(job.path / file for file in READ_FILES))
    return _read(job, state)


@lru_cache(maxsize=KEPT_RUNS)
def _read_ended(folder: Path, state: State, states: FileStates) -> TrainingRun:
    return _read(JobFolder(folder), state)


def _read(job: JobFolder, state: State) -> TrainingRun:
    config, epochs, tags = None, [], RunTags()
    with suppress(DataError):  # a damaged file: the run stays in the list, and its view says what is wrong
        config = job.spec(TrainJob).config
        epochs = read_epochs(job.path)
    with suppress(DataError):  # likewise, where tags are changed
        tags = read_tags(job.path)
    best = max(epochs, key=lambda record: (record.val_auc, -record.val_loss), default=None)
    return TrainingRun(
        name=job.name,
        state=state,
        config=config,
        requested_at=job.requested_at(),
        seconds=_seconds(job, state),
        epochs=max((record.epoch for record in epochs), default=None),
        figures=read_figures(job.path),
        best_epoch=best.epoch if best else None,
        validation_auc=best.val_auc if best else None,
        tags=tags,
        note=read_note_file(job.path),
    )


def _seconds(job: JobFolder, state: State) -> float | None:
    requested_at = job.requested_at()
    if not requested_at or state in ("crashed", "unreadable"):
        return None
    with suppress(DataError):
        ended = job.written_state().time if state in FINAL else time.time()
        return max(0.0, ended - requested_at)
    return None


def store_of_run(workspace: Workspace, name: str | None) -> str | None:
    """Return the store of the run that a page's address names, or None."""
    if not name or name not in run_names(workspace):
        return None
    config = read_run(workspace, name).config
    return config.store if config else None


def short_names(runs: Sequence[TrainingRun]) -> dict[str, str]:
    """Return a short name of each run, by its name.

    Those that would be the same keep their name.
    """
    names = [run.short_name() for run in runs]
    return {run.name: run.name if names.count(short) > 1 else short for run, short in zip(runs, names, strict=True)}


def first_run(runs: Sequence[TrainingRun]) -> TrainingRun | None:
    """Return the run to show first: the newest that is active, else the newest."""
    return next((run for run in runs if run.is_active), runs[0] if runs else None)


def run_table(runs: Sequence[TrainingRun]) -> pd.DataFrame:
    """Return a table of runs, with one row each, as text for display."""
    from mammo_core.assessment.model_table import changed_settings
    from mammo_core.evaluation.tables import format_ci

    rows = [
        {
            "started": f"{datetime.fromtimestamp(run.requested_at):%Y-%m-%d %H:%M}",
            "state": run.state,
            "network": run.config.network if run.config else MISSING,
            "AUC by breast (95 % CI)": format_ci(run.auc) if run.auc else MISSING,
            "epochs": str(run.epochs or MISSING),
            "duration": MISSING if run.seconds is None else duration(run.seconds),
            "settings": changed_settings(run.config) if run.config else MISSING,
            "run": run.name,
        }
        for run in runs
    ]
    return pd.DataFrame(rows)


def summary_table(runs: Sequence[TrainingRun]) -> pd.DataFrame:
    """Return result and main settings of runs as text, one column for each run."""
    columns = {run.label(): _describe_run(run) for run in runs}
    return pd.DataFrame(columns).rename_axis("run").reset_index()


def _describe_run(run: TrainingRun) -> dict[str, str]:
    from mammo_core.evaluation.tables import format_ci

    values = {
        "AUC by breast (95 % CI)": format_ci(run.auc) if run.auc else MISSING,
        "duration": MISSING if run.seconds is None else duration(run.seconds),
        "epochs": str(run.epochs or 0),
    }
    if config := run.config:
        values["epochs"] = f"{run.epochs or 0} of at most {config.epochs}"
        values |= {
            "network": config.network,
            "start": config.start_from or ("ImageNet weights" if config.network == "pretrained" else "random weights"),
            "batch size": str(config.batch_size),
            "learning rate": f"{config.learning_rate:g}",
            "imbalance": config.imbalance.replace("_", " "),
            "augmentation": "on" if config.augment else "off",
        }
    return values
