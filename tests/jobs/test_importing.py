from pathlib import Path

import pytest

from mammo_core.dataset.store import open_store
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.progress import Progress
from mammo_core.errors import ConfigError, DataError, InvalidName
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import (
    ImportJob,
    describe_unfinished_import,
    import_job,
    is_active_import,
    is_importing,
    resume_import_job,
)

CSV = "patient_id,image_id,laterality,view,cancer\n1,10,L,CC,0\n"


@pytest.fixture
def roots(workspace):
    return workspace


@pytest.fixture
def source(workspace, tmp_path):
    folder = tmp_path / "my data (2)"
    folder.mkdir()
    (folder / "train.csv").write_text(CSV)
    return folder


@pytest.mark.parametrize("name", ["../esc", "a/b", "prepared", ".x"])
def test_import_job_store_name_outside_folder_raises_invalid_name(roots, source, name):
    with pytest.raises(InvalidName, match="not usable as a name"):
        import_job(roots, str(source), name)


def test_import_job_writes_nothing_until_it_is_prepared(roots, source):
    job = import_job(roots, str(source), size=64)
    assert not roots.data.exists()
    job.prepare(roots)
    assert open_store(roots, job.store).preprocessing.size == 64
    assert open_store(roots, job.store).source() == job.source


def test_import_job_derives_store_name_from_folder_name(roots, source):
    job = import_job(roots, str(source))
    assert job.folder(roots) == roots.data / "prepared" / "my-data-2"
    assert job.store == "my-data-2"
    assert job.source == StoreSource(csv=str(source / "train.csv"), dataset="my data (2)", synthetic=False)
    (source / "inside").mkdir()
    assert import_job(roots, f"{source}/inside/..") == job


def test_import_job_other_size_gets_another_store(roots, source):
    import_job(roots, str(source), "mine", 64).prepare(roots)
    other = import_job(roots, str(source), "mine", 128)
    assert other.store.startswith("mine-")
    assert import_job(roots, str(source), "mine", 64).store == "mine"


def test_import_job_rectangle_gets_its_own_store_and_is_resumed_at_its_size(roots, source):
    import_job(roots, str(source), "mine", 64).prepare(roots)
    job = import_job(roots, str(source), "mine", (128, 64))
    job.prepare(roots)
    assert job.store.startswith("mine-")
    store = open_store(roots, job.store)
    assert store.preprocessing.shape == (128, 64)
    assert resume_import_job(roots, store).size == (128, 64)
    assert ImportJob.model_validate_json(job.model_dump_json()) == job


@pytest.mark.parametrize("size", [100, (64, 100)])
def test_import_job_size_that_is_no_multiple_of_32_raises_before_anything_is_read(roots, size):
    with pytest.raises(ConfigError, match="multiples of 32"):
        import_job(roots, "nowhere", size=size)


def test_import_job_store_of_other_data_set_raises_data_error(roots, source, tmp_path):
    import_job(roots, str(source), "mine").prepare(roots)
    other = tmp_path / "other"
    other.mkdir()
    (other / "train.csv").write_text(CSV)
    with pytest.raises(DataError, match="mine was made from another data set"):
        import_job(roots, str(other), "mine")


def test_import_again_job_keeps_workers_and_scheduler(roots, source):
    job = import_job(roots, str(source), "mine", 64)
    job.prepare(roots)
    store = open_store(roots, "mine")
    assert resume_import_job(roots, store) == job
    first = job.model_copy(update={"scheduler": "tcp://host:8786", "workers": 3})
    JobFolder(store.folder).write_request(first)
    assert resume_import_job(roots, store, retry=True) == first.model_copy(update={"retry": True})


def test_import_again_job_with_unreadable_request_starts_afresh(roots, source):
    job = import_job(roots, str(source), "mine", 64)
    job.prepare(roots)
    store = open_store(roots, "mine")
    (store.folder / "work.json").write_text("{")
    assert resume_import_job(roots, store) == job


def test_is_importing_only_while_import_is_active(roots, source):
    job = import_job(roots, str(source))
    job.prepare(roots)
    csv = Path(job.source.csv)
    assert not is_importing(roots, csv)
    folder = JobFolder(job.folder(roots))
    folder.write_request(job)
    assert is_importing(roots, csv)
    (folder.path / "state.json").write_text("{")
    with folder.lock():
        assert is_importing(roots, csv)
    folder.write_state("stopped")
    assert not is_importing(roots, csv)


def test_describe_unfinished_import_counts_what_is_done(roots, source):
    job = import_job(roots, str(source), size=64)
    job.prepare(roots)
    store, folder = open_store(roots, job.store), JobFolder(job.folder(roots))
    assert describe_unfinished_import(store) is None  # nothing has been requested
    folder.write_request(job)
    folder.write_progress(Progress(done=656, total=3383))
    folder.write_state("running")
    with folder.lock():
        assert is_active_import(store)
        assert describe_unfinished_import(store) == "The import of my-data-2 is still running at 656 of 3,383 images."
    folder.write_state("stopped")
    assert not is_active_import(store)
    assert describe_unfinished_import(store) == (
        "The import of my-data-2 stopped at 656 of 3,383 images. Resume it to train on all of them."
    )
    folder.write_state("finished")
    assert describe_unfinished_import(store) is None
