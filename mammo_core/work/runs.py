"""What training runs and models there are, and how each is doing."""

from pathlib import Path
from typing import Any

from mammo_core import models
from mammo_core.dataset.store import prepared_folder
from mammo_core.errors import DataError
from mammo_core.files import read_json, read_json_lines
from mammo_core.settings import SHIPPED_MODELS, settings
from mammo_core.work.folder import FINAL, WorkFolder


def list_runs() -> list[dict[str, Any]]:
    """Return one document a run, newest first, then the shipped model.

    Returns:
        run, state ("shipped" for a model without a run), epochs, auc ({value, low, high} or None), active, folder.
    """
    folders = [path.parent for path in settings().models.glob("*/work.json")]
    folders.sort(key=lambda path: (path / "work.json").stat().st_mtime, reverse=True)
    for name in models.list_models():
        if models.model_folder(name) not in folders:
            folders.append(models.model_folder(name))
    return [_describe(folder) for folder in folders]


def under_way() -> list[WorkFolder]:
    """Return all work that is queued or running: data sets being made, imports and training runs."""
    places = (settings().data, prepared_folder(), settings().models)
    folders = [WorkFolder(path.parent) for place in places for path in sorted(place.glob("*/work.json"))]
    return [folder for folder in folders if folder.state() not in FINAL]


def run_folder(name: str) -> Path:
    """Return where the run of that name lies."""
    return settings().models / Path(name).name


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """Return what a run has written so far: "start", "step" and "epoch" records."""
    return read_json_lines(run / "metrics.jsonl")


def _describe(folder: Path) -> dict[str, Any]:
    work = WorkFolder(folder)
    epochs = [record["epoch"] for record in read_metrics(folder) if record["kind"] == "epoch"]
    auc = None
    if (folder / models.CARD).exists():
        try:
            auc = read_json(folder / models.EVALUATION)["auc"]
        except DataError:
            auc = None  # the models page says what is wrong with it
    return {
        "run": folder.name,
        "state": work.state() if work.exists else "shipped",
        "epochs": max(epochs, default=None),
        "auc": auc,
        "active": folder.name == models.active_model()
        and (folder.parent != SHIPPED_MODELS or folder.name == models.DEMO),
        "folder": str(folder),
    }
