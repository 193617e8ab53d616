"""What training runs and models there are, and how each is doing."""

from pathlib import Path
from typing import Any

import pandas as pd

from mammo_core import models
from mammo_core.dataset.store import prepared_folder
from mammo_core.errors import DataError
from mammo_core.evaluation import compare
from mammo_core.evaluation.tables import with_bounds
from mammo_core.files import read_json, read_json_lines
from mammo_core.learning.config import TrainingConfig
from mammo_core.settings import SHIPPED_MODELS, settings
from mammo_core.work.folder import FINAL, WorkFolder


def list_runs() -> list[dict[str, Any]]:
    """Return one document a run, newest first, then the shipped model.

    Returns:
        run, state ("shipped" for a model without a run), epochs, auc ({value, low, high} or None), report (or None),
        active, folder.
    """
    folders = [path.parent for path in settings().models.glob("*/work.json")]
    folders.sort(key=lambda path: (path / "work.json").stat().st_mtime, reverse=True)
    for name in models.list_models():
        if models.model_folder(name) not in folders:
            folders.append(models.model_folder(name))
    return [describe_run(folder) for folder in folders]


def describe_run(folder: Path) -> dict[str, Any]:
    """Return the document of one run or model, see `list_runs`."""
    work = WorkFolder(folder)
    epochs = [record["epoch"] for record in read_metrics(folder) if record["kind"] == "epoch"]
    report = None
    if (folder / models.CARD).exists():
        try:
            report = read_json(folder / models.EVALUATION)
        except DataError:
            report = None  # the models page says what is wrong with it
    return {
        "run": folder.name,
        "state": work.state() if work.exists else "shipped",
        "epochs": max(epochs, default=None),
        "auc": report and report["auc"],
        "report": report,
        "active": folder.name == models.active_model()
        and (folder.parent != SHIPPED_MODELS or folder.name == models.DEMO),
        "folder": str(folder),
    }


def model_table() -> pd.DataFrame:
    """Return what there is to choose among: a row a run or model, newest first.

    Returns:
        model, "active" or nothing, state, network, data, settings (those that aren't the
        default), epochs (done), AUC and gain over age alone as text, verdict, note.
    """
    rows = []
    for row in list_runs():
        card, report = _card(Path(row["folder"])), row["report"] or {}
        age = (report.get("baselines") or {}).get("age_only")
        rows.append(
            {
                "model": row["run"],
                "": "active" if row["active"] else "",
                "state": row["state"],
                "network": card.get("network"),
                "data": card.get("data", {}).get("dataset"),
                "settings": _own_settings(card.get("config", {})),
                "epochs": row["epochs"],
                "AUC, breasts (95 % CI)": with_bounds(row["auc"]) if row["auc"] else None,
                "gain over age (95 % CI)": with_bounds(age["gain"]) if age else None,
                "verdict": report.get("verdict"),
                "note": models.read_note(row["run"]),
            }
        )
    return pd.DataFrame(rows)


def compare_with_active(name: str) -> str:
    """Say in a sentence how a model compares with the active one on the patients that both were judged on.

    Raises:
        ModelError: one of them isn't sound.
        DataError: they were judged on different patients.
    """
    rival = models.active_model()
    if rival == name or rival not in models.list_models():
        return "There is no other active model to compare it with."
    candidate, other = (models.open_bundle(models.model_folder(model)).judged() for model in (name, rival))
    return compare(candidate, other, rival)["verdict"]


def under_way() -> list[WorkFolder]:
    """Return all work that is queued or running: data sets being made, imports and training runs."""
    places = (settings().data, prepared_folder(), settings().models)
    folders = [WorkFolder(path.parent) for place in places for path in sorted(place.glob("*/work.json"))]
    return [folder for folder in folders if folder.state() not in FINAL]


def any_alive(names: list[str]) -> bool:
    """Return whether one of several runs is queued or running."""
    return any(WorkFolder(run_folder(name)).state() not in FINAL for name in names)


def run_folder(name: str) -> Path:
    """Return where the run of that name lies."""
    return settings().models / Path(name).name


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """Return what a run has written so far: "start", "step" and "epoch" records."""
    return read_json_lines(run / "metrics.jsonl")


def verification_text(run: Path) -> str:
    """Return in words what a fresh process found when it loaded the run's model, or nothing before."""
    path = run / "verification.json"
    if not path.exists():
        return ""
    found = read_json(path)
    word = "verified" if found["verified"] else "**not verified**"
    return (
        f"{word}: loaded afresh, its answers to {found['images']:,} validation images differ by at most "
        f"{found['largest_difference']:.1g}"
    )


def _own_settings(config: dict[str, Any]) -> str:
    """Return in words which settings of a run are not the default; store and network have columns of their own."""
    fields = TrainingConfig.model_fields
    return ", ".join(
        f"{key.replace('_', ' ')} {value}"
        for key, value in config.items()
        if key in fields and key not in ("store", "network") and value != fields[key].default
    )


def _card(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / models.CARD) if (folder / models.CARD).exists() else {}
    except DataError:
        return {}  # the models page says what is wrong with it
