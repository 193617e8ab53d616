"""The models page with the real core: the confusion matrix leads to exams, the report knows its rivals."""

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, plain, viewer_cells, without_error
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
    patient = app.dataframe[1].value["patient"].iloc[0]
    assert any(text.value.startswith(f"**Patient {patient}**") for text in app.markdown)
    assert any(cell.probability is not None for cell in viewer_cells(app))
    app.toggle(key="network inputs").set_value(True).run()
    inputs = [element.proto.imgs[0].alt for element in app.get("image")]
    assert inputs[0].startswith("Network input of R CC")
    assert len(inputs) == sum(cell.probability is not None for cell in viewer_cells(app))


def test_errors_view_marks_out_of_distribution_image(bundle, monkeypatch):
    monkeypatch.setattr(OODDetector, "ood_score", lambda _, features: np.full(len(features), 1.5))
    app = show("Errors", cell="true negatives")
    predicted = [cell for cell in viewer_cells(app) if cell.probability is not None]
    assert predicted
    assert all(cell.no_decision for cell in predicted)
    assert any("differ too much from the training images" in warning.value for warning in app.warning)


def test_errors_view_images_without_a_label_are_shown(finished):
    activate(finished, "trained")
    csv = finished.data / "demo" / "train.csv"
    table = pd.read_csv(csv, dtype=str).assign(cancer=None)
    table.to_csv(csv, index=False)
    app = show("Errors", cell="true negatives")
    patient = app.dataframe[1].value["patient"].iloc[0]
    predicted = [cell for cell in viewer_cells(app) if cell.probability is not None]
    assert len(predicted) == (table["patient_id"] == patient).sum() > 0
    assert not any(cell.cancer for cell in predicted)


@pytest.mark.parametrize("view", ["Report", "Operating point", "Subgroups", "Errors", "Training", "Card"])
def test_every_view_opens(workspace, view):
    write_model(workspace.models / "mine")
    activate(workspace, "mine")
    show(view)


def first_row(*models: str) -> dict[str, object]:
    """Return the state of a page on which the first of these models is selected."""
    return {f"chosen {' '.join(models)}": {"selection": {"rows": [0], "columns": [], "cells": []}}}


def toasts(app: AppTest) -> list[str]:
    return [plain(toast.value) for toast in app.toast]


@pytest.fixture
def mine(workspace):
    """A workspace with a model of its own, "mine", which stands above the shipped one."""
    (write_model(workspace.models / "mine").folder / "work.json").touch()
    return workspace


def test_delete_acts_on_the_displayed_model_in_a_dialog_that_closes(mine):
    app = show("Card", **first_row("mine", "demo"))
    assert [heading.value for heading in app.subheader] == ["mine"]
    app.button(key="delete mine").click().run()
    (write_model(mine.models / "newer").folder / "work.json").touch()  # comes to stand in its row
    app.button(key="delete mine now").click().run()
    assert not app.exception
    assert set(list_models(mine)) == {"newer", "demo"}
    assert toasts(app) == ["Deleted mine."]
    assert not [button for button in app.button if button.key and button.key.endswith(" now")]
    app.button(key="undo deletion").click().run()
    assert not app.exception
    assert set(list_models(mine)) == {"newer", "mine", "demo"}
    assert toasts(app) == ["Restored mine."]
    assert not [button for button in app.button if button.key == "undo deletion"]


def test_rename_closes_its_dialog_and_says_so(mine):
    app = show("Card", **first_row("mine", "demo"))
    app.button(key="rename mine").click().run()
    app.text_input(key="name mine").set_value("better")
    app.button(key="rename mine now").click().run()  # in one run: AppTest knows no run of a dialog alone
    assert not app.exception
    assert set(list_models(mine)) == {"better", "demo"}
    assert toasts(app) == ["mine is now called better."]
    assert not [button for button in app.button if button.key == "rename mine now"]


def test_active_model_is_opened_first_and_marked(mine):
    assert [heading.value for heading in show("Card").subheader] == ["demo :green-badge[active]"]


def test_breast_selection_is_reset_when_the_list_changes(finished):
    activate(finished, "trained")
    bundle = open_bundle(finished.models / "trained")
    units, cell = to_unit(bundle.evaluation_predictions(), "breast"), "true negatives"
    choose_operating_point(finished, "trained", 1.0, "by hand")  # no breast is recalled
    last = at_threshold(units, 1.0).confusion.tn - 1
    chosen = {"selection": {"rows": [last], "columns": [], "cells": []}}
    app = show("Errors", cell=cell, **{f"breasts {bundle.identity} 1.0 {cell}": chosen})
    hung = next(text.value for text in app.markdown if text.value.startswith("**Patient "))
    assert str(app.dataframe[1].value["patient"].iloc[last]) in hung
    choose_operating_point(finished, "trained", float(units.loc[units["label"] == 0, "probability"].max()), "by hand")
    app.run()
    assert not app.exception
    assert len(app.dataframe[1].value) <= last


def test_address_selects_models_and_follows_the_selection(mine):
    app = without_error(open_page("models", {"view": "Card", "model": ["mine"]}))
    assert [heading.value for heading in app.subheader] == ["mine"]
    app.session_state["chosen mine demo"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    app.run()
    assert app.query_params["model"] in ("demo", ["demo"])
    missing = open_page("models", {"view": "Card", "model": ["gone"]})
    assert "There is no model gone here." in [plain(warning.value) for warning in missing.warning]
