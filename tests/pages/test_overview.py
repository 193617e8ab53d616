from builders.app import open_page, plain, widget, without_error
from builders.jobs import FakeJob
from builders.models import write_model
from mammo_core.dataset.library import link_dataset
from mammo_core.jobs.folder import JobFolder
from mammo_core.models.registry import activate


def test_overview_counts_in_one_line_and_highlights_the_next_step(workspace, phantoms):
    link_dataset(workspace, "linked_1", phantoms)
    write_model(workspace.models / "mine")
    activate(workspace, "mine")
    app = without_error(open_page("overview"))
    (counts,) = [plain(caption.value) for caption in app.caption if "Active model" in caption.value]
    assert counts.startswith("Data sets: 1 · Imported: 0 · Active model: mine, demonstration on synthetic images, AUC")
    links = [plain(link.proto.label) for link in app.get("page_link")]
    assert links[0] == "**1 · Add data** :small[linked_1]"
    assert links[1].startswith("**2 · Import** :blue-badge[next] :small[")
    assert sum("[next]" in link for link in links) == 1


def test_overview_shows_running_jobs_as_links_and_unreadable_ones(workspace):
    for name in ("alive", "torn"):
        folder = JobFolder(workspace.data / name)
        folder.write_request(FakeJob(name=name))
        folder.write_state("running")
    (workspace.data / "torn" / "state.json").write_text("{")
    with JobFolder(workspace.data / "alive").lock():
        app = open_page("overview")
    assert not app.exception
    assert any(link.proto.label.startswith("**alive** :blue-badge[") for link in app.get("page_link"))
    assert len(app.get("progress")) == 1
    assert [warning.value.startswith("**torn** is not readable.") for warning in app.warning] == [True]


def test_overview_tour_has_six_steps(workspace):
    app = open_page("overview")
    widget(app, "button", "Tour").click().run()
    assert not app.exception
    assert app.get("dialog")[0].proto.dialog.title == "A tour in six steps"
    assert "**See a prediction**" in [text.value for text in app.markdown]


def test_overview_offers_files_to_try(workspace):
    assert [button.label for button in open_page("overview").get("download_button")] == [
        "Sample exam (zip)",
        "Damaged sample",
    ]
