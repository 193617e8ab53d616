"""The documentation names what is there: commands, options, settings, files."""

import re
import tomllib
from pathlib import Path

import pytest
import typer

from mammo_core import __version__
from mammo_core.cli import app
from mammo_core.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def command_options() -> dict[str, set[str]]:
    """Return the long options of every command that `--help` lists."""
    group = typer.main.get_command(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        for name, command in group.commands.items()  # type: ignore[attr-defined]
        if not command.hidden
    }


def documented_options() -> dict[str, set[str]]:
    """Return the options of every command in the README's section "Command line"."""
    section = README.partition("## Command line")[2].partition("\n## ")[0]
    lines = re.findall(r"^mammo +([a-z]+)(.*)$", section, re.MULTILINE)
    return {name: set(re.findall(r"--[a-z-]+", rest)) for name, rest in lines}


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a Markdown document."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_readme_lists_every_command_with_its_options():
    assert documented_options() == command_options()


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
    assert named <= targets


def test_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## ([0-9.]+) – \d{4}-\d{2}-\d{2}$", text, re.MULTILINE).group(1) == __version__


def test_pinned_versions_lie_within_the_package_ranges():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = [*project["dependencies"], *project["optional-dependencies"]["app"]]
    lowest = dict(re.match(r"([a-z-]+)>=([0-9.]+)", entry).groups() for entry in ranges)
    pins = dict(re.findall(r"^([a-z-]+)==([0-9.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
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
