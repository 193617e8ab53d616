"""Names avoid unwanted words: docs/glossary.md lists the words, this test reads the list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
FOLDERS = ("mammo_core", "ui", "pages", "benchmarks", "docs")
FILES = [ROOT / "app.py", *sorted(path for name in FOLDERS for path in (ROOT / name).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))  # docstrings of tests may be longer
SLOW_TESTS = [pytest.param(path, marks=pytest.mark.slow) for path in TESTS]  # many, of which each takes little
LONGEST_FIRST_LINE = 80  # characters of a docstring


SECTION = GLOSSARY.read_text(encoding="utf-8").partition("## Words we do not use")[2]


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def unwanted_words() -> set[str]:
    """Return the names in the first column of the glossary's table."""
    rows = [line for line in SECTION.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in quoted(row.split("|")[1])}


def listed(beginning: str) -> set[str]:
    """Return the words that a paragraph of the glossary lists."""
    return quoted(SECTION.partition(f"\n\n{beginning}")[2].partition("\n\n")[0])


def split_name(name: str) -> str:
    """Return a name in snake_case with small letters, between underscores."""
    return f"_{'_'.join(re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+', name)).lower()}_"


WORDS = {word for word in unwanted_words() if "." not in word}
MODULES = {word for word in unwanted_words() if "." in word}
ORDINARY_PARTS = listed("Ordinary as parts of names")
PROSE = listed("Ruled out also as plain words")
PARTS = {split_name(word) for word in WORDS} - {split_name(word) for word in ORDINARY_PARTS}


def is_unwanted(name: str) -> bool:
    """Return whether a name is an unwanted word, or has one as a part."""
    return name.strip("_") in WORDS or any(part in split_name(name) for part in PARTS)


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
            case ast.ExceptHandler(name=str()):
                yield node.lineno, str(node.name)
            case ast.alias(asname=str()):
                yield node.lineno, str(node.asname)
            case ast.MatchAs(name=str()) | ast.MatchStar(name=str()):
                yield node.lineno, str(node.name)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_glossary_table_is_read():
    assert {"strangeness", "Answer", "places"} <= WORDS
    assert "mammo_core.takeaway" in MODULES
    assert {"against", "work"} <= ORDINARY_PARTS <= WORDS
    assert {"strangeness", "facts"} <= PROSE <= WORDS


@pytest.mark.parametrize(
    ("name", "unwanted"),
    [
        *[("found", True), ("_found", True), ("ModelNotFound", False)],
        *[("show_facts", True), ("FactTable", False), ("FactsTable", True), ("artefacts", False), ("FACTS", True)],
        *[("KeepBest", True), ("keep_best_model", True), ("answer", False), ("Answer", True), ("answer_to_all", True)],
    ],
)
def test_is_unwanted_sees_parts_of_names_but_ordinary_ones(name, unwanted):
    assert is_unwanted(name) == unwanted


def test_identifier_collection_sees_every_kind_of_name():
    tree = ast.parse("import a as b\nclass C:\n    d: int\n    def e(self, f, *g):\n        self.h = [i for i in f]\n")
    assert {name for _, name in identifiers(tree)} == {"b", "C", "d", "e", "self", "f", "g", "h", "i"}


@pytest.mark.parametrize("path", [*FILES, *SLOW_TESTS], ids=relative)
def test_identifiers_avoid_unwanted_words(path):
    name = relative(path).removesuffix(".py").replace("/", ".")
    names = [(1, path.stem), *identifiers(ast.parse(path.read_text(encoding="utf-8")))]
    assert name not in MODULES
    assert [f"{line}: {word}" for line, word in names if is_unwanted(word)] == []


def first_lines(path: Path) -> list[tuple[int, str]]:
    """Return line and first line of docstring of a module, its classes and its functions."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (getattr(node, "lineno", 1), (ast.get_docstring(node) or "").partition("\n")[0])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, documented)
    ]


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_docstrings_begin_with_one_short_line(path):
    assert [f"{line}: {text}" for line, text in first_lines(path) if len(text) > LONGEST_FIRST_LINE] == []


@pytest.mark.parametrize("path", [*FILES, *SLOW_TESTS], ids=relative)
def test_first_lines_of_docstrings_avoid_unwanted_words(path):
    unwanted = [
        f"{line}: {text}"
        for line, text in first_lines(path)
        if quoted(text) & WORDS or set(re.findall(r"\w+", text.lower())) & PROSE
    ]
    assert unwanted == []
