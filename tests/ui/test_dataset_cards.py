"""Data sets; jobs that a button starts are recorded, not run."""

from pathlib import Path

import pytest

from builders.app import plain, show_component, widget
from builders.jobs import FakeJob
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import link_dataset, list_datasets
from mammo_core.errors import DataError
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from ui import dataset_cards


@pytest.fixture
def launched(monkeypatch) -> list[DemoJob | ImportJob]:
    """Return the jobs that are started from now on."""
    jobs: list[DemoJob | ImportJob] = []
    monkeypatch.setattr(dataset_cards, "launch", lambda job, workspace: jobs.append(job))
    return jobs


@pytest.fixture
def dataset(workspace, phantoms):
    """Return a linked data set."""
    link_dataset(workspace, "demo", phantoms)
    (dataset,) = list_datasets(workspace)
    return dataset


def test_show_dataset_states_origin_completeness_and_contents(dataset, phantoms):
    app = show_component(dataset_cards.show_dataset, dataset)
    texts = [plain(text.value) for text in app.markdown]
    assert texts[0] == (
        f"**demo** :violet-badge[synthetic] :orange-badge[files missing: 1]  \n:small[{phantoms / 'train.csv'}]"
    )
    files = sum(path.stat().st_size for path in (phantoms / "train_images").rglob("*.dcm"))
    assert "16 patients" in texts[1]
    assert f"{files / 1e6:,.1f} MB" in texts[1]
    assert app.table[0].value.set_index("item")["value"]["missing files"] == "1"


def test_show_dataset_damaged_csv_is_an_error_in_its_card(workspace, dataset, phantoms, monkeypatch):
    folder = workspace.data / "broken"
    folder.mkdir()
    (folder / "train.csv").write_text("patient_id\n1\n")
    broken = next(one for one in list_datasets(workspace) if one.name == "broken")
    app = show_component(dataset_cards.show_dataset, broken)
    assert plain(app.markdown[0].value) == f"**broken**  :red-badge[not readable]  \n:small[{folder}]"
    assert ["lacks the columns" in error.value for error in app.error] == [True]
    assert not app.button


@pytest.mark.parametrize(("choice", "size"), [("256", 256), ("512x320", (512, 320))])
def test_import_button_starts_an_import_of_the_chosen_size(dataset, launched, choice, size):
    app = show_component(dataset_cards.show_dataset, dataset)
    assert app.selectbox(key="image size demo").value == "256"
    app.selectbox(key="image size demo").set_value(choice).run()
    app.button(key="import demo").click().run()
    assert not app.error
    assert [(job.store, job.size) for job in launched] == [("demo", size)]


def test_start_import_of_an_impossible_size_is_an_error(dataset, launched):
    app = show_component(dataset_cards.start_import, str(dataset.path), "100")
    assert len(app.error) == 1
    assert launched == []


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


def test_link_folder_shows_the_contents_before_it_links(workspace, phantoms):
    app = show_component(dataset_cards.link_folder)
    app.text_input(key="link path").input(str(phantoms)).run()
    contents = app.table[0].value.set_index("item")["value"]
    assert (contents["patients"], contents["missing files"]) == ("16", "1")
    assert list_datasets(workspace) == []
    app.text_input(key="link name").input("elsewhere").run()
    widget(app, "button", "Link").click().run()
    assert not app.exception
    assert [(one.name, one.path) for one in list_datasets(workspace)] == [("elsewhere", phantoms / "train.csv")]


def test_link_folder_without_a_csv_is_an_error(workspace, tmp_path):
    app = show_component(dataset_cards.link_folder)
    app.text_input(key="link path").input(str(tmp_path)).run()
    assert ["holds no train.csv" in error.value for error in app.error] == [True]
    assert not app.button


def create(app, name: str, **sliders: float):
    widget(app, "text_input", "Name").input(name)
    for label, value in sliders.items():
        widget(app, "slider", label.replace("_", " ")).set_value(value)
    return widget(app, "button", "Create").click().run()


def test_create_demo_starts_a_job_with_the_chosen_settings(workspace, launched):
    app = create(show_component(dataset_cards.create_demo, True), "small", Patients=10, Positive_patients=0.25)
    assert not app.error
    assert launched == [DemoJob(out=Path("small"), patients=10, prevalence=0.25)]


@pytest.mark.parametrize(("name", "reason"), [("taken", "There is already a data set 'taken'"), ("a/b", "name")])
def test_create_demo_refuses_a_name_in_use_or_outside_the_data_folder(workspace, launched, name, reason):
    (workspace.data / "taken").mkdir(parents=True)
    app = create(show_component(dataset_cards.create_demo, True), name)
    assert [reason in plain(error.value) for error in app.error] == [True]
    assert launched == []


def test_bytes_of_counts_the_image_files(dataset, phantoms):
    app = show_component(dataset_cards.bytes_of, str(phantoms), "1", dataset)
    files = [Path(file) for file in read_catalogue(phantoms).table["file"].dropna()]
    assert app.session_state["result"] == sum(file.stat().st_size for file in files)
