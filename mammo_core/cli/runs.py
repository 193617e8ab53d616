"""The commands for training runs: start, resume, stop, list, tag, archive, delete."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mammo_core.cli.jobs import run_job, run_sweep
from mammo_core.cli.output import AsJson, print_document, print_lines, progress_bar
from mammo_core.errors import ConfigError, JobError
from mammo_core.storage.standard_output import output_line
from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.documents.job import RunSummary
    from mammo_core.documents.training_config import TrainingConfig

commands = typer.Typer()
StoreName = Annotated[str, typer.Argument(help="The prepared store to train on.")]
SettingsFile = Annotated[Path | None, typer.Option(help="JSON file with training settings.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="KEY=VALUE, overrides the file; KEY=A,B,C starts one run per value."),
]
Folds = Annotated[int | None, typer.Option(min=2, max=20, help="Number of patient folds; one run tests on each.")]
Scheduler = Annotated[str | None, typer.Option(help="Address of a Dask scheduler, to do several runs in parallel.")]


@commands.command()
def train(
    name: StoreName,
    config: SettingsFile = None,
    changes: Changes = None,
    folds: Folds = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Train a network on a prepared store, evaluate it on unseen patients, save it.

    Several values or folds are a sweep.
    """
    from mammo_core.jobs.sweep import sweep_job
    from mammo_core.jobs.training import train_job

    configs = _configs(name, config, changes, folds)
    if len(configs) == 1 and scheduler is None:
        return run_job(train_job(Workspace.from_environment(), configs[0]), "steps", as_json)
    run_sweep(sweep_job(configs, scheduler), as_json)


@commands.command()
def sweep(
    name: StoreName,
    config: SettingsFile = None,
    changes: Changes = None,
    folds: Folds = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Train with several values of settings, or on patient folds, and compare."""
    from mammo_core.jobs.sweep import sweep_job

    run_sweep(sweep_job(_configs(name, config, changes, folds), scheduler), as_json)


def _configs(name: str, config: Path | None, changes: list[str] | None, folds: int | None) -> "list[TrainingConfig]":
    from mammo_core.jobs.sweep import variants

    return variants({"store": name, **_read_settings_file(config)}, _parse_settings(changes or []), folds)


def _read_settings_file(path: Path | None) -> dict[str, JsonValue]:
    from mammo_core.storage.json_files import read_json

    document = read_json(path) if path else {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path} holds no training settings: it must be a JSON object.")
    return document


def _parse_settings(changes: list[str]) -> dict[str, list[JsonValue]]:
    """Return the values of each KEY=VALUE,VALUE…, parsed as JSON where possible."""
    settings: dict[str, list[JsonValue]] = {}
    for change in changes:
        key, equals, values = change.partition("=")
        if not equals:
            raise ConfigError(f"--set {change}: expected KEY=VALUE, for example --set epochs=5.")
        settings[key] = [_parse_value(value) for value in values.split(",")]
    return settings


def _parse_value(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
        return value
    except json.JSONDecodeError:
        return text


@commands.command()
def lesson(
    name: StoreName,
    as_json: AsJson = False,
) -> None:
    """Show how a split by image and a plain accuracy deceive: train and compare."""
    from mammo_core.documents.split_lesson import SplitLesson
    from mammo_core.jobs.lesson import LessonJob
    from mammo_core.jobs.process import run_for_result

    with progress_bar("steps") as progress:
        result = run_for_result(LessonJob(store=name), Workspace.from_environment(), SplitLesson, progress)
    if as_json:
        return print_document(result, as_json)
    print_lines(result.describe())


@commands.command()
def resume(
    run: Annotated[str, typer.Argument(help="Name of a training run, or sweep, that was stopped, failed or crashed.")],
    as_json: AsJson = False,
) -> None:
    """Resume a run after its last complete epoch, or a sweep with what isn't done."""
    from mammo_core.jobs.folder import JobFolder
    from mammo_core.jobs.sweep import resume_sweep_job, sweep_folder
    from mammo_core.jobs.training import resume_job

    workspace = Workspace.from_environment()
    if JobFolder(sweep_folder(workspace, run)).exists:
        return run_sweep(resume_sweep_job(workspace, run), as_json)
    run_job(resume_job(workspace, run), "steps", as_json)


@commands.command()
def stop(run: Annotated[str, typer.Argument(help="Name of a training run, or of a sweep.")]) -> None:
    """Stop a run or sweep and keep the best models; a second stop ends it at once."""
    from mammo_core.documents.job import FINAL
    from mammo_core.jobs.process import stop_job
    from mammo_core.jobs.sweep import run_or_sweep

    folder = run_or_sweep(Workspace.from_environment(), run)
    if not folder.exists or folder.state() in FINAL:
        raise JobError(f"{run} is not running. `mammo runs` lists the runs that are.")
    stop_job(folder)
    typer.echo(output_line(f"{run}: {folder.state()}. {folder.message()}".strip()))


@commands.command()
def runs(
    archived: Annotated[bool, typer.Option("--archived", help="List archived runs, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List training runs and models with their state and breast-level AUC."""
    from mammo_core.jobs.runs import list_runs

    rows = list_runs(Workspace.from_environment())
    _print_runs([row for row in rows if archived or not row.archived], as_json)


@commands.command()
def tag(
    names: Annotated[list[str], typer.Argument(help="Names of training runs.")],
    add: Annotated[list[str] | None, typer.Option(help="Add this tag, may be repeated.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Remove this tag, may be repeated.")] = None,
    note: Annotated[str | None, typer.Option(help="Replace the note; an empty one removes it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show or change the tags and the note of training runs."""
    from mammo_core.jobs.run_tags import change_tags
    from mammo_core.jobs.runs import summarise_runs
    from mammo_core.models.registry import write_note

    workspace = Workspace.from_environment()
    change_tags(workspace, names, add or (), remove or ())
    if note is not None:
        for name in names:
            write_note(workspace, name, note)
    _print_runs(summarise_runs(workspace, names), as_json)


@commands.command()
def archive(
    names: Annotated[list[str], typer.Argument(help="Names of training runs.")],
    bring_back: Annotated[bool, typer.Option("--bring-back", help="Put them into the usual lists again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Leave training runs out of the usual lists, or bring them back."""
    from mammo_core.jobs.run_tags import archive_runs, bring_back_runs
    from mammo_core.jobs.runs import summarise_runs

    workspace = Workspace.from_environment()
    (bring_back_runs if bring_back else archive_runs)(workspace, names)
    _print_runs(summarise_runs(workspace, names), as_json)


@commands.command()
def delete(
    names: Annotated[list[str], typer.Argument(help="Names of training runs.")],
    as_json: AsJson = False,
) -> None:
    """Delete training runs with their models; they can be restored for an hour."""
    from mammo_core.documents.job import DeletedRuns
    from mammo_core.jobs.run_tags import delete_runs
    from mammo_core.storage.trash import trashed_name

    deleted = [trashed_name(trashed) for trashed in delete_runs(Workspace.from_environment(), names)]
    message = f"Deleted {', '.join(deleted)}. For an hour, `mammo restore` with these names brings them back."
    print_document(DeletedRuns(deleted=deleted), as_json, message)


@commands.command()
def restore(
    names: Annotated[list[str], typer.Argument(help="Names of deleted training runs.")],
    as_json: AsJson = False,
) -> None:
    """Restore training runs that were deleted within the last hour."""
    from mammo_core.jobs.run_tags import restore_newest_runs
    from mammo_core.jobs.runs import summarise_runs

    workspace = Workspace.from_environment()
    restored = restore_newest_runs(workspace, names)
    _print_runs(summarise_runs(workspace, restored), as_json)


def _print_runs(rows: "list[RunSummary]", as_json: bool) -> None:
    """Print runs as one document, or as a table, with tags and notes if there are any."""
    from mammo_core.documents.job import RunList
    from mammo_core.evaluation.tables import format_ci

    if as_json:
        return print_document(RunList(runs=rows), as_json)
    columns = {
        "run": [row.run for row in rows],
        "state": [f"{row.state}, archived" if row.archived else row.state for row in rows],
        "epochs": [str(row.epochs or "–") for row in rows],
        "AUC (95 % CI)": [format_ci(row.auc) if row.auc else "–" for row in rows],
        "active": ["active" if row.active else "" for row in rows],
        "tags": [", ".join(row.tags) for row in rows],
        "note": [row.note for row in rows],
    }
    shown = {title: cells for title, cells in columns.items() if title not in {"tags", "note"} or any(cells)}
    table = Table(*shown)
    for cells in zip(*shown.values(), strict=True):
        table.add_row(*(escape(output_line(cell)) for cell in cells))
    Console().print(table)
