"""A model in parts of the data, shown of the shipped model with the real core."""

import pytest

from builders.app import figures, plain, show_component
from builders.predictions import predictions
from mammo_core.assessment.kept_evaluations import PREDICTIONS, evaluation_folder
from mammo_core.evaluation.subgroups import ATTRIBUTES, subgroups
from mammo_core.evaluation.tables import describe_differences, split_few
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.settings import SHIPPED_MODELS
from ui.subgroup_view import (
    choose_attributes,
    chosen_attributes,
    show_groups,
    show_store_subgroups,
    show_subgroups,
    with_chosen_groups,
)


@pytest.fixture
def demo(workspace) -> Bundle:
    return open_bundle(SHIPPED_MODELS / "demo")


def test_show_subgroups_has_a_row_each_and_says_which_differ(demo):
    app = show_component(show_subgroups, demo)
    groups = subgroups(demo.evaluation_predictions())
    large, few = split_few(groups)
    assert [len(table.value) for table in app.dataframe] == [len(large), few]
    assert plain(app.expander[0].label) == f"{few} groups are too small for an AUC"  # breasts and images
    assert plain(app.info[0].value) == describe_differences(groups)
    assert len(figures(app)) == 1
    assert "Only columns that the predictions themselves hold can be used" in plain(
        app.caption[0].value
    )  # its data aren't here


def test_show_subgroups_of_chosen_columns_has_their_rows_only(demo):
    app = show_component(show_subgroups, demo)
    assert app.multiselect[0].value == list(ATTRIBUTES)
    app.multiselect[0].set_value(["site_id"]).run()
    assert not app.exception
    assert app.dataframe[0].value["attribute"].tolist() == ["site", "site"]
    app.multiselect[0].set_value([]).run()
    assert [info.value for info in app.info] == ["No column is chosen to group these images by."]


def test_choose_attributes_offers_no_patients_and_remembers(demo):
    app = show_component(choose_attributes, demo.evaluation_predictions(), "identity")
    assert "patient_id" not in app.multiselect[0].options
    app.multiselect[0].set_value(["view"]).run()
    assert app.session_state["result"] == ("view",)
    assert app.session_state["chosen groups identity"] == ["view"]


def test_chosen_attributes_go_into_the_report(demo):
    assert show_component(chosen_attributes, demo).session_state["result"] is None
    report = demo.evaluation()
    assert show_component(with_chosen_groups, report, demo, None).session_state["result"] == report
    chosen = show_component(with_chosen_groups, report, demo, ["view"]).session_state["result"]
    assert {group.attribute for group in chosen.subgroups} == {"view"}
    assert chosen.auc == report.auc


def test_show_store_subgroups_are_of_the_evaluation_once_opened(workspace, demo):
    kept = predictions(patients=160, signal=0.1).assign(race=lambda table: table["patient_id"].astype(int) % 3 // 2)
    folder = evaluation_folder(workspace, demo.identity, "elsewhere")
    folder.mkdir(parents=True)
    kept.to_parquet(folder / PREDICTIONS)
    app = show_component(show_store_subgroups, demo, "elsewhere", 0.5)
    assert not app.multiselect
    app.session_state["subgroups on elsewhere"] = True
    app.run()
    assert not app.exception
    assert "Only columns that the predictions themselves hold can be used" in plain(app.caption[0].value)
    app.multiselect[0].set_value(["race"]).run()
    assert not app.exception
    expected = subgroups(kept, by=["race"])
    assert plain(app.info[0].value) == describe_differences(expected)
    assert app.dataframe[0].value["group"].tolist() == ["0", "1"]
    assert app.session_state[f"chosen groups {demo.identity} on elsewhere"] == ["race"]


def test_show_store_subgroups_without_predictions_is_one_sentence(workspace, demo):
    app = show_component(show_store_subgroups, demo, "elsewhere", 0.5)
    app.session_state["subgroups on elsewhere"] = True
    app.run()
    assert not app.exception
    assert "isn't readable" in plain(app.error[0].value)


def test_show_groups_says_that_there_are_none():
    app = show_component(show_groups, (), 0.5, "mine")
    assert [info.value for info in app.info] == ["No column is chosen to group these images by."]


def test_show_groups_of_patients_speaks_of_no_breasts():
    by_patient = to_unit(predictions().assign(race=lambda table: table["patient_id"] == "7"), "patient")
    groups = subgroups(by_patient, 50, rows="patient", by=["race"])
    app = show_component(show_groups, groups, 0.5, "mine")
    assert app.expander[0].label == "1 group is too small for an AUC"
    assert app.dataframe[1].value["unit"].tolist() == ["patient"]
