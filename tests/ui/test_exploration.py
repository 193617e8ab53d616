import shutil

import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.explore.filters import Filters
from mammo_core.figures.panels import PanelSource
from mammo_core.prediction.thumbnails import ThumbnailCache
from ui import exploration


@pytest.fixture
def catalogue(prepared):
    return read_catalogue(prepared.data / "demo")


def test_identify_changes_with_the_table_and_with_a_store(prepared, catalogue):
    before = exploration.identify(catalogue)
    assert exploration.identify(catalogue) == before
    shutil.rmtree(prepared.prepared / "demo")
    without_store = exploration.identify(catalogue)
    catalogue.csv.write_text(catalogue.csv.read_text() + "\n")
    assert len({before, without_store, exploration.identify(catalogue)}) == 3


def test_results_are_computed_once_for_each_filter(catalogue):
    table = exploration.table_of(catalogue, "a")
    key = "a", Filters(label="positive"), "breast"
    selection = exploration.select(table, key)
    assert exploration.select(table, key) is selection
    assert exploration.select(table, ("a", Filters(label="negative"), "breast")) is not selection
    source = PanelSource("demo", "positive", "1 Jan 2026")
    panels = exploration.panels_of(selection, "Groups", catalogue.root, key, source)
    assert panels is exploration.panels_of(selection, "Groups", catalogue.root, key, source)
    assert panels[0].file_name == "demo-by-site-breast"
    completeness = exploration.panels_of(selection, exploration.COMPLETENESS, catalogue.root, key, source)
    assert completeness[0].key == "missing"
    assert len(exploration.headline_of(selection, key)) == 3
    assert len(exploration.claims_of(table, "a")) == 3


def test_prepared_images_and_thumbnails_are_shared(catalogue):
    prepared = exploration.prepared_of(catalogue, "b")
    assert prepared is exploration.prepared_of(catalogue, "b")
    assert prepared
    assert [png for png in prepared.values() if not png.is_file()] == []
    assert set(prepared) <= set(catalogue.table["image_id"])
    assert isinstance(exploration.thumbnail_cache(), ThumbnailCache)
