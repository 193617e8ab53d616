"""The models page with the real core: the confusion matrix leads to exams, the report knows its rivals."""

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, without_error
from builders.models import write_model
from mammo_core.evaluation.ood import OODDetector
from mammo_core.evaluation.operating import at_threshold
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import activate, choose_operating_point, list_models


def show(view: str, **state: object) -> AppTest:
    """The page as it opens at one of its views, of the active model."""
    return without_error(open_page("models", {"view": view}, state))


@pytest.fixture
def bundle(viewed):
    return open_bundle(viewed.models / "trained")


def test_confusion_matrix_cell_opens_its_exams(bundle):
    units = to_unit(bundle.evaluation_predictions(), "breast")
    counts = at_threshold(units, bundle.threshold).confusion
    app = show("Errors")
    button = app.button(key="cell true negatives")
    assert button.label.startswith(f"**{counts.tn}**")
    button.click().run()
    assert not app.exception
    assert len(app.dataframe[1].value) == counts.tn > 0
    patient = app.dataframe[1].value["patient_id"].iloc[0]
    assert any(text.value.startswith(f"**Patient {patient}**") for text in app.markdown)
    assert any("probability **" in text.value for text in app.markdown)


def test_errors_view_marks_out_of_distribution_image(bundle, monkeypatch):
    monkeypatch.setattr(OODDetector, "ood_score", lambda _, features: np.full(len(features), 1.5))
    app = show("Errors", cell="true negatives")
    lines = [text.value for text in app.markdown if "probability **" in text.value]
    assert lines
    assert all(":orange-badge[unlike the training images]" in line for line in lines)
    assert any("differ too much from the training images" in warning.value for warning in app.warning)


def test_errors_view_images_without_a_label_are_shown(finished):
    activate(finished, "trained")
    csv = finished.data / "demo" / "train.csv"
    table = pd.read_csv(csv, dtype=str).assign(cancer=None)
    table.to_csv(csv, index=False)
    app = show("Errors", cell="true negatives")
    patient = app.dataframe[1].value["patient_id"].iloc[0]
    lines = [text.value for text in app.markdown if "probability **" in text.value]
    assert len(lines) == (table["patient_id"] == patient).sum() > 0
    assert not any("orange-badge[cancer]" in line for line in lines)


@pytest.mark.parametrize("view", ["Report", "Operating point", "Subgroups", "Errors", "Training", "Card"])
def test_every_view_opens(workspace, view):
    write_model(workspace.models / "mine")
    activate(workspace, "mine")
    show(view)


def test_delete_button_deletes_only_the_displayed_model(workspace):
    first = write_model(workspace.models / "mine")
    (first.folder / "work.json").touch()  # runs stand above the shipped model
    app = show("Card", chosen={"selection": {"rows": [0], "columns": [], "cells": []}})
    assert next(heading.value for heading in app.subheader) == "mine"
    newer = write_model(workspace.models / "newer")  # comes to stand in its row
    (newer.folder / "work.json").touch()
    app.button(key="delete mine").click().run()
    assert not app.exception
    assert {"newer", "mine"} <= set(list_models(workspace))
    app.button(key="delete newer").click().run()
    assert "newer" not in list_models(workspace)


def test_breast_selection_is_reset_when_the_list_changes(finished):
    activate(finished, "trained")
    bundle = open_bundle(finished.models / "trained")
    units, cell = to_unit(bundle.evaluation_predictions(), "breast"), "true negatives"
    choose_operating_point(finished, "trained", 1.0, "by hand")  # no breast is recalled
    last = at_threshold(units, 1.0).confusion.tn - 1
    chosen = {"selection": {"rows": [last], "columns": [], "cells": []}}
    app = show("Errors", cell=cell, **{f"breasts {bundle.identity} 1.0 {cell}": chosen})
    hung = next(text.value for text in app.markdown if text.value.startswith("**Patient "))
    assert str(app.dataframe[1].value["patient_id"].iloc[last]) in hung
    choose_operating_point(finished, "trained", float(units.loc[units["label"] == 0, "probability"].max()), "by hand")
    app.run()
    assert not app.exception
    assert len(app.dataframe[1].value) <= last
