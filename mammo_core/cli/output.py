"""Print documents on standard output, progress and notes on standard error."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich import progress as rich_progress
from rich.console import Console
from rich.markup import escape

from mammo_core.documents.progress import Progress, ProgressCallback
from mammo_core.storage.path_text import names_as_written
from mammo_core.storage.standard_output import output_line, output_values, printable

if TYPE_CHECKING:
    from mammo_core.documents.base import PrintedDocument
    from mammo_core.documents.store_evaluation import ModelEvaluation

screen = Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


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


def print_document(document: "PrintedDocument | ModelEvaluation", as_json: bool, message: str | None = None) -> None:
    """Print the document on one line with `as_json`, else the message.

    Without a message the document is printed indented.
    """
    if as_json:
        typer.echo(json.dumps(names_as_written(document.to_json()), allow_nan=False))
    elif message:
        typer.echo(output_line(message))
    else:
        Console().print_json(json.dumps(output_values(document.to_json()), allow_nan=False))


def print_lines(lines: Iterable[str]) -> None:
    """Print texts on standard output, one a line."""
    for line in lines:
        typer.echo(output_line(line))


def print_notes(notes: Iterable[str]) -> None:
    """Print texts on standard error, one a line."""
    for note in notes:
        screen.print(escape(printable(note)), soft_wrap=True, highlight=False)
