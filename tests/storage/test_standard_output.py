import ast
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_core.storage.standard_output import output_line, output_values, printable

ROOT = Path(__file__).parents[2]
PRINTERS = {"echo", "print", "warning", "info", "error"}  # of typer, consoles and loggers
NEUTRAL = {
    "printable",
    "output_line",
    "describe_file_error",
    "dumps",
    "len",
}  # functions whose result no terminal obeys
TRUSTED = {
    "mammo_core/cli/__init__.py": {"__version__"},
    "mammo_core/cli/runs.py": {"table"},
}  # whose cells are neutral
PRINT = """
import os, sys
from mammo_core.storage.standard_output import accept_all_characters
accept_all_characters()
print("0.9 ≥ 0.5 – 256 × 256 " + os.fsdecode(b"M\\xfcller") + " é 漢")
"""


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("cp1252", "0.9 >= 0.5 – 256 × 256 Müller é ?".encode("cp1252")),
        ("ascii", b"0.9 >= 0.5 - 256 x 256 M\xfcller ? ?"),
        ("utf-8", "0.9 ≥ 0.5 – 256 × 256 ".encode() + b"M\xfcller" + " é 漢".encode()),
    ],
)
def test_standard_output_prints_every_character_and_name(encoding, expected):
    command = [sys.executable, "-X", "utf8=0", "-c", PRINT]
    environment = {"PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout.rstrip() == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain é 漢 ≥", "plain é 漢 ≥"),
        ("\x1b]0;title\x07\x1b[2Jx.dcm", r"\x1b]0;title\x07\x1b[2Jx.dcm"),
        ("\x9b31m", r"\x9b31m"),
        ("a\r\nb\tc\x7f", r"a\r\nb\tc\x7f"),
        ("cod.\u202egnp", r"cod.\u202egnp"),
        ("a\u2028b", r"a\u2028b"),
    ],
)
def test_output_line_has_nothing_that_a_terminal_obeys(text, line):
    assert output_line(text) == printable(text) == line
    assert output_values({text: [text, 1, None]}) == {line: [line, 1, None]}


def test_output_line_keeps_bytes_of_names_and_printable_escapes_them():
    assert output_line("M\udcfcller") == "M\udcfcller"
    assert printable("M\udcfcller") == r"M\udcfcller"


def unneutral_arguments(source: str, file: str = "") -> list[str]:
    """Return what is printed or logged and may hold foreign text: neither a constant nor the result of a neutral function."""
    unneutral = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in PRINTERS:
            unneutral += [f"{file}:{node.lineno}: {ast.unparse(part)}" for part in foreign_parts([*node.args], file)]
    return unneutral


def foreign_parts(parts: list[ast.expr], file: str) -> list[ast.expr]:
    foreign: list[ast.expr] = []
    for part in parts:
        match part:
            case ast.Constant():
                pass
            case ast.JoinedStr(values):
                foreign += foreign_parts(values, file)
            case ast.FormattedValue(value):
                foreign += foreign_parts([value], file)
            case ast.Subscript(value=value):
                foreign += foreign_parts([value], file)
            case ast.Attribute(attr="strerror"):
                pass
            case ast.Call(func=ast.Name("escape"), args=inner):
                foreign += foreign_parts(inner, file)
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name)) if name in NEUTRAL:
                pass
            case ast.Name(name) if name in TRUSTED.get(file, set()):
                pass
            case _:
                foreign.append(part)
    return foreign


@pytest.mark.parametrize(
    ("call", "unneutral"),
    [
        ("typer.echo(text)", 1), ("screen.print(f'{error}')", 1), ("print(error, file=sys.stderr)", 1),
        ("logger.warning('%s', name)", 1), ("typer.echo(as_written(line))", 1), ("console.print(escape(str(error)))", 1),
        ("typer.echo(output_line(text))", 0), ("print(escape(printable(text)))", 0), ("logger.warning('plain')", 0),
        ("typer.echo(json.dumps(document))", 0),
    ],
)  # fmt: skip
def test_finder_of_unneutral_output(call, unneutral):
    assert len(unneutral_arguments(call)) == unneutral


def test_everything_printed_or_logged_is_neutral():
    files = list((ROOT / "mammo_core").rglob("*.py"))
    unneutral = [
        line for path in files for line in unneutral_arguments(path.read_text(), path.relative_to(ROOT).as_posix())
    ]
    assert unneutral == []
