"""Pages beside damaged and foreign files, and with names that are no UTF-8."""

import os

import pytest

from builders.app import open_page, without_error

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names are text on Windows")


@pytest.fixture
def damaged(workspace, phantoms):
    """Return a workspace with one sound data set, of a Latin-1 name and without labels, beside damaged folders."""
    sound = workspace.data / os.fsdecode(b"M\xfcller")
    sound.mkdir(parents=True)
    table = (phantoms / "train.csv").read_text().splitlines()
    names = table[0].split(",")
    kept = [names.index(name) for name in ("patient_id", "image_id", "laterality", "view", "age")]
    lines = [",".join(row.split(",")[index] for index in kept) for row in table]
    (sound / "test.csv").write_text("\n".join(lines) + "\n")
    (sound / "test_images").symlink_to(phantoms / "train_images")
    (sound / "lesions.csv").write_bytes(b"a;b\nK\xf6ln;1\n")
    (sound / "x.csv").mkdir()
    (sound / "other.csv").symlink_to("nowhere")
    for name, data in {"nul": b"\0\0", "foreign": b"[]", "empty": b""}.items():
        for root in (workspace.models, workspace.data, workspace.prepared):
            (root / name).mkdir(parents=True)
            (root / name / "work.json").write_bytes(data)
        (workspace.prepared / name / "contract.json").write_bytes(data)
        (workspace.data / name / "linked.json").write_bytes(data)
    (workspace.models / "folder" / "card.json").mkdir(parents=True)
    (workspace.models / "torn").mkdir()
    (workspace.models / "torn" / "card.json").write_bytes(b"\0")
    return workspace


def test_exams_page_of_unlabelled_latin1_data_set_beside_damaged_folders(damaged):
    app = without_error(open_page("exams"))
    assert len(app.dataframe[0].value) == 16
    assert any("lesions.csv of this data set is ignored" in caption.value for caption in app.caption)


def test_explore_page_of_a_folder_with_an_undecodable_name_opens(damaged):
    assert without_error(open_page("explore", {"tab": "Images"})).get("image")


def test_data_page_shows_each_damaged_folder_in_its_row(damaged):
    app = open_page("data")
    assert not app.exception
    text = " ".join(element.value for element in app.markdown)
    assert text.count(":red-badge[not readable]") == 5
    assert len(app.error) == 5
    assert [warning.value for warning in app.warning] == [
        "foreign was imported by another version. Import its data set again."
    ]
    assert "16 patients" in text


@pytest.mark.parametrize("page", ["overview", "models", "train"])
def test_page_beside_damaged_folders_shows_the_others(damaged, page):
    (damaged.models / "active.json").write_bytes(b"\0")
    app = open_page(page)
    assert not app.exception
    if page == "models":
        assert sorted(app.dataframe[0].value["model"]) == ["demo", "empty", "foreign", "nul", "torn"]


def test_overview_page_on_a_file_system_without_locks_shows_living_jobs(damaged, monkeypatch):
    import errno
    import fcntl

    from builders.jobs import FakeJob
    from mammo_core.jobs.folder import JobFolder

    def fail(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", fail)
    folder = JobFolder(damaged.data / "alive")
    folder.write_request(FakeJob(name="alive"))
    folder.write_state("running")
    with folder.lock():
        app = without_error(open_page("overview"))
    assert any("**alive**" in link.proto.label for link in app.get("page_link"))
