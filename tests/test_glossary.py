"""Names avoid unwanted words: docs/glossary.md lists the words, this test reads the list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
FOLDERS = ("mammo_core", "ui", "pages", "benchmarks")
FILES = [ROOT / "app.py", *sorted(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]
LONGEST_FIRST_LINE = 80  # characters of a docstring


def unwanted_words() -> list[str]:
    """Return the names in the first column of the glossary's table "Words we do not use"."""
    section = GLOSSARY.read_text(encoding="utf-8").partition("## Words we do not use")[2]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


WORDS = {word for word in unwanted_words() if "." not in word}
MODULES = {word for word in unwanted_words() if "." in word}


def identifiers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of whatever a module names itself: functions, classes, arguments, variables, attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.alias(asname=str()):
                yield node.lineno, str(node.asname)
            case ast.MatchAs(name=str()) | ast.MatchStar(name=str()):
                yield node.lineno, str(node.name)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_glossary_table_is_read():
    assert {"strangeness", "Answer", "places"} <= WORDS
    assert "mammo_core.takeaway" in MODULES


def test_identifier_collection_sees_every_kind_of_name():
    tree = ast.parse("import a as b\nclass C:\n    d: int\n    def e(self, f, *g):\n        self.h = [i for i in f]\n")
    assert {name for _, name in identifiers(tree)} == {"b", "C", "d", "e", "self", "f", "g", "h", "i"}


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_identifiers_avoid_unwanted_words(path):
    name = relative(path).removesuffix(".py").replace("/", ".")
    names = [(1, path.stem), *identifiers(ast.parse(path.read_text(encoding="utf-8")))]
    assert name not in MODULES
    assert [f"{line}: {word}" for line, word in names if word.strip("_") in WORDS] == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_docstrings_begin_with_one_short_line(path):
    """The first line is short and quotes no unwanted word."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first_lines = [
        (getattr(node, "lineno", 1), (ast.get_docstring(node) or "").partition("\n")[0])
        for node in ast.walk(tree)
        if isinstance(node, documented)
    ]
    quoted = re.compile("|".join(rf"`{re.escape(word)}`" for word in sorted(WORDS)))
    assert [f"{line}: {text}" for line, text in first_lines if len(text) > LONGEST_FIRST_LINE] == []
    assert [f"{line}: {text}" for line, text in first_lines if quoted.search(text)] == []
