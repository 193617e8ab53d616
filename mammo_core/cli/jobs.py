"""Run long work in this process, with a progress bar."""

from typing import TYPE_CHECKING

from mammo_core.cli.output import print_document, progress_bar
from mammo_core.errors import JobError
from mammo_core.workspace import Workspace

if TYPE_CHECKING:
    from mammo_core.jobs.spec import JobSpec
    from mammo_core.jobs.sweep import SweepJob


def run_job(job: "JobSpec", unit: str, as_json: bool) -> None:
    """Run a job in this process with a progress bar, and print its outcome."""
    from mammo_core.jobs.process import run_in_process

    with progress_bar(unit) as progress:
        outcome = run_in_process(job, Workspace.from_environment(), progress)
    print_document(outcome.document, as_json, outcome.message)


def run_sweep(job: "SweepJob", as_json: bool) -> None:
    """Run a sweep in this process with a progress bar, and print what came of it.

    Raises:
        JobError: all its runs failed.
    """
    from mammo_core.documents.job import SweepResult
    from mammo_core.jobs.process import run_for_result

    with progress_bar("runs") as progress:
        result = run_for_result(job, Workspace.from_environment(), SweepResult, progress)
    print_document(result, as_json)
    if all(run.state in ("failed", "crashed") for run in result.runs):
        raise JobError(f"All {len(result.runs)} runs failed. The first: {result.runs[0].message}")
