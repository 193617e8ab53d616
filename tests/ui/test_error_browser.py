"""The confusion matrix and the breasts in its cells, without a network; tests of the Models page show exams."""

import pytest

from builders.app import plain, show_component
from builders.models import write_model
from mammo_core.dataset.library import link_dataset
from mammo_core.documents.report import ConfusionMatrix
from mammo_core.evaluation.operating import outcomes
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import open_bundle
from mammo_core.settings import SHIPPED_MODELS
from ui.error_browser import choose_cell, choose_patient, patients_with_images, show_errors, show_patient

COUNTS = ConfusionMatrix(tp=1, fp=2, tn=3000, fn=4)


@pytest.fixture
def bundle(workspace):
    """Return a model whose held-out breasts are one detected cancer, at a threshold of 0.3."""
    return write_model(workspace.models / "mine")


def test_choose_cell_shows_the_counts_and_returns_the_cell_that_was_clicked():
    app = show_component(choose_cell, COUNTS)
    assert {button.key: plain(button.label).partition("  ")[0] for button in app.button} == {
        "cell detected cancers": "**1**",
        "cell missed cancers": "**4**",
        "cell false positives": "**2**",
        "cell true negatives": "**3,000**",
    }
    assert app.session_state["result"] == "missed cancers"
    app.button(key="cell false positives").click().run()
    assert app.session_state["result"] == "false positives"


def breasts(threshold: float):
    """Return the true negatives of the shipped model at a threshold."""
    return outcomes(
        to_unit(open_bundle(SHIPPED_MODELS / "demo").evaluation_predictions(), "breast"), threshold, 0, False
    )


def test_choose_patient_returns_the_patient_of_the_first_or_the_selected_row():
    table = breasts(1.0)
    app = show_component(choose_patient, table, "true negatives", "list")
    assert app.dataframe[0].value["patient"].tolist() == table["patient_id"].tolist()
    assert app.session_state["result"] == str(table["patient_id"][0])
    app.button(key="Next list").click().run()
    assert app.session_state["result"] == str(table["patient_id"][1])
    app.session_state["list"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert app.session_state["result"] == str(table["patient_id"][2])


def test_choose_patient_of_an_empty_cell_is_none():
    app = show_component(choose_patient, breasts(1.0).head(0), "missed cancers", "list")
    assert app.session_state["result"] is None
    assert [info.value for info in app.info] == ["There are no missed cancers at this operating point."]


def test_show_errors_lists_the_breasts_of_the_chosen_cell(bundle):
    app = show_component(show_errors, bundle)
    assert [info.value for info in app.info] == ["There are no missed cancers at this operating point."]
    app.button(key="cell detected cancers").click().run()
    assert app.dataframe[0].value["patient"].tolist() == ["3"]
    assert [info.value for info in app.info] == ["The images of demo are not on this machine, so they can't be shown."]


def test_show_patient_that_the_data_set_no_longer_lists_is_stated(bundle, workspace, phantoms):
    link_dataset(workspace, "demo", phantoms)
    app = show_component(show_patient, bundle, "nobody")
    assert [info.value for info in app.info] == ["The images of patient nobody are not in demo on this machine."]


def test_choose_patient_starts_with_one_whose_images_are_here():
    table = breasts(1.0)
    patient = str(table["patient_id"][3])
    app = show_component(choose_patient, table, "true negatives", "list", {patient})
    assert app.session_state["result"] == patient
    shown = app.dataframe[0].value["images"]
    assert next(index for index, here in enumerate(shown) if here == "here") == table["patient_id"].tolist().index(
        patient
    )


def test_patients_with_images_are_those_with_files(bundle, workspace, phantoms):
    assert patients_with_images(bundle) == frozenset()
    link_dataset(workspace, "demo", phantoms)
    assert {folder.name for folder in (phantoms / "train_images").iterdir()} == patients_with_images(bundle)
