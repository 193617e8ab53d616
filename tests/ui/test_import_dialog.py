"""The choices of an import; what the button starts is recorded, not run."""

import pytest

from builders.app import plain, show_component
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import link_dataset, list_datasets
from mammo_core.jobs.importing import ImportJob
from ui import import_dialog


@pytest.fixture
def launched(monkeypatch) -> list[ImportJob]:
    """Return the imports that are started from now on."""
    jobs: list[ImportJob] = []
    monkeypatch.setattr(import_dialog, "launch", lambda job, workspace: jobs.append(job))
    return jobs


@pytest.fixture
def dataset(workspace, phantoms):
    link_dataset(workspace, "demo", phantoms)
    (dataset,) = list_datasets(workspace)
    return dataset


@pytest.mark.parametrize(("choice", "size"), [("256", 256), ("512x320", (512, 320))])
def test_import_starts_with_size_name_and_workers(dataset, launched, choice, size):
    app = show_component(import_dialog.show_choices, dataset)
    app.selectbox(key="import size").set_value(choice).run()
    app.number_input(key="import workers").set_value(1)
    app.text_input(key="import name").set_value("mine")
    app.button(key="import now").click().run()
    assert not app.error
    assert [(job.store, job.size, job.workers) for job in launched] == [("mine", size, 1)]


def test_import_without_a_name_takes_the_data_sets(dataset, launched):
    app = show_component(import_dialog.show_choices, dataset)
    assert app.text_input(key="import name").placeholder == "demo"
    app.button(key="import now").click().run()
    assert [job.store for job in launched] == ["demo"]


def test_choices_show_an_estimate_for_the_size(dataset):
    app = show_component(import_dialog.show_choices, dataset)
    assert "time not known yet" in plain(app.caption[-1].value)
    small = plain(app.caption[-1].value)
    app.selectbox(key="import size").set_value("512").run()
    assert plain(app.caption[-1].value) != small


def test_estimate_of_an_impossible_size_is_an_error(dataset):
    app = show_component(import_dialog.show_estimate, read_catalogue(dataset.path), "100", 1)
    assert len(app.error) == 1


def test_import_of_an_impossible_size_or_name_is_an_error(dataset, launched):
    app = show_component(import_dialog.start_import, dataset, "100", "", None)
    assert len(app.error) == 1
    app = show_component(import_dialog.start_import, dataset, "64", "a/b", None)
    assert len(app.error) == 1
    assert launched == []
