from pathlib import Path

from mammo_core.workspace import Workspace


def test_workspace_relative_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workspace = Workspace(Path("data"), Path("models"))
    monkeypatch.chdir("/")
    assert (workspace.data, workspace.models) == (tmp_path / "data", tmp_path / "models")
    assert workspace.prepared == tmp_path / "data" / "prepared"
