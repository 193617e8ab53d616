from pathlib import Path

import pytest

from mammo_core.settings import settings


def use_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(folder / "data"))
    monkeypatch.setenv("MAMMO_MODELS", str(folder / "models"))
    settings.cache_clear()


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Empty data and models folders of this test's own."""
    use_folder(monkeypatch, tmp_path)
    yield tmp_path
    settings.cache_clear()
