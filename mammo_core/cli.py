"""Explore, import, train, evaluate and predict from the command line.

With `--json` standard output holds one JSON document and nothing else; progress goes to standard error. The exit status
is 0, 1 (an error, shown as one line), 2 (wrong usage) or 130 (interrupted from the keyboard).
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import JsonValue
from rich import progress as rich_progress
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mammo_core import __version__
from mammo_core.dicom.confinement import make_undumpable
from mammo_core.documents.dataset import DEMO_PATIENTS, DEMO_PREVALENCE, DEMO_SEED
from mammo_core.documents.progress import Progress, ProgressCallback
from mammo_core.errors import ConfigError, JobError, MammoError, StorageError
from mammo_core.storage.file_errors import storage_error, storage_errors
from mammo_core.storage.path_text import as_written, names_as_written
from mammo_core.storage.standard_output import accept_all_characters, output_line, output_values, printable
from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.dataset.catalogue import Catalogue
    from mammo_core.documents.base import PrintedDocument
    from mammo_core.documents.dataset import StoreSource
    from mammo_core.documents.store_evaluation import ModelEvaluation
    from mammo_core.jobs.spec import JobSpec
    from mammo_core.jobs.sweep import SweepJob
    from mammo_core.models.bundle import Bundle

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
screen = Console(stderr=True)
INTERRUPTED = 130  # exit status of Typer's commands after a KeyboardInterrupt


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"mammo {__version__}")
        raise typer.Exit


@app.callback(help=__doc__)
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Accept the options that come before a command."""


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def main() -> None:
    """Run the command line; an error of the core or the system is one line.

    The exit status is 1 then, and 130 after an interruption from the keyboard.
    """
    accept_all_characters()
    make_undumpable()
    try:
        with storage_errors():
            try:
                app()
            finally:
                sys.stdout.flush()  # a full disk behind standard output shows here, not as the interpreter ends
    except BrokenPipeError:  # whatever read the output has ended, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would complain as it ends
        sys.exit(1)
    except (MammoError, ConnectionError) as error:
        sentence = str(error if isinstance(error, MammoError) else storage_error(error))
        screen.print(f"[bold red]Error:[/] {escape(printable(sentence))}", soft_wrap=True, highlight=False)
        sys.exit(1)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            screen.print("Interrupted.", highlight=False)
        raise


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Folder to create; default: demo in MAMMO_DATA.")] = None,
    patients: Annotated[int, typer.Option(min=4, help="How many patients.")] = DEMO_PATIENTS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed creates the same files.")] = DEMO_SEED,
    prevalence: Annotated[
        float, typer.Option(min=0, max=1, help="Share of positive patients; 0.0408 in the RSNA data.")
    ] = DEMO_PREVALENCE,
    full_size: Annotated[bool, typer.Option("--full-size", help="2776 × 2082 pixels, like real files.")] = False,
    full_headers: Annotated[bool, typer.Option("--full-headers", help="Complete mammography headers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a synthetic data set: real DICOM files in the RSNA layout."""
    from mammo_core.jobs.demo import DemoJob
    from mammo_core.phantoms.spec import FULL_GRID

    job = DemoJob(
        out=out.absolute() if out else Path("demo"),
        patients=patients,
        seed=seed,
        prevalence=prevalence,
        full_headers=full_headers,
    )
    if full_size:
        job = job.model_copy(update={"rows": FULL_GRID[0], "columns": FULL_GRID[1]})
    _run_job(job, "images", as_json)


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="Folder of the data set (or its name in MAMMO_DATA), or its CSV.")],
    name: Annotated[str | None, typer.Option(help="Name of the prepared store; default: the data set's.")] = None,
    size: Annotated[
        str, typer.Option(help="Side of the images in pixels, or ROWSxCOLUMNS such as 512x320; multiples of 32.")
    ] = "256",
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; default: one for each core.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a running Dask scheduler, tcp://host:8786.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try files in quarantine again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Convert DICOM to PNG images sorted by label; resumes where it stopped."""
    from mammo_core.documents.preprocessing_config import parse_size
    from mammo_core.jobs.importing import import_job

    job = import_job(Workspace.from_environment(), source, name, parse_size(size))
    job = job.model_copy(update={"workers": workers, "scheduler": scheduler, "retry": retry})
    _run_job(job, "images", as_json)


@app.command()
def explore(
    source: Annotated[str, typer.Argument(help="Folder of the data set (or its name in MAMMO_DATA), or a CSV.")],
    as_json: AsJson = False,
) -> None:
    """Describe a data set: counts, ages, views, sites, machines, missing values."""
    from mammo_core.dataset.catalogue import read_catalogue
    from mammo_core.dataset.library import find_dataset
    from mammo_core.dataset.patients import with_left_out
    from mammo_core.explore.counts import summary

    workspace = Workspace.from_environment()
    catalogue = read_catalogue(find_dataset(workspace, source))
    for note in catalogue.notes:
        screen.print(escape(printable(note)), soft_wrap=True, highlight=False)
    _print(summary(with_left_out(workspace, catalogue)), as_json)


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="The prepared store to train on.")],
    config: Annotated[Path | None, typer.Option(help="JSON file with training settings.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE, overrides the file; KEY=A,B,C starts one run per value."),
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, max=20, help="Number of patient folds; one run tests on each.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, to do several runs in parallel.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a network on a prepared store, evaluate it on unseen patients, save it."""
    from mammo_core.jobs.sweep import sweep_job, variants
    from mammo_core.jobs.training import train_job

    workspace = Workspace.from_environment()
    configs = variants({"store": name, **_read_settings_file(config)}, _parse_settings(changes or []), folds)
    if len(configs) == 1 and scheduler is None:
        return _run_job(train_job(workspace, configs[0]), "steps", as_json)
    _run_sweep(sweep_job(configs, scheduler), as_json)


@app.command()
def lesson(
    name: Annotated[str, typer.Argument(help="The prepared store to train on.")],
    as_json: AsJson = False,
) -> None:
    """Show how a split by image and a plain accuracy deceive: train and compare."""
    from mammo_core.documents.split_lesson import SplitLesson
    from mammo_core.jobs.lesson import LessonJob
    from mammo_core.jobs.process import run_for_result

    with progress_bar("steps") as progress:
        result = run_for_result(LessonJob(store=name), Workspace.from_environment(), SplitLesson, progress)
    if as_json:
        return _print(result, as_json)
    for text in result.describe():
        Console().print(escape(output_line(text)), highlight=False)


@app.command()
def doctor(
    name: Annotated[str, typer.Argument(help="The prepared store to check.")],
    others: Annotated[
        list[str] | None,
        typer.Option("--with", help="Another store in which the same exposures are looked for; repeatable."),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="A model: exposures that it was trained on are looked for; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a store: duplicates, contradictions, outliers, labels, leaks."""
    from mammo_core.documents.doctor_report import DoctorReport
    from mammo_core.jobs.doctor import DoctorJob
    from mammo_core.jobs.process import run_for_result

    job = DoctorJob(store=name, others=tuple(others or ()), models=tuple(models or ()))
    with progress_bar("images") as progress:
        report = run_for_result(job, Workspace.from_environment(), DoctorReport, progress)
    if as_json:
        return _print(report, as_json)
    for text in (report.describe(), *report.lines()):
        Console().print(escape(output_line(text)), highlight=False, soft_wrap=True)


@app.command()
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
        return _run_sweep(resume_sweep_job(workspace, run), as_json)
    _run_job(resume_job(workspace, run), "steps", as_json)


@app.command()
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


@app.command()
def runs(as_json: AsJson = False) -> None:
    """List training runs and models with their state and breast-level AUC."""
    from mammo_core.documents.job import RunList
    from mammo_core.evaluation.tables import format_ci
    from mammo_core.jobs.runs import list_runs

    rows = list_runs(Workspace.from_environment())
    if as_json:
        return _print(RunList(runs=rows), as_json)
    table = Table("run", "state", "epochs", "AUC (95 % CI)", "active")
    for row in rows:
        auc = format_ci(row.auc) if row.auc else "–"
        table.add_row(
            escape(output_line(row.run)), row.state, str(row.epochs or "–"), auc, "active" if row.active else ""
        )
    Console().print(table)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    data: Annotated[
        str | None, typer.Option(help="Prepared store; default: the model's own held-out patients.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Column that divides the subgroups, may be repeated; default: site, age, …")
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what is kept of the evaluation on --data, and evaluate nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on unseen patients, with confidence intervals and baselines."""
    from mammo_core.assessment.group_attributes import report_groups
    from mammo_core.assessment.report import current_report
    from mammo_core.documents.store_evaluation import ModelEvaluation, StoreEvaluation
    from mammo_core.jobs.evaluation import evaluation_job
    from mammo_core.jobs.process import run_for_result
    from mammo_core.models.bundle import open_bundle
    from mammo_core.models.registry import model_folder

    workspace = Workspace.from_environment()
    bundle = open_bundle(model_folder(workspace, model))
    if delete:
        return _delete_evaluation(workspace, bundle, data, as_json)
    if data is None:
        evaluation = ModelEvaluation(model=model, **dict(current_report(workspace, bundle)))
    else:
        with progress_bar("images") as progress:
            made = run_for_result(evaluation_job(bundle, data), workspace, StoreEvaluation, progress)
        evaluation = ModelEvaluation(
            model=model, data=data, **dict(made.report), shift=made.shift, drift=made.drift, notes=made.notes
        )
    if by:
        evaluation = evaluation.model_copy(update={"subgroups": report_groups(workspace, bundle, by, data)})
    _print(evaluation, as_json)


def _delete_evaluation(workspace: Workspace, bundle: "Bundle", data: str | None, as_json: bool) -> None:
    """Delete what is kept of a model's evaluation on other data, and report it."""
    from mammo_core.documents.store_evaluation import DeletedEvaluation
    from mammo_core.jobs.removal import empty_evaluation_trash, remove_evaluation

    if data is None:
        raise ConfigError("The evaluation on a model's own patients belongs to it. Name another store with --data.")
    remove_evaluation(workspace, bundle, data)
    empty_evaluation_trash(workspace)
    message = f"Deleted the evaluation of {bundle.name} on {data}. To make it again, evaluate without --delete."
    _print(DeletedEvaluation(model=bundle.name, data=data), as_json, message)


@app.command()
def need(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    data: Annotated[
        str | None,
        typer.Option(help="Prepared store that shows how scores vary; default: the model's own held-out patients."),
    ] = None,
    measure: Annotated[
        Literal["auc", "sensitivity"],
        typer.Option(help="What is to be known; a sensitivity is meant at the operating point unless given."),
    ] = "auc",
    half_width: Annotated[float, typer.Option(help="Half the length of the wanted 95 % interval.")] = 0.03,
    prevalence: Annotated[
        float | None, typer.Option(help="Share of the patients with cancer; default: that of the patients at hand.")
    ] = None,
    threshold: Annotated[float | None, typer.Option(help="Of the sensitivity: recall from this probability.")] = None,
    specificity: Annotated[float | None, typer.Option(help="Of the sensitivity, in place of a threshold.")] = None,
    unit: Annotated[Literal["image", "breast", "patient"], typer.Option(help="What is counted.")] = "breast",
    as_json: AsJson = False,
) -> None:
    """Tell how many patients are needed to know a model's AUC or sensitivity well."""
    from mammo_core.assessment.sample_size import model_sample_size
    from mammo_core.evaluation.sample_size import choose_goal
    from mammo_core.models.bundle import open_bundle
    from mammo_core.models.registry import model_folder

    goal = choose_goal(measure, half_width, prevalence, threshold, specificity)
    workspace = Workspace.from_environment()
    report = model_sample_size(workspace, open_bundle(model_folder(workspace, model)), goal, unit, data)
    _print(report, as_json, report.verdict)


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="CSV with a score per image, breast or patient.")],
    data: Annotated[str, typer.Option(help="Data set with the labels: its name, folder or CSV.")],
    unit: Annotated[
        Literal["image", "breast", "patient"] | None,
        typer.Option(help="What each score is of; default: by the columns."),
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option(help="WHAT=NAME, such as score=p_cancer or image=file; default: by their names.")
    ] = None,
    patients: Annotated[
        Path | None, typer.Option(help="For a file that names no patients: the patient_id of each row, one a line.")
    ] = None,
    compare: Annotated[list[str] | None, typer.Option(help="Name of a model of one's own; may be repeated.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Recall from this score; default: at 90 % specificity on these data.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Column that divides the subgroups, may be repeated; default: site, age, …")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report to this HTML file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate the scores of any other model on the labels of a data set."""
    from mammo_core.assessment.group_attributes import score_groups
    from mammo_core.assessment.score_evaluation import compare_scores, evaluate_scores, with_comparisons
    from mammo_core.assessment.score_exports import score_report_html
    from mammo_core.assessment.score_file import (
        change_columns,
        guess_columns,
        read_patient_list,
        read_score_file,
        read_scores,
    )
    from mammo_core.assessment.score_match import match_scores
    from mammo_core.dataset.catalogue import read_catalogue
    from mammo_core.dataset.library import find_dataset
    from mammo_core.models.bundle import open_bundle
    from mammo_core.models.registry import model_folder
    from mammo_core.storage.atomic import check_writable, write_bytes

    workspace = Workspace.from_environment()
    if html:
        check_writable(html)
    models = [open_bundle(model_folder(workspace, name)) for name in compare or []]
    source = read_score_file(file)
    chosen = change_columns(guess_columns(source.names), columns or [])
    scores = read_scores(source, chosen, unit, read_patient_list(patients) if patients else None)
    catalogue = read_catalogue(find_dataset(workspace, data))
    scored = match_scores(workspace, catalogue, scores)
    report = with_comparisons(evaluate_scores(scored, threshold), [compare_scores(scored, model) for model in models])
    if by:
        report = report.model_copy(update={"subgroups": score_groups(workspace, scored, catalogue.csv, by)})
    for note in report.notes:
        screen.print(escape(printable(note)), soft_wrap=True, highlight=False)
    if html:
        write_bytes(html, score_report_html(report).encode(errors="replace"))
    _print(report, as_json)


@app.command()
def predict(
    files: Annotated[list[Path], typer.Argument(help="DICOM files, folders, zip or tar files.")],
    model: Annotated[str | None, typer.Option(help="Name of the model; default: the active one.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the image table to this CSV file.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Number of processes that decode.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a running Dask scheduler, tcp://host:8786.")] = None,
    as_json: AsJson = False,
) -> None:
    """Predict from DICOM files, for each image, breast and patient."""
    from mammo_core.dicom.sandbox import Sandbox
    from mammo_core.jobs.cluster import open_cluster
    from mammo_core.models.bundle import open_bundle
    from mammo_core.models.registry import active_model, model_folder
    from mammo_core.prediction.cluster import ClusterPredictor
    from mammo_core.prediction.files import find_files
    from mammo_core.prediction.predict import BatchPredictor, FilePredictor, predict_exams
    from mammo_core.prediction.predictor import Predictor
    from mammo_core.storage.atomic import check_writable, write_bytes

    inputs = find_files(files)
    if csv:
        check_writable(csv)
    workspace = Workspace.from_environment()
    bundle = open_bundle(model_folder(workspace, model or active_model(workspace)))
    with progress_bar("files") as progress, ExitStack() as stack:
        predictor: FilePredictor
        if scheduler:
            predictor = ClusterPredictor(bundle, stack.enter_context(open_cluster(scheduler)), progress)
        else:
            predictor = BatchPredictor(Predictor(bundle), progress)
        sandbox = stack.enter_context(Sandbox(workers))
        report = predict_exams(workspace, inputs, predictor, sandbox)
    for note in report.notes:
        screen.print(escape(printable(f"{note.file}: {note.text}")), highlight=False)
    if csv:
        write_bytes(csv, as_written(report.to_csv()).encode(errors="surrogateescape"))
    if as_json:
        return _print(report.to_document(), as_json)
    for line in report.lines():
        typer.echo(output_line(line))


@app.command()
def marks(
    name: Annotated[str, typer.Argument(help="Data set: its name, folder or CSV.")],
    csv: Annotated[
        Path | None, typer.Option(help="Write the marks to this CSV file, in the form of lesions.csv.")
    ] = None,
    sr: Annotated[
        Path | None,
        typer.Option(help="Write DICOM Structured Reports, which hold patients' identifiers, to this folder."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count the marks that readers have drawn on a data set's images, and export them."""
    from mammo_core.dataset.mark_exports import make_mark_reports, write_mark_reports
    from mammo_core.dataset.mark_lesions import marks_csv
    from mammo_core.dataset.marks import read_marks, summarise_marks
    from mammo_core.dicom.sandbox import Sandbox
    from mammo_core.storage.atomic import check_writable, write_bytes

    if csv:
        check_writable(csv)
    workspace = Workspace.from_environment()
    catalogue, source = _open_data_set(workspace, name)
    known = read_marks(workspace, source)
    summary = summarise_marks(source.dataset, known)
    if csv:
        write_bytes(csv, as_written(marks_csv(known)).encode(errors="surrogateescape"))
    if sr:
        with Sandbox() as sandbox:
            reports = make_mark_reports(catalogue, known, sandbox)
        write_mark_reports(reports, sr)
        summary = summary.model_copy(update={"reports": len(reports.files), "notes": reports.notes})
    _print(summary, as_json)


@app.command()
def exclude(
    name: Annotated[str, typer.Argument(help="Data set: its name, folder or CSV.")],
    add: Annotated[Path | None, typer.Option(help="Leave out the images of this CSV: image_id and reason.")] = None,
    take_back: Annotated[Path | None, typer.Option(help="Take back the images of this CSV: image_id.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the list to this CSV file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show or change the list of images that are left out everywhere."""
    from mammo_core.dataset import leave_out as lists
    from mammo_core.storage.atomic import check_writable, write_bytes

    if csv:
        check_writable(csv)
    workspace = Workspace.from_environment()
    catalogue, source = _open_data_set(workspace, name)
    added = lists.read_leave_out_csv(add.read_bytes()) if add else {}
    lists.check_listed(catalogue, added)
    if added:
        lists.leave_out(workspace.data, source, added)
    if take_back:
        lists.take_back(workspace.data, source, lists.read_leave_out_csv(take_back.read_bytes()))
    known = lists.read_leave_out(workspace.data, source)
    if csv:
        write_bytes(csv, as_written(lists.leave_out_csv(known)).encode(errors="surrogateescape"))
    if as_json:
        return _print(known, as_json)
    Console().print(output_line(known.describe()))


def _open_data_set(workspace: Workspace, name: str) -> "tuple[Catalogue, StoreSource]":
    """Read a data set, given by name, folder or CSV, and describe where it is."""
    from mammo_core.dataset.catalogue import read_catalogue
    from mammo_core.dataset.library import describe_source, find_dataset

    catalogue = read_catalogue(find_dataset(workspace, name))
    return catalogue, describe_source(workspace, catalogue)


@app.command(hidden=True)
def bootstrap() -> None:
    """Create the demo data set and its store if there is no data (for `make run`).

    A dozen exams of the shipped model's test part are made, too, so that its errors can be looked at.
    """
    from mammo_core.assessment.example_exams import make_example_exams
    from mammo_core.dataset.library import list_datasets
    from mammo_core.models.bundle import open_bundle
    from mammo_core.models.registry import DEMO, model_folder

    workspace = Workspace.from_environment()
    first = not list_datasets(workspace)
    if first:
        screen.print("Creating the demo data set: synthetic mammograms as DICOM files …")
        demo()
        import_("demo")
    bundle = open_bundle(model_folder(workspace, DEMO))
    if first or (workspace.data / bundle.card.data.dataset).exists():  # complete, or interrupted
        with progress_bar("images") as progress:
            make_example_exams(workspace, bundle, progress)


@app.command(hidden=True)
def job(folder: Path) -> None:
    """Run the job of a folder; the app starts this command in its own process."""
    from mammo_core.jobs.file_errors import describe_origin
    from mammo_core.jobs.folder import JobFolder
    from mammo_core.jobs.specs import run_folder

    try:
        run_folder(JobFolder(folder), Workspace.from_environment())
    except StorageError as error:
        sys.stderr.write(describe_origin(error))  # into work.log: one line would not tell where the file system refused
        raise
    except MammoError:
        raise
    except Exception as error:
        sys.stderr.write(describe_origin(error))
        raise SystemExit(1) from error


def _run_job(job: "JobSpec", unit: str, as_json: bool) -> None:
    """Run a job in this process with a progress bar, and print its outcome."""
    from mammo_core.jobs.process import run_in_process

    with progress_bar(unit) as progress:
        outcome = run_in_process(job, Workspace.from_environment(), progress)
    _print(outcome.document, as_json, outcome.message)


def _run_sweep(job: "SweepJob", as_json: bool) -> None:
    """Run a sweep in this process with a progress bar, and print what came of it.

    Raises:
        JobError: all its runs failed.
    """
    from mammo_core.documents.job import SweepResult
    from mammo_core.jobs.process import run_for_result

    with progress_bar("runs") as progress:
        result = run_for_result(job, Workspace.from_environment(), SweepResult, progress)
    _print(result, as_json)
    if all(run.state in ("failed", "crashed") for run in result.runs):
        raise JobError(f"All {len(result.runs)} runs failed. The first: {result.runs[0].message}")


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


@contextmanager
def progress_bar(unit: str) -> Iterator[ProgressCallback]:
    """Show a progress bar on standard error during the block.

    Yields:
        The callback that moves the bar.
    """
    columns = (
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn(unit + "  {task.fields[details]}"),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=screen, transient=not screen.is_terminal) as bars:
        bar = bars.add_task(unit, total=None, details="")

        def move(progress: Progress) -> None:
            bars.update(bar, completed=progress.done, total=progress.total, details=", ".join(progress.details))

        yield move


def _print(document: "PrintedDocument | ModelEvaluation", as_json: bool, message: str | None = None) -> None:
    """Print the document on one line with `as_json`, else the message.

    Without a message the document is printed indented.
    """
    if as_json:
        typer.echo(json.dumps(names_as_written(document.to_json()), allow_nan=False))
    elif message:
        typer.echo(output_line(message))
    else:
        Console().print_json(json.dumps(output_values(document.to_json()), allow_nan=False))
