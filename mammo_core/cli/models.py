"""The commands for models: evaluate, number of patients, outside scores, predict."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mammo_core.cli.output import AsJson, print_document, print_lines, print_notes, progress_bar
from mammo_core.errors import ConfigError
from mammo_core.storage.path_text import bytes_as_written
from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.models.bundle import Bundle

commands = typer.Typer()


@commands.command()
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
    print_document(evaluation, as_json)


def _delete_evaluation(workspace: Workspace, bundle: "Bundle", data: str | None, as_json: bool) -> None:
    """Delete what is kept of a model's evaluation on other data, and report it."""
    from mammo_core.documents.store_evaluation import DeletedEvaluation
    from mammo_core.jobs.removal import empty_evaluation_trash, remove_evaluation

    if data is None:
        raise ConfigError("The evaluation on a model's own patients belongs to it. Name another store with --data.")
    remove_evaluation(workspace, bundle, data)
    empty_evaluation_trash(workspace)
    message = f"Deleted the evaluation of {bundle.name} on {data}. To make it again, evaluate without --delete."
    print_document(DeletedEvaluation(model=bundle.name, data=data), as_json, message)


@commands.command()
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
    print_document(report, as_json, report.verdict)


@commands.command()
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
    print_notes(report.notes)
    if html:
        write_bytes(html, score_report_html(report).encode(errors="replace"))
    print_document(report, as_json)


@commands.command()
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
    print_notes(f"{note.file}: {note.text}" for note in report.notes)
    if csv:
        write_bytes(csv, bytes_as_written(report.to_csv()))
    if as_json:
        return print_document(report.to_document(), as_json)
    print_lines(report.lines())
