import pytest

from builders.app import open_page, plain
from builders.links import record_links
from mammo_core.dataset.library import link_dataset


@pytest.fixture
def two(workspace, phantoms):
    """The data sets "first" and "second"; Explore needs no images."""
    for name in ("first", "second"):
        link_dataset(workspace, name, phantoms)
    return workspace


def shown(app, page):
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app.selectbox(key="dataset").value


def test_chosen_data_set_is_that_of_every_page_also_after_one_without_the_choice(two):
    app = open_page("explore")
    assert app.selectbox(key="dataset").value == "first"
    app.selectbox(key="dataset").select("second").run()
    assert [shown(app, page) for page in ("exams", "data")] == ["second", "second"]
    app.switch_page("pages/overview.py").run()
    assert shown(app, "explore") == "second"
    app.selectbox(key="dataset").select("first").run()
    assert app.selectbox(key="dataset").value == "first"
    assert shown(app, "exams") == "first"


def test_data_set_in_the_address_is_shown_and_becomes_that_of_the_other_pages(two):
    app = open_page("exams", {"dataset": "second"})
    assert app.selectbox(key="dataset").value == "second"
    assert shown(app, "data") == "second"


def test_unknown_data_set_in_the_address_shows_one_sentence(two):
    app = open_page("explore", {"dataset": "no_such"})
    assert app.selectbox(key="dataset").value == "first"
    assert "There is no data set no_such here. This is first." in [plain(text.value) for text in app.warning]


def test_unreadable_data_set_leads_to_the_data_page(two, monkeypatch):
    links = record_links(monkeypatch)
    (two.data / "broken").mkdir()
    (two.data / "broken" / "train.csv").write_text("patient_id\n1\n")
    app = open_page("exams", {"dataset": "broken"})
    assert ["lacks the columns" in error.value for error in app.error] == [True]
    assert links[-1][0] == "Go to Data"
    assert app.selectbox(key="dataset").value == "broken"
