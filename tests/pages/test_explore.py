"""The Explore page with the real core: units, filters, URL parameters, and the same numbers as the command line."""

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, plain, without_error
from mammo_core import cli
from mammo_core.dataset.store import open_store
from mammo_core.explore.images import PAGE
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.phantoms.table import make_table

TABS = ["Overview", "Age", "Groups", "Label", "Completeness"]  # those with charts


@pytest.fixture
def raw(workspace):
    """The CSV of a data set of 200 patients without image files, in the data folder."""
    table = make_table(DemoSpec(patients=200, seed=2, prevalence=0.1))
    save(table, workspace, "made")
    return table


def save(table: pd.DataFrame, workspace: Path, name: str) -> None:
    folder = workspace.data / name
    folder.mkdir(parents=True)
    table.to_csv(folder / "train.csv", index=False)


def explore(**url: str | list[str]) -> AppTest:
    """Open the page with these URL parameters."""
    return without_error(open_page("explore", url))


def images_left(app: AppTest) -> str:
    """Return the line that counts what the filters keep; empty without one."""
    return next((text.value for text in app.caption if re.fullmatch(r"[\d,]+ of [\d,]+ images", text.value)), "")


def numbers(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


@pytest.mark.parametrize("tab", TABS)
def test_unit_change_updates_every_chart_and_label(raw, tab):
    app = explore(tab=tab, unit="image")
    before = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert before
    app.segmented_control(key="unit").set_value("patient")
    after = [chart.proto.spec for chart in without_error(app.run()).get("plotly_chart")]
    unchanged = [spec for spec in before if spec in after]
    if tab == "Groups":  # the images of a patient: an image has none
        assert len(unchanged) == 1
        assert "images of a patient" in unchanged[0]
    else:
        assert not unchanged
    assert "Positive patients" in numbers(app)
    assert any(text.value.endswith("patients**") or "Positive patients" in text.value for text in app.markdown)


def test_page_numbers_equal_cli_explore_output(raw, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mammo_core", "explore", "made", "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    document = json.loads(capsys.readouterr().out)
    app = explore(unit="image")
    shown = numbers(app)
    for unit in ("images", "breasts", "patients"):
        total, note = shown[unit.capitalize()]
        assert total == f"{document[unit]:,}"
        assert note.startswith(f"{document['positive'][unit]:,} positive · ")
    positive, negative = (document["age"][label] for label in ("positive", "negative"))
    caption = next(text.value for text in app.caption if text.value.startswith("Positive images are"))
    assert f"n = {positive['n']:,} and {negative['n']:,}." in caption
    assert f"median {positive['median']:g} against {negative['median']:g};" in caption
    means = [f"{ages['mean']:.1f} ± {ages['std']:.1f}" for ages in (positive, negative)]
    assert " against ".join(means) in caption


def test_filters_apply_to_numbers_and_charts(raw):
    app = explore(unit="image")
    before = [chart.proto.spec for chart in app.get("plotly_chart")]
    app.multiselect(key="site_id").set_value(["1"])
    app.multiselect(key="view").set_value(["CC", "MLO"])
    app.slider(key="age").set_value((50, 70))
    without_error(app.run())
    kept = raw[(raw["site_id"] == 1) & raw["view"].isin(["CC", "MLO"]) & raw["age"].between(50, 70)]
    assert images_left(app) == f"{len(kept):,} of {len(raw):,} images"
    assert numbers(app)["Images"][0] == f"{len(kept):,}"
    assert numbers(app)["Patients"][0] == f"{kept['patient_id'].nunique():,}"
    assert not set(before) & {chart.proto.spec for chart in app.get("plotly_chart")}
    app.button(key="clear filters").click()
    assert images_left(without_error(app.run())) == ""
    assert numbers(app)["Images"][0] == f"{len(raw):,}"
    assert [chart.proto.spec for chart in app.get("plotly_chart")] == before


def test_label_filter_applies_to_selected_unit(raw):
    app = explore(unit="patient", label="negative")
    positive = raw.groupby("patient_id")["cancer"].transform("max")
    assert numbers(app)["Images"][0] == f"{int((positive == 0).sum()):,}"
    app.segmented_control(key="unit").set_value("image")
    assert numbers(without_error(app.run()))["Images"][0] == f"{int((raw['cancer'] == 0).sum()):,}"


def test_url_restores_dataset_unit_tab_and_filters(raw, workspace):
    save(raw.head(20), workspace, "another")
    app = explore(
        dataset="made", unit="patient", tab="Age", site_id=["2"], laterality=["right"], age=["45", "75"], label="positive"
    )  # fmt: skip
    assert app.selectbox(key="dataset").value == "made"
    assert app.segmented_control(key="unit").value == "patient"
    assert app.multiselect(key="site_id").value == ["2"]
    assert app.slider(key="age").value == (45, 75)
    kept = raw[(raw["site_id"] == 2) & (raw["laterality"] == "R") & raw["age"].between(45, 75)]
    kept = kept[kept.groupby("patient_id")["cancer"].transform("max") == 1]
    assert images_left(app) == f"{len(kept):,} of {len(raw):,} images"
    assert "**Age, patients**" in [text.value for text in app.markdown]  # one label is left: nothing to compare


def test_invalid_url_parameters_show_all_images(raw):
    app = explore(unit="banana", tab="Nope", site_id=["777"], age=["1", "200"], label="odd")
    assert images_left(app) == ""
    assert numbers(app)["Images"][0] == f"{len(raw):,}"


def test_filters_without_matches_show_message(raw):
    app = explore(unit="image")
    app.multiselect(key="site_id").set_value(["2"])
    app.multiselect(key="density").set_value(["A"])  # site 2 has no density
    assert [info.value for info in without_error(app.run()).info] == [
        "No image matches these filters. Remove one, or clear all."
    ]
    app.button(key="clear all filters").click()
    assert numbers(without_error(app.run()))["Images"][0] == f"{len(raw):,}"


def test_one_label_left_shows_counts_instead_of_rates(raw):
    app = explore(tab="Groups", label="positive")
    titles = [text.value for text in app.markdown]
    assert "**Breasts by site**" in titles
    assert not any("Positive breasts" in title for title in titles)
    assert set(numbers(app)) == {"Images", "Breasts", "Patients"}
    assert not [text.value for text in app.caption if "nan" in text.value or "100.0 %" in text.value]


def test_panel_without_a_figure_is_named_in_one_line(raw):
    assert [text.value for text in explore(tab="Groups").caption if text.value.startswith("Not shown")] == [
        "Not shown: **Positive breasts by view**. The view differs within a breast. Count by image to see this chart."
    ]


def test_claims_are_checked_against_unfiltered_data(raw):
    app = explore(site_id=["1"], tab="Published claims")
    captions = [text.value for text in app.caption]
    assert f"200 patients with {len(raw):,} images are loaded." in captions
    negatives = next(text for text in captions if "no positive image" in text)
    assert negatives.startswith("180 patients have no positive image. 200 have at least one negative image, but 20 of")
    verdicts = [text.value for text in app.markdown if text.value.startswith("“")]
    assert verdicts[0] == "“over 15,000 patients” :gray-badge[differs here]"


@pytest.mark.parametrize("tab", TABS)
def test_required_columns_alone_are_sufficient(workspace, raw, tab):
    save(raw[["patient_id", "image_id", "laterality", "view"]], workspace, "bare")
    app = explore(dataset="bare", tab=tab)
    assert "Published claims" not in [shown.label for shown in app.tabs]  # they are about RSNA's table
    assert "label" not in [pills.key for pills in app.get("button_group")]


def test_train_and_test_csv_columns_are_compared(raw, workspace):
    raw[["patient_id", "image_id", "laterality", "view"]].assign(prediction_id=1).to_csv(
        workspace.data / "made" / "test.csv", index=False
    )
    captions = [plain(text.value) for text in explore(tab="Completeness").caption]
    assert any(
        text.startswith("test.csv lacks site_id, age, cancer,") and "adds prediction_id" in text for text in captions
    )


def test_special_images_are_named_and_left_out_of_breasts(finished):
    store = open_store(finished, "demo")
    image = store.manifest().iloc[0]
    quarantine = store.quarantine()
    detail = "This is a specimen: training and evaluation leave it out."
    quarantine.loc[len(quarantine)] = {
        "image_id": image["image_id"],
        "file": "x",
        "reason": "left_out",
        "detail": detail,
    }
    quarantine.to_parquet(store.folder / "quarantine.parquet", index=False)
    app = without_error(open_page("explore", {"dataset": "demo"}))
    (listed,) = [frame.value for frame in app.dataframe if "reason" in frame.value]
    assert listed[["image_id", "reason"]].values.tolist() == [[image["image_id"], detail]]


def test_images_tab_shows_what_is_filtered_and_links_to_exams(prepared):
    app = explore(dataset="demo", tab="Images", laterality=["left"])
    links = [element.proto for element in app.get("page_link")]
    assert len(links) == PAGE
    assert len(app.get("image")) in (PAGE, PAGE - 1)  # one file of the demo data is broken
    assert {link.label.split()[0] for link in links} == {"L"}
    assert all("laterality=left" in link.query_string and "patient=" in link.query_string for link in links)
    assert "dataset=demo" in links[0].query_string
    assert explore(tab="Images", dataset="demo", laterality=["right"]).get("image")
