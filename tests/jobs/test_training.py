import os
import signal
import threading

import pytest
from filelock import FileLock

from builders.waiting import wait_until
from mammo_core.documents.job import FINAL
from mammo_core.documents.metrics import read_metrics
from mammo_core.documents.progress import ignore_progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.documents.training_result import TrainingResult
from mammo_core.errors import JobError, MammoError
from mammo_core.jobs import training as training_module
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import stop_job
from mammo_core.jobs.queue import WAITING
from mammo_core.jobs.spec import JobContext
from mammo_core.jobs.training import TrainJob, can_resume, resume, resume_job, start, train_job
from mammo_core.learning.plan import resolve
from mammo_core.models.registry import activate


def settings_of(**settings):
    return TrainingConfig(store="demo", **settings)


def process_id(folder: JobFolder) -> int:
    process = folder.process()
    assert process
    return process.pid


def test_train_job_has_a_new_name_and_writes_nothing(prepared):
    roots = prepared
    job = train_job(roots, settings_of())
    assert job.name.startswith("demo-compact-")
    assert job.folder(roots) == roots.models / job.name
    assert not roots.models.exists()


def test_train_job_name_in_use_gets_a_number(prepared, monkeypatch):
    roots = prepared
    first = train_job(roots, settings_of())
    monkeypatch.setattr("mammo_core.jobs.training._time_text", lambda: first.name.removeprefix("demo-compact-"))
    first.folder(roots).mkdir(parents=True)
    assert train_job(roots, settings_of()).name == f"{first.name}-2"


def test_train_and_resume_resolve_once_in_one_process(finished, monkeypatch):
    resolved, trained = [], []
    monkeypatch.setattr(training_module, "resolve", lambda *args: resolved.append(resolve(*args)) or resolved[-1])
    result = TrainingResult(
        run="r", status="finished", message="Done.", epochs=1, best_epoch=1, seconds=1.0, verified=True
    )
    monkeypatch.setattr("mammo_core.learning.trainer.train", lambda plan, *rest: trained.append(plan) or result)
    JobFolder(finished.models / "trained").write_state("stopped", "")
    for job in (train_job(finished, settings_of()), resume_job(finished, "trained")):
        context = JobContext(finished, job.folder(finished), ignore_progress, lambda: False)
        assert job.run(context).document == result
    assert len(resolved) == 2
    assert all(plan is kept for plan, kept in zip(trained, resolved, strict=True))
    read_again = TrainJob.model_validate(job.to_json())
    assert read_again.run(context).document == result
    assert len(resolved) == 3


@pytest.mark.slow
def test_start_same_settings_twice_is_one_run_and_other_settings_are_queued(prepared):
    roots = prepared
    plan = resolve(roots, settings_of(epochs=1))
    broken = JobFolder(roots.models / "broken")
    broken.write_request(TrainJob(name="broken", config=plan.config))
    (broken.path / "work.json").write_text("[]")  # does not keep others from starting
    folders = []
    with FileLock(roots.data / ".train.turn"):
        clicks = [threading.Thread(target=lambda: folders.append(start(roots, plan))) for _ in range(3)]
        for click in clicks:
            click.start()
        for click in clicks:
            click.join()
        other = start(roots, resolve(roots, settings_of(epochs=1, seed=1)))
        assert len({folder.name for folder in folders}) == 1
        assert other.name != folders[0].name
        wait_until(lambda: other.message() == WAITING)
        assert other.state() == "queued"
        for folder in (folders[0], other):
            stop_job(folder)
        wait_until(lambda: {folders[0].state(), other.state()} == {"stopped"})
    again = start(roots, plan)
    assert again.name != folders[0].name
    stop_job(again)
    wait_until(lambda: again.state() in FINAL)


def test_start_with_the_settings_of_a_stopping_run_starts_another(prepared, monkeypatch):
    monkeypatch.setattr(training_module, "launch", lambda job, workspace: JobFolder(job.folder(workspace)))
    plan = resolve(prepared, settings_of(epochs=1))
    before = JobFolder(prepared.models / "before")
    before.write_request(TrainJob(name="before", config=plan.config))
    with before.lock():
        before.write_process()
        before.write_state("running")
        assert start(prepared, plan).name == "before"
        before.request_stop()
        assert before.state() == "stopping"
        assert start(prepared, plan).name != "before"


@pytest.mark.slow
def test_killed_run_is_crashed_then_resumes_and_ends_at_second_stop(prepared):
    roots = prepared
    folder = start(roots, resolve(roots, settings_of(network="original", epochs=20, patience=20, batch_size=4)))
    with pytest.raises(JobError, match="only a run that was"):
        resume_job(roots, folder.name)
    wait_until((folder.path / "resume.npz").exists)
    os.kill(process_id(folder), signal.SIGKILL)
    wait_until(lambda: folder.state() == "crashed", 10)
    assert can_resume(folder)

    path = resume(roots, folder.name).path
    assert path == folder.path
    wait_until(lambda: any(record.kind == "resume" for record in read_metrics(path)))
    seam = next(record.epoch for record in read_metrics(path) if record.kind == "resume")
    wait_until(lambda: read_metrics(path)[-1].epoch > seam)
    epochs = [record.epoch for record in read_metrics(path) if record.kind == "epoch"]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) >= seam >= 1

    stop_job(folder)
    stop_job(folder)
    assert folder.state() == "stopped"
    assert not folder.is_alive()
    assert can_resume(folder)


def test_resume_job_finished_or_unknown_run_raises_job_error(finished):
    roots = finished
    assert not can_resume(JobFolder(roots.models / "trained"))
    with pytest.raises(JobError, match="trained is finished"):
        resume_job(roots, "trained")
    with pytest.raises(JobError, match="nobody is not a training run"):
        resume_job(roots, "nobody")


def test_resume_job_active_model_raises_job_error(finished):
    roots = finished
    JobFolder(roots.models / "trained").write_state("stopped", "")
    assert resume_job(roots, "trained").config.epochs == 2
    activate(roots, "trained")
    with pytest.raises(JobError, match="is the active model, and resuming would replace it"):
        resume_job(roots, "trained")


def test_resume_job_store_is_gone_raises_error(finished):
    roots = finished
    JobFolder(roots.models / "trained").write_state("stopped", "")
    (roots.prepared / "demo").rename(roots.prepared / "elsewhere")
    with pytest.raises(MammoError, match="no prepared store 'demo'"):
        resume_job(roots, "trained")


def test_can_resume_unreadable_request_is_false(finished):
    folder = JobFolder(finished.models / "trained")
    folder.write_state("stopped", "")
    assert can_resume(folder)
    (folder.path / "work.json").write_text("[]")
    assert not can_resume(folder)
