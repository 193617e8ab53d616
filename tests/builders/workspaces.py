"""Workspaces in folders of tests."""

from pathlib import Path

import pytest

from mammo_core.settings import settings
from mammo_core.workspace import Workspace


def workspace_in(folder: Path) -> Workspace:
    """Return the data and models folders in a folder."""
    return Workspace(folder / "data", folder / "models")


def use_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Workspace:
    """Point the settings of this process, and of those it starts, at the data and models folders in `folder`."""
    workspace = workspace_in(folder)
    monkeypatch.setenv("MAMMO_DATA", str(workspace.data))
    monkeypatch.setenv("MAMMO_MODELS", str(workspace.models))
    settings.cache_clear()
    return workspace
