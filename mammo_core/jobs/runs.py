"""What training runs and models there are, and how each is doing."""

from pathlib import Path
from typing import Any

import pandas as pd

from mammo_core.assessment import compare_models
from mammo_core.documents.report import EvaluationReport
from mammo_core.errors import DataError
from mammo_core.evaluation.tables import format_ci
from mammo_core.jobs.folder import FINAL, JobFolder
from mammo_core.learning.config import TrainingConfig
from mammo_core.models.bundle import CARD, EVALUATION, open_bundle
from mammo_core.models.registry import DEMO, active_model, list_models, model_folder, read_note
from mammo_core.settings import SHIPPED_MODELS, settings
from mammo_core.storage.json_files import read_json, read_json_lines
from mammo_core.workspace import Workspace


def list_runs() -> list[dict[str, Any]]:
    """Return one document a run, newest first, then the shipped model.

    Returns:
        run, state ("shipped" for a model without a run), epochs, auc (`Estimate` or None), report (`EvaluationReport` or
        None), active, folder.
    """
    folders = [path.parent for path in settings().models.glob("*/work.json")]
    folders.sort(key=lambda path: (path / "work.json").stat().st_mtime, reverse=True)
    for name in list_models(Workspace.from_environment()):
        if model_folder(Workspace.from_environment(), name) not in folders:
            folders.append(model_folder(Workspace.from_environment(), name))
    return [describe_run(folder) for folder in folders]


def describe_run(folder: Path) -> dict[str, Any]:
    """Return the document of one run or model, see `list_runs`."""
    job = JobFolder(folder)
    epochs = [record["epoch"] for record in read_metrics(folder) if record["kind"] == "epoch"]
    report = None
    if (folder / CARD).exists():
        try:
            report = EvaluationReport.read(folder / EVALUATION)
        except DataError:
            report = None  # the models page says what is wrong with it
    return {
        "run": folder.name,
        "state": job.state() if job.exists else "shipped",
        "epochs": max(epochs, default=None),
        "auc": report and report.auc,
        "report": report,
        "active": folder.name == active_model(Workspace.from_environment())
        and (folder.parent != SHIPPED_MODELS or folder.name == DEMO),
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
        card, report = _card(Path(row["folder"])), row["report"]
        age = report and report.baselines.age_only
        rows.append(
            {
                "model": row["run"],
                "": "active" if row["active"] else "",
                "state": row["state"],
                "network": card.get("network"),
                "data": card.get("data", {}).get("dataset"),
                "settings": _own_settings(card.get("config", {})),
                "epochs": row["epochs"],
                "AUC, breasts (95 % CI)": format_ci(row["auc"]) if row["auc"] else None,
                "gain over age (95 % CI)": format_ci(age.gain) if age else None,
                "verdict": report and report.verdict,
                "note": read_note(Workspace.from_environment(), row["run"]),
            }
        )
    return pd.DataFrame(rows)


def compare_with_active(name: str) -> str:
    """Say in a sentence how a model compares with the active one on the patients that both were judged on.

    Raises:
        ModelError: one of them isn't sound.
        DataError: they were judged on different patients.
    """
    rival = active_model(Workspace.from_environment())
    if rival == name or rival not in list_models(Workspace.from_environment()):
        return "There is no other active model to compare it with."
    candidate, other = (
        open_bundle(model_folder(Workspace.from_environment(), model)).evaluation_predictions()
        for model in (name, rival)
    )
    return compare_models(candidate, other, rival).verdict


def active_jobs() -> list[JobFolder]:
    """Return all work that is queued or running: data sets being made, imports and training runs."""
    places = (settings().data, Workspace.from_environment().prepared, settings().models)
    folders = [JobFolder(path.parent) for place in places for path in sorted(place.glob("*/work.json"))]
    return [folder for folder in folders if folder.state() not in FINAL]


def any_alive(names: list[str]) -> bool:
    """Return whether one of several runs is queued or running."""
    return any(JobFolder(run_folder(name)).state() not in FINAL for name in names)


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
        return read_json(folder / CARD) if (folder / CARD).exists() else {}
    except DataError:
        return {}  # the models page says what is wrong with it
