"""The models page with the real core: the confusion matrix leads to exams, the report knows its rivals."""

import shutil

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, without_error
from mammo_core.evaluation.ood import OODDetector
from mammo_core.evaluation.operating import at_threshold
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import open_bundle, write_card
from mammo_core.models.registry import activate, choose_operating_point, list_models
from mammo_core.workspace import Workspace


def show(view: str, **state: object) -> AppTest:
    """The page as it opens at one of its views, of the active model."""
    return without_error(open_page("models", {"view": view}, state, timeout=120))


@pytest.fixture
def bundle(finished):
    activate(finished, "trained")
    return open_bundle(finished.models / "trained")


@pytest.mark.parametrize("cell", ["detected cancers", "missed cancers", "false positives", "true negatives"])
def test_confusion_matrix_cell_opens_its_exams(bundle, cell):
    units = to_unit(bundle.evaluation_predictions(), "breast")
    counts = at_threshold(units, bundle.threshold).confusion
    name = {"detected cancers": "tp", "missed cancers": "fn", "false positives": "fp", "true negatives": "tn"}[cell]
    app = show("Errors")
    button = app.button(key=f"cell {cell}")
    assert button.label.startswith(f"**{getattr(counts, name)}**")
    button.click().run(timeout=120)
    assert not app.exception
    if getattr(counts, name):
        assert len(app.dataframe[1].value) == getattr(counts, name)
        patient = app.dataframe[1].value["patient_id"].iloc[0]
        assert any(text.value.startswith(f"**Patient {patient}**") for text in app.markdown)
        assert any("probability **" in text.value for text in app.markdown)
    else:
        assert f"There are no {cell} at this operating point." in [info.value for info in app.info]


def test_errors_view_marks_out_of_distribution_image(bundle, monkeypatch):
    monkeypatch.setattr(OODDetector, "ood_score", lambda _, features: np.full(len(features), 1.5))
    app = show("Errors", cell="true negatives")
    lines = [text.value for text in app.markdown if "probability **" in text.value]
    assert lines
    assert all(":orange-badge[unlike the training images]" in line for line in lines)
    assert any("differ too much from the training images" in warning.value for warning in app.warning)


def test_errors_view_images_without_a_label_are_shown(bundle, finished):
    csv = finished.data / "demo" / "train.csv"
    table = pd.read_csv(csv, dtype=str).assign(cancer=None)
    table.to_csv(csv, index=False)
    app = show("Errors", cell="true negatives")
    patient = app.dataframe[1].value["patient_id"].iloc[0]
    lines = [text.value for text in app.markdown if "probability **" in text.value]
    assert len(lines) == (table["patient_id"] == patient).sum()
    assert not any("orange-badge[cancer]" in line for line in lines)


def test_errors_view_missing_dataset_shows_message(bundle, finished):
    (finished.data / "demo" / "train.csv").unlink()
    app = show("Errors", cell="true negatives")
    assert any("not on this machine" in info.value for info in app.info)


@pytest.mark.parametrize("view", ["Report", "Operating point", "Subgroups", "Training", "Card"])
def test_every_view_opens(bundle, view):
    show(view)


def compared() -> None:
    from mammo_core.models.bundle import open_bundle
    from mammo_core.models.registry import model_folder
    from mammo_core.workspace import Workspace
    from ui.model_comparison import show_comparison

    show_comparison(
        [open_bundle(model_folder(Workspace.from_environment(), name)) for name in ("trained", "twin", "demo")]
    )


def test_comparison_shows_models_side_by_side(bundle):
    shutil.copytree(bundle.folder, bundle.folder.with_name("twin"))
    write_card(bundle.folder.with_name("twin"), bundle.card.model_copy(update={"name": "twin"}))
    app = AppTest.from_function(compared, default_timeout=60).run()
    assert not app.exception
    assert app.dataframe[0].value["model"].tolist() == ["trained", "twin", "demo"]
    assert "Too few patients to compare with twin (ΔAUC 0.00, no interval)" in app.info[0].value
    assert "tested on different patients" in app.warning[0].value
    assert len(app.get("plotly_chart")) == 4
    (bundle.folder / "metrics.jsonl").write_text("no JSON\n")
    app.run()
    assert not app.exception
    assert ["metrics.jsonl" in error.value for error in app.error] == [True]
    assert len(app.get("plotly_chart")) == 2


def test_delete_button_deletes_only_the_displayed_model(finished):
    app = show("Card", chosen={"selection": {"rows": [0], "columns": [], "cells": []}})
    assert next(heading.value for heading in app.subheader) == "trained"
    newer = finished.models / "newer"  # comes to stand in its row
    shutil.copytree(finished.models / "trained", newer)
    (newer / "work.json").touch()
    app.button(key="delete trained").click().run()
    assert not app.exception
    assert {"newer", "trained"} <= set(list_models(finished))
    app.button(key="delete newer").click().run()
    assert "newer" not in list_models(finished)


def test_moved_threshold_is_saved_with_policy_by_hand(bundle):
    app = show("Operating point")
    app.button_group(key="policy trained").set_value("specificity_90").run()
    policy = next(slider for slider in app.slider if slider.label == "Threshold")
    policy.set_value(0.321).run()
    next(button for button in app.button if button.label == "Use this operating point").click().run()
    assert not app.exception
    point = open_bundle(bundle.folder).card.operating_point
    assert (point.threshold, point.policy) == (0.321, "by hand")


def test_breast_selection_is_reset_when_the_list_changes(bundle):
    units, cell = to_unit(bundle.evaluation_predictions(), "breast"), "true negatives"
    choose_operating_point(Workspace.from_environment(), "trained", 1.0, "by hand")  # no breast is recalled
    last = at_threshold(units, 1.0).confusion.tn - 1
    chosen = {"selection": {"rows": [last], "columns": [], "cells": []}}
    app = show("Errors", cell=cell, **{f"breasts {bundle.identity} 1.0 {cell}": chosen})
    hung = next(text.value for text in app.markdown if text.value.startswith("**Patient "))
    assert str(app.dataframe[1].value["patient_id"].iloc[last]) in hung
    choose_operating_point(
        Workspace.from_environment(), "trained", float(units.loc[units["label"] == 0, "probability"].max()), "by hand"
    )
    app.run()
    assert not app.exception
    assert len(app.dataframe[1].value) <= last
