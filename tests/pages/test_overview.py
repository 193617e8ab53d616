from builders.app import open_page, plain, without_error
from builders.jobs import FakeJob
from builders.models import write_model
from mammo_core.dataset.library import link_dataset
from mammo_core.jobs.folder import JobFolder
from mammo_core.models.registry import activate


def test_overview_counts_data_sets_stores_and_names_the_active_model(workspace, phantoms):
    link_dataset(workspace, "linked_1", phantoms)
    write_model(workspace.models / "mine")
    activate(workspace, "mine")
    app = without_error(open_page("overview"))
    assert [(metric.label, metric.value) for metric in app.metric] == [
        ("Data sets", "1"),
        ("Imported data", "0"),
        ("Active model", "mine"),
    ]
    captions = [plain(caption.value) for caption in app.caption]
    assert "linked_1" in captions
    assert "None yet: import a data set on the Data page." in captions
    assert "Demonstration: trained on synthetic images only." in captions


def test_overview_shows_running_and_unreadable_jobs(workspace):
    for name in ("alive", "torn"):
        folder = JobFolder(workspace.data / name)
        folder.write_request(FakeJob(name=name))
        folder.write_state("running")
    (workspace.data / "torn" / "state.json").write_text("{")
    with JobFolder(workspace.data / "alive").lock():
        app = open_page("overview")
    assert not app.exception
    assert any(text.value.startswith("**alive** :blue-badge[") for text in app.markdown)
    assert len(app.get("progress")) == 1
    assert [warning.value.startswith("**torn** is not readable.") for warning in app.warning] == [True]
