"""Trainings without their export."""

import pytest


@pytest.fixture
def exported(monkeypatch):
    """Return the runs that are exported from now on; their models are neither evaluated nor saved."""
    from mammo_core.learning import trainer

    runs = []

    def export(trained, stop_signal, on_phase):
        runs.append(trained)
        return trained.data

    monkeypatch.setattr(trainer, "export_model", export)
    return runs
