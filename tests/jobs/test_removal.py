"""Data sets and imported data that are unlinked or deleted; none of them is read."""

import pytest

from builders.models import write_model
from builders.store_evaluations import make_store_evaluation
from mammo_core.assessment.kept_evaluations import evaluation_folder, kept_evaluations
from mammo_core.dataset.library import link_dataset, list_datasets
from mammo_core.dataset.store import Store, create_store, list_stores
from mammo_core.documents.dataset import DatasetInfo, StoreSource
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.documents.store_evaluation import StoreEvaluation
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.evaluation import evaluation_job
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from mammo_core.jobs.removal import (
    empty_evaluation_trash,
    folder_bytes,
    remove_dataset,
    remove_evaluation,
    remove_store,
    restore_removed,
    why_kept,
)
from mammo_core.jobs.training import TrainJob
from mammo_core.storage.trash import TRASH, TRASH_SECONDS
from mammo_core.workspace import Workspace

CSV = "patient_id,image_id,laterality,view,cancer\n1,10,L,CC,0\n"


def write_dataset(folder, *, synthetic=False):
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text(CSV)
    if synthetic:
        DatasetInfo(synthetic=True).write(folder / DatasetInfo.file_name)
    return folder


def names(workspace: Workspace) -> list[str]:
    return [dataset.name for dataset in list_datasets(workspace)]


def test_remove_dataset_unlinks_and_never_touches_the_linked_files(workspace, tmp_path):
    outside = write_dataset(tmp_path / "outside")
    link_dataset(workspace, "rsna", outside)
    removed = remove_dataset(workspace, "rsna")
    assert names(workspace) == []
    assert (outside / "train.csv").read_text() == CSV
    assert restore_removed(removed) == "rsna"
    assert names(workspace) == ["rsna"]


def test_remove_dataset_deletes_synthetic_data_and_restores_it(workspace):
    write_dataset(workspace.data / "demo", synthetic=True)
    removed = remove_dataset(workspace, "demo")
    assert (removed.name, names(workspace)) == ("demo", [])
    assert restore_removed(removed) == "demo"
    assert names(workspace) == ["demo"]


def only(workspace: Workspace):
    (dataset,) = list_datasets(workspace)
    return dataset


def test_remove_dataset_keeps_files_that_can_not_be_made_again(workspace):
    write_dataset(workspace.data / "own")
    assert "aren't made by this application" in why_kept(workspace, only(workspace))
    with pytest.raises(DataError, match="own can't be removed"):
        remove_dataset(workspace, "own")
    assert names(workspace) == ["own"]


def test_why_kept_folder_that_is_a_link_elsewhere(workspace, tmp_path):
    workspace.data.mkdir()
    (workspace.data / "demo").symlink_to(write_dataset(tmp_path / "outside", synthetic=True))
    assert "link to elsewhere" in why_kept(workspace, only(workspace))


def test_why_kept_link_with_other_files_beside_it(workspace, tmp_path):
    link_dataset(workspace, "rsna", write_dataset(tmp_path / "outside"))
    (workspace.data / "rsna" / "notes.txt").write_text("mine")
    assert "other files" in why_kept(workspace, only(workspace))


def test_why_kept_demo_data_that_is_still_being_created(workspace):
    folder = JobFolder(write_dataset(workspace.data / "demo", synthetic=True))
    folder.write_request(DemoJob(out="demo"))
    folder.write_state("running")
    with folder.lock():
        assert "still being created" in why_kept(workspace, only(workspace))


@pytest.fixture
def store(workspace) -> Store:
    write_dataset(workspace.data / "demo", synthetic=True)
    source = StoreSource(csv="demo/train.csv", dataset="demo", synthetic=True)
    return create_store(workspace, "small", PreprocessingConfig(size=64), source)


def test_remove_store_keeps_its_data_set_and_is_restored(workspace, store):
    removed = remove_store(workspace, store)
    assert (list_stores(workspace), names(workspace)) == ([], ["demo"])
    assert restore_removed(removed) == "small"
    assert list_stores(workspace) == [store]


def test_remove_during_an_import_is_refused(workspace, store):
    folder = JobFolder(store.folder)
    folder.write_request(ImportJob(source=store.source(), store="small", size=64))
    folder.write_state("running")
    with folder.lock():
        with pytest.raises(DataError, match="small is being imported"):
            remove_store(workspace, store)
        with pytest.raises(DataError, match="demo is being imported"):
            remove_dataset(workspace, "demo")


def test_remove_store_during_a_training_on_it_is_refused(workspace, store):
    folder = JobFolder(workspace.models / "run")
    folder.write_request(TrainJob(name="run", config=TrainingConfig(store="small")))
    folder.write_state("running")
    with folder.lock(), pytest.raises(DataError, match="being trained on small"):
        remove_store(workspace, store)


def test_restore_removed_name_that_is_taken_meanwhile_is_refused(workspace, store):
    removed = remove_store(workspace, store)
    store.folder.mkdir()
    with pytest.raises(DataError, match="another 'small'"):
        restore_removed(removed)


def test_folder_bytes_adds_up_all_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(b"12345")
    (tmp_path / "two").write_bytes(b"123")
    assert folder_bytes(tmp_path) == 8


@pytest.fixture
def evaluated(workspace):
    """A model with an evaluation on each of two stores, of which neither is here."""
    bundle = write_model(workspace.models / "mine")
    for store in ("a", "b"):
        make_store_evaluation(store).write(
            evaluation_folder(workspace, bundle.identity, store) / StoreEvaluation.file_name
        )
    return bundle


def test_remove_evaluation_deletes_one_and_restores_it(workspace, evaluated):
    removed = remove_evaluation(workspace, evaluated, "a")
    assert removed.name == "a"
    assert list(kept_evaluations(workspace, evaluated)) == ["b"]
    assert restore_removed(removed) == "a"
    assert list(kept_evaluations(workspace, evaluated)) == ["a", "b"]


def test_remove_evaluation_refuses_what_is_missing_or_being_made(workspace, evaluated):
    with pytest.raises(DataError, match=r"^There is no evaluation of mine on c\.$"):
        remove_evaluation(workspace, evaluated, "c")
    job = evaluation_job(evaluated, "a")
    folder = JobFolder(job.folder(workspace))
    folder.write_request(job)
    with folder.lock():
        folder.write_state("running", "")
        with pytest.raises(DataError, match=r"mine is being evaluated on a\. Stop that first"):
            remove_evaluation(workspace, evaluated, "a")
    assert list(kept_evaluations(workspace, evaluated)) == ["a", "b"]


def test_evaluation_can_be_restored_for_an_hour_and_not_over_another(workspace, evaluated):
    removed = remove_evaluation(workspace, evaluated, "a")
    make_store_evaluation("a").write(evaluation_folder(workspace, evaluated.identity, "a") / StoreEvaluation.file_name)
    with pytest.raises(DataError, match="There is another 'a' now"):
        restore_removed(removed)
    empty_evaluation_trash(workspace)
    trash = removed.root / TRASH
    assert [path.name for path in trash.iterdir()] == [removed.trashed]
    seconds, rest = removed.trashed.split(".", 1)
    (trash / removed.trashed).rename(trash / f"{int(seconds) - int(TRASH_SECONDS) - 1}.{rest}")
    empty_evaluation_trash(workspace)
    assert list(trash.iterdir()) == []
    with pytest.raises(DataError, match="can't be restored any more"):
        restore_removed(removed)
