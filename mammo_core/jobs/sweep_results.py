"""Summarise the runs of a sweep by combination of settings, and its progress."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
from pydantic import JsonValue

from mammo_core.assessment.pooled_folds import pooled_auc
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.job import FINAL, PooledFolds
from mammo_core.errors import MammoError
from mammo_core.evaluation.tables import format_ci
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.jobs.run_table import SETTINGS
from mammo_core.jobs.runs import SWEEPS
from mammo_core.jobs.sweep import SweepJob
from mammo_core.jobs.training_runs import TrainingRun, read_run
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.workspace import Workspace

FOLD = "fold"
MISSING = "–"


@dataclass(frozen=True)
class SweepGroup:
    """The runs of one combination of settings: one run, or one for each fold.

    Attributes:
        settings: those in which the combinations differ.
        names: of all its runs, in the order of the folds.
        runs: those that have begun.
        auc: by breast, of the test parts of all folds together, or of the one run; None without a model.
        problem: why the folds can't be pooled, in a sentence; nothing if they can.
    """

    settings: dict[str, JsonValue]
    names: tuple[str, ...]
    runs: tuple[TrainingRun, ...]
    auc: Estimate | None = None
    problem: str = field(default="")

    @property
    def fold_aucs(self) -> list[float]:
        """The AUC of each run that has one."""
        return [run.auc.value for run in self.runs if run.auc is not None and run.auc.value is not None]

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the AUC over the folds; None with fewer than two."""
        return statistics.stdev(self.fold_aucs) if len(self.fold_aucs) > 1 else None

    def describe_state(self) -> str:
        """Return the state of the run, or how many runs have each state."""
        states = [run.state for run in self.runs] + ["waiting"] * (len(self.names) - len(self.runs))
        if len(set(states)) == 1:
            return states[0]
        return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))


def list_sweeps(workspace: Workspace) -> list[str]:
    """Return the names of all sweeps, newest first."""
    folders = [JobFolder(path.parent) for path in files_of_subfolders(workspace.models / SWEEPS, SPEC)]
    return [folder.name for folder in sorted(folders, key=JobFolder.requested_at, reverse=True)]


def group_runs(workspace: Workspace, sweep: SweepJob) -> list[SweepGroup]:
    """Return a sweep's runs by combination of settings, in the order of the values."""
    groups: dict[str, tuple[dict[str, JsonValue], list[str]]] = {}
    for job, differing in zip(sweep.training_jobs(), sweep.differences(), strict=True):
        settings = {name: value for name, value in differing.items() if name != FOLD}
        groups.setdefault(repr(settings), (settings, []))[1].append(job.name)
    return [_read_group(workspace, settings, names) for settings, names in groups.values()]


def _read_group(workspace: Workspace, settings: dict[str, JsonValue], names: Sequence[str]) -> SweepGroup:
    runs = tuple(read_run(workspace, name) for name in names if JobFolder(workspace.models / name).exists)
    tested = [run for run in runs if run.auc is not None]
    group = SweepGroup(settings, tuple(names), runs, tested[0].auc if len(tested) == 1 else None)
    if len(tested) < 2:
        return group
    try:
        auc = pooled_auc(workspace, [run.name for run in tested])
    except MammoError as error:  # the page shows it beside the other combinations
        return SweepGroup(settings, tuple(names), runs, problem=str(error))
    return SweepGroup(settings, tuple(names), runs, auc)


def pool_folds(workspace: Workspace, sweep: SweepJob) -> list[PooledFolds]:
    """Return the folds of each combination of settings taken together.

    Without folds there are none.
    """
    if not any(config.folds for config in sweep.configs):
        return []
    return [
        PooledFolds(
            settings=group.settings,
            runs=[run.name for run in group.runs if run.auc is not None],
            folds=len(group.names),
            auc=group.auc,
            lowest=min(group.fold_aucs, default=None),
            highest=max(group.fold_aucs, default=None),
            deviation=group.deviation,
        )
        for group in group_runs(workspace, sweep)
    ]


def sweep_fraction(workspace: Workspace, sweep: SweepJob) -> float:
    """Return how much of a sweep is done, in [0, 1], the runs under work included."""
    folders = [JobFolder(job.folder(workspace)) for job in sweep.training_jobs()]
    done = [0.0 if not folder.exists else 1.0 if folder.state() in FINAL else folder.fraction() for folder in folders]
    return sum(done) / len(done)


def active_runs(groups: Sequence[SweepGroup]) -> list[str]:
    """Return the names of the runs that are queued or running."""
    return [run.name for group in groups for run in group.runs if run.is_active]


def results_table(groups: Sequence[SweepGroup]) -> pd.DataFrame:
    """Return what came of each combination of settings, as text for display.

    Returns:
        One row per combination: each setting that differs, runs (that have a model, of all), state, AUC by breast, and with
        folds their range and standard deviation.
    """
    has_folds = any(len(group.names) > 1 for group in groups)
    return pd.DataFrame([_row(group, has_folds) for group in groups])


def _row(group: SweepGroup, has_folds: bool) -> dict[str, str]:
    aucs = group.fold_aucs
    row = {SETTINGS[name]: format_setting(value) for name, value in group.settings.items()}
    if has_folds:
        row["folds"] = f"{len(aucs)} of {len(group.names)}"
    row |= {"state": group.describe_state(), "AUC by breast (95 % CI)": format_ci(group.auc) if group.auc else MISSING}
    if has_folds:
        row["lowest to highest fold"] = f"{min(aucs):.3f} to {max(aucs):.3f}" if len(aucs) > 1 else MISSING
        row["SD over folds"] = MISSING if group.deviation is None else f"{group.deviation:.3f}"
    return row


def format_setting(value: JsonValue) -> str:
    """Return the value of a setting as text for display."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def results_frame(groups: Sequence[SweepGroup]) -> pd.DataFrame:
    """Return settings and AUC of the combinations that have one, for charts.

    Returns:
        One row per combination: each setting that differs, by its field, with its own type; auc, low and high (missing
        without an interval).
    """
    rows = [
        {**group.settings, "auc": group.auc.value, "low": group.auc.low, "high": group.auc.high}
        for group in groups
        if group.auc is not None and group.auc.value is not None
    ]
    names = list(groups[0].settings) if groups else []
    return pd.DataFrame(rows, columns=[*names, "auc", "low", "high"])
