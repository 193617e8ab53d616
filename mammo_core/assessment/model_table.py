"""Tabulate models with what they were trained on and how good they are."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mammo_core.documents.card import ModelCard
from mammo_core.documents.job import RunSummary
from mammo_core.documents.report import EvaluationReport
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError
from mammo_core.evaluation.tables import format_ci
from mammo_core.models.bundle import CARD, EVALUATION
from mammo_core.models.registry import read_note
from mammo_core.storage.path_text import text_path
from mammo_core.workspace import Workspace


def model_table(workspace: Workspace, runs: Sequence[RunSummary]) -> pd.DataFrame:
    """Return a table of runs and models to choose from.

    Args:
        workspace: holds the notes on the models.
        runs: the runs and models, see `mammo_core.jobs.runs.list_runs`.

    Returns:
        One row per run, in order: model, active, state, network, data, settings (those that differ from their default),
        epochs done, AUC and gain over age alone as text, verdict, note.
    """
    return pd.DataFrame([_row(workspace, run) for run in runs])


def _row(workspace: Workspace, run: RunSummary) -> dict[str, object]:
    card, report = _read_card(text_path(run.folder)), read_report(text_path(run.folder))
    age = report.baselines.age_only if report else None
    return {
        "model": run.run,
        "active": run.active,
        "state": run.state,
        "network": card.network if card else None,
        "data": card.data.dataset if card else None,
        "settings": changed_settings(card.config) if card else "",
        "epochs": run.epochs,
        "AUC by breast (95 % CI)": format_ci(run.auc) if run.auc else None,
        "gain over age alone (95 % CI)": format_ci(age.gain) if age else None,
        "verdict": report.verdict_or_reason() if report else None,
        "note": read_note(workspace, run.run),
    }


def changed_settings(config: TrainingConfig) -> str:
    """Return the settings that differ from their default, as text for display.

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


def read_report(folder: Path) -> EvaluationReport | None:
    """Return the stored report of a model; None if there is none or it is damaged."""
    try:
        return EvaluationReport.read(folder / EVALUATION) if (folder / CARD).exists() else None
    except DataError:
        return None  # the models page reports what is wrong with it
