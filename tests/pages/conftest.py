"""Workspaces that pages show and don't change."""

import shutil

import pytest

from builders.workspaces import use_folder, workspace_in
from mammo_core.models.bundle import CARD
from mammo_core.models.registry import activate
from mammo_core.settings import settings
from mammo_core.storage.hashing import file_states


@pytest.fixture(scope="session")
def active_line(make_once, line):
    """Return the read-only workspace `line` with "trained" as the active model."""

    def write(folder):
        shutil.copytree(line.data, folder / "data")
        shutil.copytree(line.models, folder / "models")
        activate(workspace_in(folder), "trained")

    return workspace_in(make_once("active line", write))


@pytest.fixture
def viewed(active_line, monkeypatch):
    """Put `active_line` in use by the settings: its network is loaded once for all tests that change nothing."""
    files = (
        active_line.data / "demo" / "train.csv",
        active_line.models / "active.json",
        active_line.models / "trained" / CARD,
    )
    before = file_states(files)
    yield use_folder(monkeypatch, active_line.data.parent)
    settings.cache_clear()
    assert file_states(files) == before, "This test changes a workspace that others share; let it take `finished`."
