"""The documentation names what is there: commands, options, settings, files."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from mammo_core import __version__
from mammo_core.cli import app
from mammo_core.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMAND_LINE = README.partition("## Command line")[2].partition("\n## ")[0]
SYNOPSIS = re.findall(r"^mammo +(.+)$", COMMAND_LINE, re.MULTILINE)  # one line for each command


def usage(command: Any) -> tuple[set[str], list[int]]:
    """Return a command's long options, with "=" where one takes a value, and the numbers of values of its arguments.

    The number is -1 for an argument that takes any number of values.
    """
    options = {
        option + "=" * (not parameter.is_flag)
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    return options, [parameter.nargs for parameter in command.params if parameter.param_type_name == "argument"]


def documented_usage(rest: str) -> tuple[set[str], list[int]]:
    """Return the same of a line such as `SOURCE [--name NAME] [--workers N | --scheduler ADDRESS] [--json]`."""
    options = {option + "=" * bool(value) for option, value in re.findall(r"(--[a-z-]+)( [A-Z0-9])?", rest)}
    arguments = re.sub(
        r"\[[^]]*\](\.\.\.)?|--[a-z-]+ [A-Z]+", "", rest
    ).split()  # without options, also those that must be given
    return options, [-1 if argument.endswith("...") else 1 for argument in arguments]


def shell_lines(document: Path) -> list[str]:
    """Return the lines of a document's blocks without a language, which are commands."""
    lines: list[str] = []
    language = None  # of the block in which a line stands; None outside
    for line in document.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            language = line[3:] if language is None else None
        elif language == "":
            lines.append(line)
    return lines


SHELL_LINES = [(document, line) for document in DOCUMENTS for line in shell_lines(document)]
CALLS = [  # of the command line, but for the synopsis
    (document.name, match[1])
    for document, line in SHELL_LINES
    if (match := re.search(r"(?:-m mammo_core|^mammo) +(.+)", line)) and match[1] not in SYNOPSIS
]


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a Markdown document."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_readme_lists_every_command_with_its_options_and_arguments():
    listed = {name: usage(command) for name, command in COMMANDS.items() if not command.hidden}
    documented = {name: documented_usage(rest) for name, _, rest in (line.partition(" ") for line in SYNOPSIS)}
    assert documented == listed


def test_documented_usage_tells_flags_options_and_arguments():
    line = "  FILE|ZIP... [--csv FILE] [--size 256 | AxB] [--set KEY=VALUE,VALUE...]... [--json]"
    assert documented_usage(line) == ({"--csv=", "--size=", "--set=", "--json"}, [-1])
    assert documented_usage("FILE --data NAME [--json]") == ({"--data=", "--json"}, [1])


@pytest.mark.parametrize(("document", "call"), CALLS, ids=[f"{document}: {call}" for document, call in CALLS])
def test_command_of_a_document_is_one_that_the_command_line_accepts(document, call):
    name, *words = shlex.split(call, comments=True)
    COMMANDS[name].make_context(name, words)  # raises an error of usage


def test_commands_of_documents_are_found():
    names = [call.split()[0] for document, call in CALLS if document == "README.md"]
    assert names == ["explore", "import", "train", "import", "bootstrap"]


def test_commands_within_sentences_exist():
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = set(re.findall(r"`(?:mammo|python -m mammo_core) ([a-z]+)", text))
    assert {"evaluate", "train"} <= named <= COMMANDS.keys()


def test_architecture_lists_every_setting():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Folders and settings")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(MAMMO_[A-Z_]+)`", section, re.MULTILINE))
    assert documented == {f"MAMMO_{name.upper()}" for name in Settings.model_fields}
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_resolve(document):
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    for link in (link for link in links if not re.match(r"https?:", link)):
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_make_targets_in_documents_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for path in DOCUMENTS for name in re.findall(r"`make ([a-z-]+)`", path.read_text(encoding="utf-8"))}
    in_blocks = {line.split()[1] for _, line in SHELL_LINES if line.startswith("make ")}
    assert in_blocks == {"run", "test"}
    assert named | in_blocks <= targets


def test_requirement_files_in_documents_exist():
    files = [*DOCUMENTS, *ROOT.glob("requirements*.txt"), ROOT / "Makefile", ROOT / "pyproject.toml"]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    named = set(re.findall(r"\brequirements[a-z-]*\.txt", text))
    assert named == {path.name for path in ROOT.glob("requirements*.txt")}


def test_readme_names_every_benchmark():
    paragraph = README.partition("run as `python -m benchmarks.NAME`")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z_]+)(?: [A-Z]+)*`", paragraph))
    makes_files = {"convert_backbone", "demo_model"}
    assert named == {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")} - makes_files


def test_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ([0-9.]+) – \d{4}-\d{2}-\d{2}$", text, re.MULTILINE).group(1) == __version__


@pytest.mark.parametrize(
    ("extra", "file"),
    [("app", "requirements.txt"), ("test", "requirements-test.txt"), ("dev", "requirements-dev.txt")],
)
def test_lowest_versions_of_the_package_are_the_pinned_ones(extra, file):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = [*project["optional-dependencies"][extra], *(project["dependencies"] if extra == "app" else [])]
    if extra == "dev":
        ranges.remove("mammo-workbench[app,test]")
    lowest = dict(re.match(r"([a-z-]+)>=([0-9.]+)", entry).groups() for entry in ranges)
    pins = dict(re.findall(r"^([a-z-]+)==([0-9.]+)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))
    assert lowest == pins


def test_every_trap_says_how_to_check_it():
    text = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
    points = re.split(r"^(?:- \*\*|## )", text.partition("\n## ")[2], flags=re.MULTILINE)
    points = [point for point in points if "**" in point]
    assert len(points) > 60
    assert [point.partition("**")[0] for point in points if not re.search(r"Check|Source: |◦", point)] == []


def test_tests_of_traps_and_benchmarks_of_all_documents_exist():
    tests = {
        name for path in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    benchmarks = {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")}
    present = [document for document in DOCUMENTS if document.name != "CHANGELOG.md"]  # which tells former names, too
    text = "\n".join(document.read_text(encoding="utf-8") for document in present)
    traps = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(test_\w+)`", traps)) - tests == set()
    assert set(re.findall(r"\bbenchmarks\.([a-z_]+)", text)) - benchmarks == set()
