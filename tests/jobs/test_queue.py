import threading
from pathlib import Path

import pytest
from filelock import FileLock

from builders.jobs import DONE, FakeJob
from builders.waiting import wait_until
from mammo_core.documents.job import FINAL, DemoResult
from mammo_core.errors import JobError
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import launch, run_for_result, run_requested, stop_job
from mammo_core.jobs.queue import WAITING

pytestmark = pytest.mark.slow


def test_jobs_of_one_kind_run_in_order_of_request(workspace):
    data = workspace.data
    data.mkdir()
    ended = []

    def run(context):
        ended.append(context.folder.name)
        return DONE

    jobs = [FakeJob(name="late", call=run), FakeJob(name="early", call=run)]
    folders = [JobFolder(data / job.name) for job in jobs]
    with FileLock(data / ".demo.turn"):
        for job, folder in reversed(list(zip(jobs, folders, strict=True))):
            folder.write_request(job)
        threads = [
            threading.Thread(target=run_requested, args=(folder, job, workspace))
            for job, folder in zip(jobs, folders, strict=True)
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: all(folder.message() == WAITING for folder in folders))
        assert [folder.state() for folder in folders] == ["queued", "queued"]
    for thread in threads:
        thread.join()
    assert [folder.state() for folder in folders] == ["finished", "finished"]
    assert ended == ["early", "late"]


def test_queue_ignores_job_with_unreadable_files(workspace):
    data = workspace.data
    broken = JobFolder(data / "broken")
    broken.write_request(FakeJob(name="broken"))
    broken.write_state("queued")
    (broken.path / "work.json").write_text("[]")
    folder = JobFolder(data / "fake")
    folder.write_request(FakeJob())
    assert run_requested(folder, FakeJob(), workspace) == DONE


def test_run_for_result_returns_the_document(workspace):
    assert run_for_result(FakeJob(), workspace, DemoResult) == DONE.document


def test_run_for_result_stopped_in_queue_raises_job_error(workspace):
    workspace.data.mkdir()
    folder, errors = JobFolder(workspace.data / "fake"), []

    def run():
        try:
            run_for_result(FakeJob(), workspace, DemoResult)
        except JobError as error:
            errors.append(str(error))

    with FileLock(workspace.data / ".demo.turn"):
        thread = threading.Thread(target=run)
        thread.start()
        wait_until(lambda: folder.exists and folder.message() == WAITING)
        stop_job(folder)
        thread.join()
    assert errors == ["Stopped while it was waiting for its turn."]
    assert folder.state() == "stopped"


def test_stop_signal_reaches_queued_job(workspace):
    data = workspace.data
    data.mkdir()
    with FileLock(data / ".demo.turn"):
        folder = launch(DemoJob(out=Path("late"), patients=4), workspace)
        wait_until(folder.is_alive)
        assert folder.state() == "queued"
        stop_job(folder)
        wait_until(lambda: folder.state() in FINAL)
    assert (folder.state(), folder.message()) == ("stopped", "Stopped while it was waiting for its turn.")
