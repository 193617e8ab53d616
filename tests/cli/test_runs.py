import json

import pytest

from builders.runs import write_model_run, write_training_run
from mammo_core.cli import runs
from mammo_core.documents.run_tags import read_tags
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import activate


@pytest.mark.parametrize("setting", ["epochs=40", "colour=red", "epochs", "network=huge"])
def test_train_invalid_setting_fails_before_creating_a_run(run, finished, setting):
    status, _, error = run("train", "demo", "--set", setting)
    assert status == 1
    assert setting.split("=")[0] in error
    assert [path.name for path in (finished.models).glob("*/work.json")] == ["work.json"]


def listed(out: str) -> dict[str, dict]:
    """Return the runs of a printed document by name."""
    return {row["run"]: row for row in json.loads(out)["runs"]}


def test_tags_and_notes_are_changed_and_listed(run, workspace):
    for name in ("first", "second"):
        write_model_run(workspace, name)
    status, out, _ = run("tag", "first", "second", "--add", "good", "--add", "[b]", "--note", "Look again.", "--json")
    assert status == 0
    assert [(row["run"], row["tags"], row["note"]) for row in json.loads(out)["runs"]] == [
        ("first", ["good", "[b]"], "Look again."),
        ("second", ["good", "[b]"], "Look again."),
    ]
    run("tag", "first", "--remove", "good", "--remove", "never there", "--note", "")
    rows = listed(run("runs", "--json")[1])
    assert (rows["first"]["tags"], rows["first"]["note"]) == (["[b]"], "")
    assert (rows["second"]["tags"], rows["second"]["note"]) == (["good", "[b]"], "Look again.")
    assert "[b]" in run("tag", "first")[1]
    assert "note" not in run("tag", "first")[1]
    assert read_tags(workspace.models / "first").tags == ("[b]",)


def test_tags_that_one_run_can_not_take_change_none(run, workspace):
    for name in ("first", "second"):
        write_training_run(workspace, name)
    run("tag", "second", *(part for number in range(20) for part in ("--add", str(number))))
    status, out, error = run("tag", "first", "second", "--add", "more")
    assert (status, out) == (1, "")
    assert "at most 20 tags" in " ".join(error.split())
    assert "There is no run gone" in " ".join(run("tag", "first", "gone", "--add", "more")[2].split())
    assert read_tags(workspace.models / "first").tags == ()


def test_archived_runs_are_listed_only_with_the_option(run, workspace):
    for name in ("first", "second"):
        write_training_run(workspace, name)
    assert listed(run("archive", "first", "--json")[1])["first"]["archived"]
    assert set(listed(run("runs", "--json")[1])) == {"second", "demo"}
    assert set(listed(run("runs", "--archived", "--json")[1])) == {"first", "second", "demo"}
    assert "finished, archived" in run("runs", "--archived")[1]
    assert "first" not in run("runs")[1]
    run("archive", "first", "--bring-back")
    assert set(listed(run("runs", "--json")[1])) == {"first", "second", "demo"}


def test_deleted_runs_are_restored_by_their_names(run, workspace):
    for name in ("first", "second"):
        write_model_run(workspace, name)
    run("tag", "first", "--add", "good")
    status, out, _ = run("delete", "first", "second", "first", "--json")
    assert (status, json.loads(out)) == (0, {"schema_version": 1, "deleted": ["first", "second"]})
    assert set(listed(run("runs", "--json")[1])) == {"demo"}
    status, out, error = run("restore", "third")
    assert (status, out) == (1, "")
    assert "There is no deleted run 'third'. These can be restored: first, second." in " ".join(error.split())
    assert listed(run("restore", "first", "--json")[1])["first"]["tags"] == ["good"]
    assert set(listed(run("runs", "--json")[1])) == {"first", "demo"}
    open_bundle(workspace.models / "first")
    assert "brings them back" in " ".join(run("delete", "first")[1].split())


def test_run_of_the_active_model_is_neither_archived_nor_deleted(run, workspace):
    write_model_run(workspace, "used")
    activate(workspace, "used")
    for command in ("archive", "delete"):
        status, out, error = run(command, "used")
        assert (status, out) == (1, "")
        assert "used is the active model" in " ".join(error.split())
    assert listed(run("runs", "--json")[1])["used"]["active"]


def test_sweep_and_train_start_the_same_runs(run, finished, monkeypatch):
    swept = []
    monkeypatch.setattr(runs, "run_sweep", lambda job, as_json: swept.append((job, as_json)))
    given = ("demo", "--set", "epochs=1,2", "--set", "network=compact", "--folds", "2", "--json")
    assert run("sweep", *given)[0] == run("train", *given)[0] == 0
    (first, as_json), (second, _) = swept
    assert as_json
    assert first.configs == second.configs
    assert [(config.epochs, config.fold) for config in first.configs] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert run("sweep", "demo", "--set", "epochs=40")[0] == 1
    assert len(swept) == 2
    run("sweep", "demo", "--set", "epochs=1")
    assert len(swept[-1][0].configs) == 1
