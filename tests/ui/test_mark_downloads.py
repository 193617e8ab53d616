import pytest

from builders.app import plain, show_component, widget
from builders.links import record_links
from builders.marks import draw
from mammo_core.access.people import Person
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import list_datasets
from ui import mark_downloads
from ui.mark_downloads import IDENTIFIERS, ONLY_EDITORS, show_marks


@pytest.fixture
def dataset(prepared, monkeypatch):
    record_links(monkeypatch)
    catalogue = read_catalogue(prepared.data / "demo")
    (dataset,) = list_datasets(prepared)
    return prepared, dataset, catalogue


def test_data_set_without_marks_shows_nothing(dataset):
    _, one, catalogue = dataset
    app = show_component(show_marks, one, catalogue)
    assert not app.caption
    assert not app.get("download_button")


def test_marks_are_counted_and_offered_and_the_page_says_what_reports_hold(dataset):
    workspace, one, catalogue = dataset
    draw(workspace, catalogue, 1, catalogue.table["image_id"].iloc[0])
    draw(workspace, catalogue, 2, catalogue.table["image_id"].iloc[1], finding="unsure")
    app = show_component(show_marks, one, catalogue)
    assert plain(app.caption[0].value) == ":material/draw: 2 marks on 2 images: 1 malignant, 1 unsure"
    assert [button.label for button in app.get("download_button")] == ["CSV", "DICOM SR"]
    assert not widget(app, "download_button", "DICOM SR").proto.disabled
    assert plain(app.caption[1].value) == IDENTIFIERS


def test_viewers_get_no_reports_with_identifiers(dataset, monkeypatch):
    workspace, one, catalogue = dataset
    draw(workspace, catalogue, 1, catalogue.table["image_id"].iloc[0])
    monkeypatch.setattr(mark_downloads, "current_person", lambda: Person("Ann", "id 7", "viewer", 1e12))
    app = show_component(show_marks, one, catalogue)
    button = widget(app, "download_button", "DICOM SR").proto
    assert (button.disabled, button.help) == (True, ONLY_EDITORS)
