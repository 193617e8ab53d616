from pathlib import Path

from mammo_core.settings import settings


def test_folders_are_absolute_wherever_a_process_works_later(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAMMO_DATA", "data")
    monkeypatch.setenv("MAMMO_MODELS", "~/models")
    settings.cache_clear()
    assert settings().data == tmp_path / "data"
    assert settings().models == Path.home() / "models"
    settings.cache_clear()
