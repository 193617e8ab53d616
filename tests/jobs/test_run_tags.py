import time

import pytest

from builders.runs import write_model_run, write_training_run
from mammo_core.documents.run_tags import RunTags, read_tags
from mammo_core.errors import ConfigError, DataError, JobError, ModelError, ModelNotFound
from mammo_core.jobs.run_tags import (
    archive_runs,
    bring_back_runs,
    change_tags,
    check_ended,
    delete_runs,
    restore_newest_runs,
    restore_runs,
    write_tags,
)
from mammo_core.jobs.training_runs import list_training_runs, read_run
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import activate
from mammo_core.storage.trash import TRASH


def names(workspace):
    return sorted(run.name for run in list_training_runs(workspace))


def test_write_tags_are_one_line_each_once_and_stay_beside_the_model(workspace):
    folder = write_model_run(workspace, "first").path
    assert write_tags(workspace, "first", [" to  keep\n", "to keep", "", "*b*"]).tags == ("to keep", "*b*")
    assert read_tags(folder) == RunTags(tags=("to keep", "*b*"))
    assert read_run(workspace, "first").tags.tags == ("to keep", "*b*")
    open_bundle(folder)  # whose hashes know nothing of tags


@pytest.mark.parametrize("tags", [["x" * 41], [str(number) for number in range(21)]])
def test_write_tags_too_long_or_too_many_raises_config_error(workspace, tags):
    folder = write_training_run(workspace, "first").path
    write_tags(workspace, "first", ["kept"])
    with pytest.raises(ConfigError, match="at most 20 tags of at most 40 characters"):
        write_tags(workspace, "first", tags)
    assert read_tags(folder).tags == ("kept",)


def test_damaged_tags_are_an_error_where_they_are_changed_and_none_in_lists(workspace):
    folder = write_training_run(workspace, "first").path
    (folder / RunTags.file_name).write_text("{")
    assert read_run(workspace, "first").tags == RunTags()
    with pytest.raises(DataError, match=r"tags\.json"):
        write_tags(workspace, "first", ["new"])
    assert (folder / RunTags.file_name).read_text() == "{"


def test_archived_runs_keep_their_tags_and_come_back(workspace):
    for name in ("first", "second"):
        write_training_run(workspace, name)
    write_tags(workspace, "first", ["good"])
    archive_runs(workspace, ["first", "second"])
    assert [run.tags.archived for run in list_training_runs(workspace)] == [True, True]
    write_tags(workspace, "first", ["better"])
    assert read_tags(workspace.models / "first") == RunTags(tags=("better",), archived=True)
    bring_back_runs(workspace, ["first"])
    assert read_tags(workspace.models / "first") == RunTags(tags=("better",))
    assert read_tags(workspace.models / "second").archived


def test_deleted_runs_are_restored_with_everything_in_them(workspace):
    for name in ("first", "second", "third"):
        write_model_run(workspace, name)
    write_tags(workspace, "first", ["good"])
    trashed = delete_runs(workspace, ["first", "second"])
    assert names(workspace) == ["third"]
    assert restore_runs(workspace, trashed) == ["first", "second"]
    assert names(workspace) == ["first", "second", "third"]
    assert read_run(workspace, "first").tags.tags == ("good",)
    open_bundle(workspace.models / "first")


@pytest.mark.parametrize(("change", "verb"), [(archive_runs, "archived"), (delete_runs, "deleted")])
def test_active_run_and_active_model_are_refused_and_then_no_other_changes(workspace, change, verb):
    write_model_run(workspace, "used")
    activate(workspace, "used")
    write_training_run(workspace, "ended")
    running = write_training_run(workspace, "running", "running")
    with running.lock():
        with pytest.raises(JobError, match=f"running is running and can't be {verb}. Stop it first."):
            change(workspace, ["ended", "running"])
        with pytest.raises(ModelError, match=f"used is the active model and can't be {verb}"):
            change(workspace, ["ended", "used"])
        with pytest.raises(JobError, match="There is no run gone any more"):
            change(workspace, ["ended", "gone"])
        assert names(workspace) == ["ended", "running", "used"]
        assert not any(run.tags.archived for run in list_training_runs(workspace))


def test_check_ended_refuses_only_what_is_active(workspace):
    write_training_run(workspace, "ended")
    check_ended(workspace, "ended", "renamed")
    check_ended(workspace, "no run", "renamed")
    running = write_training_run(workspace, "running", "running")
    with running.lock(), pytest.raises(JobError, match="running is running and can't be renamed"):
        check_ended(workspace, "running", "renamed")


def test_restore_newest_runs_takes_the_one_deleted_last_and_all_or_none(workspace):
    for seconds_ago, tag in ((9, "old"), (5, "new")):
        write_model_run(workspace, "first")
        write_tags(workspace, "first", [tag])
        (trashed,) = delete_runs(workspace, ["first"])
        trash = workspace.models / TRASH
        (trash / trashed).rename(trash / f"{time.time() - seconds_ago:.0f}.{tag}.first")
    with pytest.raises(ModelNotFound, match=r"no deleted run 'gone'. These can be restored: first\."):
        restore_newest_runs(workspace, ["first", "gone"])
    assert names(workspace) == []
    restore_newest_runs(workspace, ["first"])
    assert read_tags(workspace.models / "first").tags == ("new",)
    with pytest.raises(ModelError, match="already a model 'first'"):
        restore_newest_runs(workspace, ["first"])


def test_change_tags_adds_after_the_present_ones_and_removes(workspace):
    folder = write_training_run(workspace, "first").path
    write_tags(workspace, "first", ["a", "b"])
    archive_runs(workspace, ["first"])
    change_tags(workspace, ["first"], [" c\n", "a"], ["b", "gone"])
    assert read_tags(folder) == RunTags(tags=("a", "c"), archived=True)


def test_change_tags_without_a_change_writes_nothing(workspace):
    folder = write_training_run(workspace, "first").path
    change_tags(workspace, ["first"], [], ["gone"])
    assert not (folder / RunTags.file_name).exists()
    with pytest.raises(JobError, match="There is no run gone"):
        change_tags(workspace, ["first", "gone"], ["new"], [])
    assert read_tags(folder) == RunTags()
