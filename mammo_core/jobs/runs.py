"""List training runs and active jobs."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.job import FINAL, RunSummary
from mammo_core.documents.metrics import read_last_epoch
from mammo_core.documents.run_tags import RunTags, read_tags
from mammo_core.documents.store_evaluation import StoreEvaluation
from mammo_core.errors import DataError, ModelNotFound
from mammo_core.jobs.folder import SPEC, JobFolder
from mammo_core.models.registry import active_model, list_models, model_folder, read_note_file
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.names import named_folder
from mammo_core.storage.path_text import as_written, message_text, path_text
from mammo_core.workspace import Workspace

SWEEPS = ".sweeps"  # in the models folder; hidden, since they hold no run
LESSONS = ".lessons"
CHECKS = ".doctor"  # in the folder of the stores; hidden, since it holds no store


def list_runs(workspace: Workspace) -> list[RunSummary]:
    """Return a summary of each run, newest first, then of other models.

    A run with a damaged file has the state "unreadable"; the others are not affected.
    """
    active = _active_folder(workspace)
    folders = _run_folders(workspace)
    for name in list_models(workspace):
        with suppress(ModelNotFound):  # deleted meanwhile
            if (folder := model_folder(workspace, name)) not in folders:
                folders.append(folder)
    return [_summarise(folder, active) for folder in folders]


def summarise_runs(workspace: Workspace, names: Sequence[str]) -> list[RunSummary]:
    """Return a summary of each named run, in the given order.

    Raises:
        InvalidName: no run can have one of the names.
    """
    active = _active_folder(workspace)
    return [_summarise(run_folder(workspace, name), active) for name in names]


def run_names(workspace: Workspace) -> list[str]:
    """Return the names of the training runs, newest first."""
    return [path_text(folder.name) for folder in _run_folders(workspace)]


def _run_folders(workspace: Workspace) -> list[Path]:
    folders = [path.parent for path in files_of_subfolders(workspace.models, SPEC)]
    return sorted(folders, key=lambda folder: JobFolder(folder).requested_at(), reverse=True)


def _active_folder(workspace: Workspace) -> Path | None:
    """Return the resolved folder of the active model; None if it is missing."""
    try:
        return model_folder(workspace, active_model(workspace)).resolve()
    except (DataError, ModelNotFound):
        return None


def _summarise(folder: Path, active: Path | None) -> RunSummary:
    job = JobFolder(folder)
    state, message = (job.state(), job.message()) if job.exists else ("shipped", "")
    epochs, tags = None, RunTags()
    with suppress(DataError):  # where tags are changed, it is an error
        tags = read_tags(folder)
    try:
        epochs = read_last_epoch(folder)
    except DataError as error:
        state, message = "unreadable", str(error)
    return RunSummary(
        run=path_text(folder.name),
        state=state,
        message=message_text(message),
        epochs=epochs,
        auc=read_auc(folder),
        active=folder.resolve() == active,
        folder=path_text(folder),
        tags=tags.tags,
        note=message_text(read_note_file(folder)),
        archived=tags.archived,
    )


def read_auc(run: Path) -> Estimate | None:
    """Return the AUC by breast of a run's model; None without a readable report."""
    return read_figures(run).get("auc")


def read_figures(run: Path) -> dict[str, Estimate]:
    """Return the figures of merit by breast of a run's model, by name.

    They are empty without a readable report.
    """
    from mammo_core.assessment.model_table import read_report  # takes a second, which every training would wait for

    report = read_report(run)
    return report.figures_of_merit() if report else {}


def active_jobs(workspace: Workspace) -> list[JobFolder]:
    """Return all jobs that are queued or running."""
    return [folder for folder in list_jobs(workspace) if folder.state() not in FINAL]


def is_training(workspace: Workspace, job: JobFolder) -> bool:
    """Return whether a job is a training run."""
    return job.path.parent == workspace.models


def is_sweep(workspace: Workspace, job: JobFolder) -> bool:
    """Return whether a job is a sweep of several training runs."""
    return job.path.parent == workspace.models / SWEEPS


def is_lesson(workspace: Workspace, job: JobFolder) -> bool:
    """Return whether a job is a lesson; its folder has the name of its store."""
    return job.path.parent == workspace.models / LESSONS


def is_evaluation(workspace: Workspace, job: JobFolder) -> bool:
    """Return whether a job evaluates a model on a store, whose name its folder has."""
    return job.path.parent.parent == workspace.models / StoreEvaluation.folder_name


def is_check(workspace: Workspace, job: JobFolder) -> bool:
    """Return whether a job checks the images of a store, whose name its folder has."""
    return job.path.parent == workspace.prepared / CHECKS


def unreadable_jobs(workspace: Workspace) -> list[JobFolder]:
    """Return all jobs whose state can't be read."""
    return [folder for folder in list_jobs(workspace) if folder.state() == "unreadable"]


def list_jobs(workspace: Workspace) -> list[JobFolder]:
    """Return the jobs of the data, prepared and models folder, finished or not.

    Sweeps, lessons, evaluations and checks are among them.
    """
    models, prepared = workspace.models, workspace.prepared
    evaluations = sorted((models / StoreEvaluation.folder_name).glob("[!.]*/"))
    roots = (workspace.data, prepared, prepared / CHECKS, models, models / SWEEPS, models / LESSONS, *evaluations)
    return [JobFolder(path.parent) for root in roots for path in files_of_subfolders(root, SPEC)]


def any_active(workspace: Workspace, names: list[str]) -> bool:
    """Return whether one of several runs is queued or running."""
    return any(JobFolder(run_folder(workspace, name)).state() not in FINAL for name in names)


def run_folder(workspace: Workspace, name: str) -> Path:
    """Return the folder of a run.

    Raises:
        InvalidName: no run can have this name.
    """
    return named_folder(workspace.models, as_written(name))
