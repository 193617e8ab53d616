"""The tab Map with the real core; no network is run."""

import pytest

from builders.app import open_page, plain, show_component, without_error
from builders.doctor import check_store
from builders.links import record_links
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.documents.image_map import ImageMap
from ui.image_map import show_map


@pytest.fixture
def links(monkeypatch):
    return record_links(monkeypatch)


def show(store, images=None):
    catalogue = read_catalogue(store.read_csv_path())
    app = show_component(show_map, catalogue, catalogue.table if images is None else images, {}, {"dataset": "demo"})
    assert not app.exception
    return app


def test_data_that_were_not_checked_lead_to_quality(store, links):
    app = without_error(show(store))
    assert "hasn't been checked yet" in plain(app.info[0].value)
    assert links == [("Go to Quality", {"dataset": "demo", "tab": "Quality", "prepared": "demo"})]


def test_data_that_changed_since_lead_to_quality(store, links):
    assert check_store(store)
    store.manifest().iloc[:-1].to_parquet(store.folder / MANIFEST, index=False)
    app = without_error(show(store))
    assert "has changed since it was checked" in plain(app.info[0].value)
    assert [label for label, _ in links] == ["Go to Quality"]


def test_damaged_map_is_one_sentence_and_leads_to_quality(store, links):
    assert check_store(store)
    (store.folder / ImageMap.file_name).write_text("{")
    app = show(store)
    assert len(app.error) == 1
    assert ImageMap.file_name in plain(app.error[0].value)
    assert [label for label, _ in links] == ["Go to Quality"]


def test_map_says_what_distance_means_and_is_coloured(store, links):
    assert check_store(store)
    app = without_error(show(store))
    assert len(app.get("plotly_chart")) == 1
    text = plain(app.caption[0].value)
    assert text.startswith("73 images. Images that lie close together look alike to the network")
    assert "% are among the 5 nearest to it here." in text
    assert app.selectbox(key="colour of demo").options == ["Label", "View", "Side", "Site", "Machine", "Age"]
    for colour in ("View", "Age"):
        assert len(without_error(app.selectbox(key="colour of demo").set_value(colour).run()).get("plotly_chart")) == 1


def test_predictions_of_models_colour_the_map(finished, links):
    store = open_store(finished, "demo")
    assert check_store(store)
    app = without_error(show(store))
    choice = app.selectbox(key="colour of demo")
    assert choice.options[-1] == "Prediction of trained"
    assert len(without_error(choice.set_value("Prediction of trained").run()).get("plotly_chart")) == 1


def test_filters_that_keep_nothing_on_the_map_say_so(store, links):
    assert check_store(store)
    table = read_catalogue(store.read_csv_path()).table
    app = without_error(show(store, table.iloc[:0]))
    assert "None of the images that the filters keep is on the map." in app.info[0].value
    assert "5 images. " in plain(
        without_error(show(store, table[table["image_id"].isin(known(store)[:5])])).caption[0].value
    )


def known(store) -> list[str]:
    """Return the images of a store."""
    return store.manifest()["image_id"].astype(str).tolist()


def test_unlabelled_data_without_optional_columns_have_a_map(store):
    csv = store.read_csv_path()
    table = read_catalogue(csv).table
    table[["patient_id", "image_id", "laterality", "view"]].to_csv(csv, index=False)
    manifest = store.manifest().assign(label=None, cancer=None, age=None, machine_id=None, site_id=None)
    manifest.astype({"age": float}).to_parquet(store.folder / MANIFEST, index=False)
    assert check_store(store)
    app = without_error(open_page("explore", {"dataset": "demo", "tab": "Map"}))
    assert app.selectbox(key="colour of demo").options == ["View", "Side"]
    assert len(app.get("plotly_chart")) == 1


def test_filter_of_the_page_holds_for_the_map(store):
    assert check_store(store)
    views = store.manifest()["view"].value_counts()
    app = without_error(open_page("explore", {"dataset": "demo", "tab": "Map", "view": "MLO"}))
    (caption,) = [each.value for each in app.caption if "look alike to the network" in each.value]
    assert caption.startswith(f"{views['MLO']} images.")
