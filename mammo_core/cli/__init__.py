"""Explore, import, train, evaluate and predict from the command line.

With `--json` standard output holds one JSON document and nothing else; progress goes to standard error. The exit status
is 0, 1 (an error, shown as one line), 2 (wrong usage) or 130 (interrupted from the keyboard).
"""

import os
import sys
from typing import Annotated

import typer
from rich.markup import escape

from mammo_core import __version__
from mammo_core.cli import data, hidden, models, runs
from mammo_core.cli.output import screen
from mammo_core.dicom.confinement import make_undumpable
from mammo_core.errors import MammoError
from mammo_core.storage.file_errors import storage_error, storage_errors
from mammo_core.storage.standard_output import accept_all_characters, printable

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for module in (data, runs, models, hidden):
    app.add_typer(module.commands)
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
