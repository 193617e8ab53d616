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
        One row per run, in order: model, active ("active" or missing), AUC and gain over age alone as text, verdict, data,
        created (day), state, network, epochs done, note, settings (those that differ from their default).
    """
    return pd.DataFrame([_row(workspace, run) for run in runs])


def _row(workspace: Workspace, run: RunSummary) -> dict[str, object]:
    card, report = _read_card(text_path(run.folder)), read_report(text_path(run.folder))
    age = report.baselines.age_only if report else None
    return {
        "model": run.run,
        "active": "active" if run.active else None,
        "AUC by breast (95 % CI)": format_ci(run.auc) if run.auc else None,
        "gain over age (95 % CI)": format_ci(age.gain) if age else None,
        "verdict": report.verdict_or_reason() if report else None,
        "data": card.data.dataset if card else None,
        "created": f"{card.created:%Y-%m-%d}" if card else None,
        "state": run.state,
        "network": card.network if card else None,
        "epochs": run.epochs,
        "note": read_note(workspace, run.run) or None,
        "settings": (changed_settings(card.config) or "defaults") if card else None,
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
