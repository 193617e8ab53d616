"""Starting, resuming and sweeping training runs, each in a folder of its own."""

from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from mammo_core.errors import JobError
from mammo_core.jobs.folder import FINAL, JobFolder
from mammo_core.jobs.process import launch
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.plan import plan
from mammo_core.models.registry import active_model
from mammo_core.settings import settings
from mammo_core.storage.disk_space import full_disk_named
from mammo_core.workspace import Workspace

RESUMABLE = ("stopped", "failed", "crashed")


def train_request(document: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """Check a training configuration and name its run folder.

    Args:
        document: the fields of TrainingConfig.

    Returns:
        The run folder, which isn't there yet, and the training's arguments.

    Raises:
        MammoError: a setting is not usable, or the store doesn't allow the split.
    """
    config = TrainingConfig.read(document)
    plan(config)
    base = f"{config.store}-{config.network}-{datetime.now():%Y%m%d-%H%M%S}"
    path = settings().models.absolute() / base
    number = 2
    while path.exists():
        path = path.with_name(f"{base}-{number}")
        number += 1
    return path, {"run": str(path), "config": config.parameters}


@full_disk_named("a run")
def start(config: TrainingConfig) -> JobFolder:
    """Start a run in a process of its own; two clicks, or two tabs, on the same settings are one run.

    Returns:
        The new run's folder, or that of the run of these very settings that hasn't ended yet.

    Raises:
        MammoError: a setting is not usable, the store doesn't allow the split, or the disk is full.
    """
    settings().models.mkdir(parents=True, exist_ok=True)
    with FileLock(settings().models / ".start.lock"):
        for path in settings().models.glob("*/work.json"):
            folder = JobFolder(path.parent)
            if folder.request()["arguments"].get("config") == config.parameters and folder.state() not in FINAL:
                return folder
        path, arguments = train_request(config.parameters)
        return launch(path, "train", arguments)


def can_resume(folder: JobFolder) -> bool:
    """Return whether a run ended before its time and may go on."""
    return folder.exists and folder.request()["kind"] == "train" and folder.state() in RESUMABLE


def resume_request(folder: JobFolder) -> tuple[Path, dict[str, Any]]:
    """Return what it takes to go on with a run: its folder and arguments, as before.

    Raises:
        JobError: there is no such run, it is under way, ended well or by itself, or its model is the active one.
        MammoError: its store or start model is gone or has changed.
    """
    if not can_resume(folder):
        state = folder.state() if folder.exists else "no training run"
        raise JobError(f"{folder.name} is {state}; only a run that was stopped, failed or crashed can be resumed.")
    if folder.name == active_model(Workspace.from_environment()):
        raise JobError(f"{folder.name} is the active model, and going on would replace it. Activate another one first.")
    config = TrainingConfig.read(folder.request()["arguments"]["config"])
    plan(config)
    path = folder.path.absolute()
    return path, {"run": str(path), "config": config.parameters}


def resume(folder: JobFolder) -> JobFolder:
    """Go on with a run in a process of its own.

    Raises:
        MammoError: see `resume_request`.
    """
    path, arguments = resume_request(folder)
    return launch(path, "train", arguments)
