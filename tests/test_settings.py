from pathlib import Path

import pytest

from mammo_core import settings as module
from mammo_core.errors import ConfigError
from mammo_core.settings import PROJECT, SHIPPED_MODELS, Settings, apply_environment, as_environment, settings


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch):
    """Read the environment anew before and after each test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MAMMO_{name.upper()}", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_relative_and_home_folders_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAMMO_DATA", "data")
    monkeypatch.setenv("MAMMO_MODELS", "~/models")
    assert settings().data == tmp_path / "data"
    assert settings().models == Path.home() / "models"


def test_default_folders_of_a_checkout_lie_in_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (settings().data, settings().models) == (PROJECT / "data", PROJECT / "models")
    assert (SHIPPED_MODELS / "demo" / "card.json").is_file()


def test_default_folders_of_an_installed_package_lie_in_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "IS_CHECKOUT", False)
    assert (settings().data, settings().models) == (tmp_path / "data", tmp_path / "models")


def test_scheduler_addresses_are_each_listed_once(monkeypatch):
    assert settings().scheduler_addresses == ()
    monkeypatch.setenv("MAMMO_SCHEDULERS", " tls://a:8786,,tcp://b:8786 , tls://a:8786")
    settings.cache_clear()
    assert settings().scheduler_addresses == ("tls://a:8786", "tcp://b:8786")
    assert as_environment()["MAMMO_SCHEDULERS"].strip() == "tls://a:8786,,tcp://b:8786 , tls://a:8786"


def test_value_outside_its_range_names_the_variable(monkeypatch):
    monkeypatch.setenv("MAMMO_DECODE_WORKERS", "0")
    with pytest.raises(ConfigError, match="MAMMO_DECODE_WORKERS"):
        settings()


def test_environment_of_another_process_is_adopted(monkeypatch):
    for name, value in as_environment().items():
        monkeypatch.setenv(name, value)  # restored after the test
    expected = as_environment() | {"MAMMO_DECODE_SECONDS": "7.5"}
    apply_environment(expected)
    assert settings().decode_seconds == 7.5
    assert as_environment() == expected
