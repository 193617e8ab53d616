"""Pages run as the main module, in the tests' own process."""

import sys

import pytest


@pytest.fixture(autouse=True)
def own_main_module(monkeypatch):
    """Give the tests' main module back: processes that are spawned later import what is called so."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
