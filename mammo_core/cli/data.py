"""The commands for data: make, import, describe, check, leave out, export marks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammo_core.cli.jobs import run_job
from mammo_core.cli.output import AsJson, print_document, print_lines, print_notes, progress_bar
from mammo_core.documents.dataset import DEMO_PATIENTS, DEMO_PREVALENCE, DEMO_SEED
from mammo_core.storage.path_text import bytes_as_written
from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.dataset.catalogue import Catalogue
    from mammo_core.documents.dataset import StoreSource

commands = typer.Typer()


@commands.command()
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
    run_job(job, "images", as_json)


@commands.command("import")
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
    run_job(job, "images", as_json)


@commands.command()
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
    print_notes(catalogue.notes)
    print_document(summary(with_left_out(workspace, catalogue)), as_json)


@commands.command()
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
        return print_document(report, as_json)
    print_lines((report.describe(), *report.lines()))


@commands.command()
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
        write_bytes(csv, bytes_as_written(marks_csv(known)))
    if sr:
        with Sandbox() as sandbox:
            reports = make_mark_reports(catalogue, known, sandbox)
        write_mark_reports(reports, sr)
        summary = summary.model_copy(update={"reports": len(reports.files), "notes": reports.notes})
    print_document(summary, as_json)


@commands.command()
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
        write_bytes(csv, bytes_as_written(lists.leave_out_csv(known)))
    if as_json:
        return print_document(known, as_json)
    print_lines([known.describe()])


def _open_data_set(workspace: Workspace, name: str) -> "tuple[Catalogue, StoreSource]":
    """Read a data set, given by name, folder or CSV, and describe where it is."""
    from mammo_core.dataset.catalogue import read_catalogue
    from mammo_core.dataset.library import describe_source, find_dataset

    catalogue = read_catalogue(find_dataset(workspace, name))
    return catalogue, describe_source(workspace, catalogue)
