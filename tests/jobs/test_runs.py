import shutil

import pytest

from builders.jobs import FakeJob
from mammo_core.documents.job import RunSummary
from mammo_core.documents.report import EvaluationReport
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import InvalidName
from mammo_core.jobs.doctor import DoctorJob
from mammo_core.jobs.evaluation import EvaluationJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.lesson import LessonJob
from mammo_core.jobs.runs import (
    active_jobs,
    any_active,
    is_check,
    is_evaluation,
    is_lesson,
    is_sweep,
    is_training,
    list_runs,
    run_folder,
    run_names,
    unreadable_jobs,
)
from mammo_core.jobs.sweep import sweep_job, variants
from mammo_core.jobs.training import TrainJob, resume_job
from mammo_core.models import registry
from mammo_core.models.bundle import EVALUATION
from mammo_core.models.registry import activate
from mammo_core.workspace import Workspace


def runs_by_name(roots: Workspace) -> dict[str, RunSummary]:
    return {run.run: run for run in list_runs(roots)}


def test_list_runs_finished_run_has_state_epochs_and_auc(finished):
    roots = finished
    runs = runs_by_name(roots)
    trained = runs["trained"]
    assert (trained.state, trained.epochs, trained.folder) == ("finished", 2, str(roots.models / "trained"))
    assert trained.auc is not None
    assert trained.auc == EvaluationReport.read(roots.models / "trained" / EVALUATION).auc
    assert runs["demo"].state == "shipped"
    assert set(trained.to_json()) >= {"run", "state", "epochs", "auc", "active", "folder"}
    assert active_jobs(roots) == []


def active_names(roots: Workspace) -> list[str]:
    return [run.run for run in list_runs(roots) if run.active]


def test_active_run_is_marked_also_where_models_are_shipped(finished, monkeypatch):
    roots = finished
    assert active_names(roots) == ["demo"]
    activate(roots, "trained")
    assert active_names(roots) == ["trained"]
    shutil.copytree(registry.SHIPPED_MODELS / "demo", roots.models / "demo")
    monkeypatch.setattr(registry, "SHIPPED_MODELS", roots.models)  # as without MAMMO_MODELS
    assert active_names(roots) == ["trained"]


def test_active_run_is_marked_through_a_symbolic_link(finished, tmp_path):
    roots = finished
    activate(roots, "trained")
    linked = tmp_path / "linked"
    linked.symlink_to(roots.models)
    assert active_names(Workspace(roots.data, linked)) == ["trained"]


def test_own_model_named_demo_is_active_instead_of_the_shipped_one(finished):
    roots = finished
    shutil.copytree(registry.SHIPPED_MODELS / "demo", roots.models / "demo")
    assert [run.folder for run in list_runs(roots) if run.active] == [str(roots.models / "demo")]


def test_active_model_that_is_gone_marks_no_run(finished):
    roots = finished
    activate(roots, "trained")
    (roots.models / "trained").rename(roots.models / "other")
    assert active_names(roots) == []


def damage_state(folder):
    (folder / "state.json").write_text("{")


def damage_metrics(folder):
    (folder / "metrics.jsonl").write_text("not JSON\n")


@pytest.mark.parametrize("damage", [damage_state, damage_metrics])
def test_list_runs_damaged_run_is_unreadable_and_others_are_listed(finished, damage):
    roots = finished
    broken = TrainJob(name="broken", config=TrainingConfig(store="demo"))
    JobFolder(broken.folder(roots)).write_request(broken)
    JobFolder(broken.folder(roots)).write_state("stopped")
    damage(broken.folder(roots))
    runs = runs_by_name(roots)
    assert runs["broken"].state == "unreadable"
    assert runs["broken"].message
    assert runs["trained"].state == "finished"
    assert set(runs) == {"broken", "trained", "demo"}


def test_unreadable_jobs_are_not_active(workspace):
    roots = workspace
    folders = [JobFolder(roots.data / name) for name in ("good", "bad")]
    for folder in folders:
        folder.write_request(FakeJob(name=folder.name))
    (folders[1].path / "state.json").unlink()
    assert active_jobs(roots) == folders[:1]
    assert unreadable_jobs(roots) == folders[1:]


def test_other_jobs_than_runs_are_jobs_but_no_runs(workspace):
    sweep = sweep_job(variants({"store": "demo"}, {"seed": [1, 2]}))
    training = TrainJob(name="first", config=TrainingConfig(store="demo"))
    evaluation = EvaluationJob(model="demo", identity="a" * 64, store="demo")
    jobs = [sweep, LessonJob(store="demo"), training, evaluation, DoctorJob(store="demo")]
    folders = [JobFolder(job.folder(workspace)) for job in jobs]
    for folder, job in zip(folders, jobs, strict=True):
        folder.write_request(job)
    assert {folder.path for folder in active_jobs(workspace)} == {folder.path for folder in folders}
    assert run_names(workspace) == ["first"]
    for index, is_kind in enumerate((is_sweep, is_lesson, is_training, is_evaluation, is_check)):
        assert [is_kind(workspace, folder) for folder in folders] == [number == index for number in range(5)]


def test_any_active_true_if_one_run_is_queued(finished):
    roots = finished
    other = JobFolder(run_folder(roots, "other"))
    other.write_request(FakeJob(kind="train"))
    assert any_active(roots, ["trained", "other"])
    other.write_state("finished")
    assert not any_active(roots, ["trained", "other"])


def test_run_folder_is_in_models_folder(workspace):
    assert run_folder(workspace, "first") == workspace.models / "first"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\\b", "../../etc"])
def test_run_folder_name_with_path_raises_invalid_name(workspace, name):
    with pytest.raises(InvalidName, match="not usable as a name"):
        run_folder(workspace, name)
    with pytest.raises(InvalidName, match="not usable as a name"):
        resume_job(workspace, name)
