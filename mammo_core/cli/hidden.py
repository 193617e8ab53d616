"""The commands that the application itself starts; the help doesn't list them."""

import sys
from pathlib import Path

import typer

from mammo_core.cli.data import demo, import_
from mammo_core.cli.output import progress_bar, screen
from mammo_core.errors import MammoError, StorageError
from mammo_core.workspace import Workspace

commands = typer.Typer()


@commands.command(hidden=True)
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


@commands.command(hidden=True)
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
