"""Data sets and what was imported from them."""

from pathlib import Path

import pytest

from builders.app import plain, show_component
from builders.jobs import FakeJob
from builders.links import Link, record_links
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import link_dataset, list_datasets
from mammo_core.dataset.store import list_stores
from mammo_core.errors import DataError
from mammo_core.jobs.folder import JobFolder
from ui import dataset_cards


@pytest.fixture(autouse=True)
def links(monkeypatch) -> list[Link]:
    """Return the links that are shown from now on."""
    return record_links(monkeypatch)


@pytest.fixture
def dataset(workspace, phantoms):
    """Return a linked data set."""
    link_dataset(workspace, "demo", phantoms)
    (dataset,) = list_datasets(workspace)
    return dataset


def test_show_dataset_states_origin_contents_and_next_steps(dataset, phantoms, links):
    app = show_component(dataset_cards.show_dataset, dataset, [])
    files = sum(path.stat().st_size for path in (phantoms / "train_images").rglob("*.dcm"))
    title, about = plain(app.markdown[0].value).split("  \n")
    assert title == "**demo** :violet-badge[synthetic] :blue-badge[linked] :gray-badge[1 file left out on purpose]"
    assert about.startswith(":small[")
    assert "16 patients" in about
    assert about.endswith(f"{files / 1e6:,.1f} MB · {phantoms}]")
    assert app.table[0].value.set_index("item")["value"]["CSV used"] == "train.csv"
    assert any(caption.value.startswith("Not imported yet.") for caption in app.caption)
    assert links == [("Explore", {"dataset": "demo"}), ("Exams", {"dataset": "demo"})]
    assert [button.label for button in app.button] == ["Import", "Unlink"]


def test_show_dataset_without_files_offers_no_import(workspace):
    folder = workspace.data / "table"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text("patient_id,image_id,laterality,view\n1,2,L,CC\n")
    app = show_component(dataset_cards.show_dataset, *list_datasets(workspace), [])
    (button,) = [button for button in app.button if button.label == "Import"]
    assert (button.disabled, button.help) == (True, "None of its files is there.")


def test_show_dataset_damaged_csv_is_an_error_in_its_card(workspace, dataset, phantoms, monkeypatch):
    folder = workspace.data / "broken"
    folder.mkdir()
    (folder / "train.csv").write_text("patient_id\n1\n")
    broken = next(one for one in list_datasets(workspace) if one.name == "broken")
    app = show_component(dataset_cards.show_dataset, broken, [])
    assert plain(app.markdown[0].value) == f"**broken** :red-badge[not readable]  \n:small[{folder}]"
    assert ["lacks the columns" in error.value for error in app.error] == [True]
    assert [(button.label, button.disabled) for button in app.button] == [("Delete", True)]


def test_show_dataset_shows_what_was_imported_from_it(prepared, links):
    (dataset,), stores = list_datasets(prepared), list_stores(prepared)
    app = show_component(dataset_cards.show_dataset, dataset, stores)
    assert any("**demo** · 64 × 64 pixels" in plain(text.value) for text in app.markdown)
    assert ("Train", {"store": "demo"}) in links


def test_show_unreadable_names_the_folder_and_the_reason():
    app = show_component(dataset_cards.show_unreadable, "a_b", DataError("It is damaged."))
    assert [plain(text.value) for text in app.markdown] == ["**a_b** :red-badge[not readable]"]
    assert [error.value for error in app.error] == ["It is damaged."]


def test_show_unfinished_shows_the_job_that_makes_the_data(tmp_path):
    folder = JobFolder(tmp_path / "fake")
    folder.write_request(FakeJob())
    folder.write_state("failed", "The disk is full.")
    app = show_component(dataset_cards.show_unfinished, folder)
    assert [plain(text.value) for text in app.markdown] == [
        "**fake** :violet-badge[synthetic]",
        ":red-badge[:material/error: failed] The disk is full.",
    ]


def test_bytes_of_counts_the_image_files(dataset, phantoms):
    app = show_component(dataset_cards.bytes_of, str(phantoms), "1", dataset)
    files = [Path(file) for file in read_catalogue(phantoms).table["file"].dropna()]
    assert app.session_state["result"] == sum(file.stat().st_size for file in files)
