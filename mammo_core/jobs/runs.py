"""List training runs, models and active jobs."""

from pathlib import Path

import pandas as pd

from mammo_core.assessment.compare import compare_models
from mammo_core.documents.card import ModelCard
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.job import FINAL, RunSummary
from mammo_core.documents.metrics import read_last_epoch
from mammo_core.documents.report import EvaluationReport
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError, ModelNotFound
from mammo_core.evaluation.tables import format_ci
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.models.bundle import CARD, EVALUATION, open_bundle
from mammo_core.models.registry import active_model, list_models, model_folder, read_note
from mammo_core.storage.names import named_folder
from mammo_core.workspace import Workspace


def list_runs(workspace: Workspace) -> list[RunSummary]:
    """Return a summary of each run, newest first, then of other models.

    A run with a damaged file has the state "unreadable"; the others are not affected.
    """
    active = _active_folder(workspace)
    return [_summarise(folder, active, _read_report(folder)) for folder in _listed_folders(workspace)]


def _listed_folders(workspace: Workspace) -> list[Path]:
    """Return the folder of each run, newest first, then of other models."""
    folders = _run_folders(workspace)
    for name in list_models(workspace):
        if model_folder(workspace, name) not in folders:
            folders.append(model_folder(workspace, name))
    return folders


def run_names(workspace: Workspace) -> list[str]:
    """Return the names of the training runs, newest first."""
    return [folder.name for folder in _run_folders(workspace)]


def _run_folders(workspace: Workspace) -> list[Path]:
    folders = [path.parent for path in workspace.models.glob(f"*/{SPEC}")]
    return sorted(folders, key=lambda folder: JobFolder(folder).requested_at(), reverse=True)


def _active_folder(workspace: Workspace) -> Path | None:
    """Return the resolved folder of the active model; None if it is missing."""
    try:
        return model_folder(workspace, active_model(workspace)).resolve()
    except (DataError, ModelNotFound):
        return None


def _summarise(folder: Path, active: Path | None, report: EvaluationReport | None) -> RunSummary:
    job = JobFolder(folder)
    state, message = (job.state(), job.message()) if job.exists else ("shipped", "")
    epochs = None
    try:
        epochs = read_epochs(folder)
    except DataError as error:
        state, message = "unreadable", str(error)
    return RunSummary(
        run=folder.name,
        state=state,
        message=message,
        epochs=epochs,
        auc=report.auc if report else None,
        active=folder.resolve() == active,
        folder=str(folder),
    )


def read_epochs(run: Path) -> int | None:
    """Return how many epochs a run has done; None before the first.

    Raises:
        DataError: its metrics can't be read.
    """
    return read_last_epoch(run)


def read_auc(run: Path) -> Estimate | None:
    """Return the AUC by breast of a run's model; None without a readable report."""
    report = _read_report(run)
    return report.auc if report else None


def model_table(workspace: Workspace) -> pd.DataFrame:
    """Return a table of all runs and models to choose from, newest first.

    Returns:
        model, active, state, network, data, settings (those that differ from their default), epochs
        done, AUC and gain over age alone as text, verdict, note.
    """
    rows, active = [], _active_folder(workspace)
    for folder in _listed_folders(workspace):
        card, report = _read_card(folder), _read_report(folder)
        run = _summarise(folder, active, report)
        age = report.baselines.age_only if report else None
        rows.append(
            {
                "model": run.run,
                "active": run.active,
                "state": run.state,
                "network": card.network if card else None,
                "data": card.data.dataset if card else None,
                "settings": _changed_settings(card.config) if card else "",
                "epochs": run.epochs,
                "AUC by breast (95 % CI)": format_ci(report.auc) if report else None,
                "gain over age alone (95 % CI)": format_ci(age.gain) if age else None,
                "verdict": report.verdict if report else None,
                "note": read_note(workspace, run.run),
            }
        )
    return pd.DataFrame(rows)


def compare_with_active(workspace: Workspace, name: str) -> str:
    """Compare a model with the active one, in a sentence.

    Both must have been evaluated on the same patients.

    Raises:
        ModelError: a file of one of them was changed.
        DataError: they were evaluated on different patients.
    """
    rival = active_model(workspace)
    if rival == name or rival not in list_models(workspace):
        return "There is no other active model to compare it with."
    candidate, other = (open_bundle(model_folder(workspace, model)).evaluation_predictions() for model in (name, rival))
    return compare_models(candidate, other, rival).verdict


def active_jobs(workspace: Workspace) -> list[JobFolder]:
    """Return all jobs that are queued or running."""
    return [folder for folder in _list_jobs(workspace) if folder.state() not in FINAL]


def unreadable_jobs(workspace: Workspace) -> list[JobFolder]:
    """Return all jobs whose state can't be read."""
    return [folder for folder in _list_jobs(workspace) if folder.state() == "unreadable"]


def _list_jobs(workspace: Workspace) -> list[JobFolder]:
    roots = (workspace.data, workspace.prepared, workspace.models)
    return [JobFolder(path.parent) for root in roots for path in sorted(root.glob(f"*/{SPEC}"))]


def any_active(workspace: Workspace, names: list[str]) -> bool:
    """Return whether one of several runs is queued or running."""
    return any(JobFolder(run_folder(workspace, name)).state() not in FINAL for name in names)


def run_folder(workspace: Workspace, name: str) -> Path:
    """Return the folder of a run.

    Raises:
        InvalidName: no run can have this name.
    """
    return named_folder(workspace.models, name)


def _changed_settings(config: TrainingConfig) -> str:
    """Return, for people, the settings that differ from their default.

    Store and network are left out: they have columns of their own.
    """
    fields = TrainingConfig.model_fields
    return ", ".join(
        f"{key.replace('_', ' ')} {value}"
        for key, value in config.to_json().items()
        if key not in ("store", "network") and value != fields[key].default
    )


def _read_card(folder: Path) -> ModelCard | None:
    try:
        return ModelCard.read(folder / CARD) if (folder / CARD).exists() else None
    except DataError:
        return None  # the models page reports what is wrong with it


def _read_report(folder: Path) -> EvaluationReport | None:
    try:
        return EvaluationReport.read(folder / EVALUATION) if (folder / CARD).exists() else None
    except DataError:
        return None  # the models page reports what is wrong with it
