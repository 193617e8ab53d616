"""Runs whose folders have a specification and a state; nothing is trained."""

import os
import shutil

from mammo_core.documents.training_config import TrainingConfig
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.training import TrainJob
from mammo_core.jobs.training_runs import (
    first_run,
    read_run,
    run_table,
    short_names,
    store_of_run,
    store_runs,
    summary_table,
)
from mammo_core.models.bundle import CARD, EVALUATION
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace


def write_run(workspace: Workspace, name: str, store: str = "demo", age_seconds: float = 0.0) -> JobFolder:
    folder = JobFolder(workspace.models / name)
    folder.write_request(TrainJob(name=name, config=TrainingConfig(store=store, epochs=3)))
    folder.write_state("finished", "Done.")
    ended = folder.written_state().time
    os.utime(folder.path / "work.json", (ended - age_seconds, ended - age_seconds))
    return folder


def test_store_runs_are_those_of_the_store_newest_first(workspace):
    write_run(workspace, "old", age_seconds=100)
    write_run(workspace, "new", age_seconds=10)
    write_run(workspace, "other", store="rsna")
    assert [run.name for run in store_runs(workspace, "demo")] == ["new", "old"]
    assert store_of_run(workspace, "other") == "rsna"
    assert store_of_run(workspace, "none") is store_of_run(workspace, None) is None


def test_store_runs_unreadable_settings_are_listed_with_every_store(workspace):
    (write_run(workspace, "damaged").path / "work.json").write_text("{}")
    (run,) = store_runs(workspace, "rsna")
    assert (run.name, run.config) == ("damaged", None)
    assert run_table([run])["network"].tolist() == ["–"]


def test_first_run_is_the_active_one_before_the_newest(workspace):
    write_run(workspace, "old", age_seconds=100)
    write_run(workspace, "new")
    assert first_run([]) is None
    assert first_run(store_runs(workspace, "demo")).name == "new"
    JobFolder(workspace.models / "old").write_state("running")
    with JobFolder(workspace.models / "old").lock():
        assert first_run(store_runs(workspace, "demo")).name == "old"


def test_label_and_tables_have_auc_duration_and_settings(workspace):
    folder = write_run(workspace, "trained", age_seconds=75)
    assert read_run(workspace, "trained").label().endswith(" · compact · finished")
    for name in (CARD, EVALUATION):
        shutil.copy(SHIPPED_MODELS / "demo" / name, folder.path)
    run = read_run(workspace, "trained")
    assert run.label().endswith(f" · compact · AUC {run.auc.value:.2f}")
    (row,) = run_table([run]).to_dict("records")
    assert (row["duration"], row["settings"], row["epochs"]) == ("1 min 15 s", "epochs 3", "–")
    values = summary_table([run]).set_index("run")[run.label()]
    assert (values["start"], values["epochs"], values["augmentation"]) == ("random weights", "0 of at most 3", "on")


def test_short_names_of_different_runs_differ(workspace):
    write_run(workspace, "first", age_seconds=86_400)
    for name in ("second", "third"):
        write_run(workspace, name)
    ended = JobFolder(workspace.models / "second").requested_at()
    os.utime(workspace.models / "third" / "work.json", (ended, ended))
    names = short_names(store_runs(workspace, "demo"))
    assert (names["second"], names["third"]) == ("second", "third")
    assert names["first"].endswith(" · compact")
