from pathlib import Path

from mammo_core.settings import settings


def test_relative_and_home_folders_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAMMO_DATA", "data")
    monkeypatch.setenv("MAMMO_MODELS", "~/models")
    settings.cache_clear()
    assert settings().data == tmp_path / "data"
    assert settings().models == Path.home() / "models"
    settings.cache_clear()
