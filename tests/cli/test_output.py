import io
import json
import re

import pytest
from rich.console import Console

from mammo_core.cli import output
from mammo_core.cli.output import print_document, print_lines, print_notes, progress_bar
from mammo_core.documents.job import DeletedRuns
from mammo_core.documents.progress import Progress

FOREIGN = "a\x1b[2J[b]"


@pytest.mark.parametrize(("as_json", "message"), [(True, "ignored"), (False, None)])
def test_print_document_is_json_on_standard_output(capsys, as_json, message):
    print_document(DeletedRuns(deleted=[FOREIGN]), as_json, message)
    out, error = capsys.readouterr()
    assert set(json.loads(out)) == {"schema_version", "deleted"}
    assert "\x1b" not in out
    assert error == ""


def test_print_document_with_a_message_prints_that_alone(capsys):
    print_document(DeletedRuns(deleted=[]), False, FOREIGN)
    assert capsys.readouterr().out == "a\\x1b[2J[b]\n"


def test_lines_go_to_standard_output_and_notes_to_standard_error(capsys):
    print_lines([FOREIGN, "x" * 200])
    assert capsys.readouterr().out == "a\\x1b[2J[b]\n" + "x" * 200 + "\n"
    print_notes([FOREIGN])
    out, error = capsys.readouterr()
    assert (out, error) == ("", "a\\x1b[2J[b]\n")


def test_progress_bar_leaves_standard_output_alone(capsys, monkeypatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, width=120)
    monkeypatch.setattr(output, "screen", terminal)
    with progress_bar("images") as progress:
        progress(Progress(done=1, total=2, quarantined=3))
    assert re.search("1/2.*images.*3 could not be read", terminal.file.getvalue())
    assert capsys.readouterr().out == ""
