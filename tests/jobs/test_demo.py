import os
import signal
from pathlib import Path

import pandas as pd
import psutil
import pytest

from builders.jobs import process_of
from builders.waiting import wait_until
from mammo_core.documents.job import FINAL
from mammo_core.errors import DataError, InvalidName
from mammo_core.jobs.demo import DemoJob, demo_job, unfinished_demos
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import launch, run_in_process

BIG = DemoJob(out=Path("big"), patients=600, prevalence=0.5, seed=1, rows=256, columns=192)


@pytest.mark.slow
def test_demo_job_creates_the_data_set_and_names_its_folder(workspace, tmp_path):
    job = DemoJob(out=tmp_path / "elsewhere", patients=4, rows=128, columns=96, seed=1)
    outcome = run_in_process(job, workspace)
    folder = tmp_path / "elsewhere"
    assert outcome.message == f"4 synthetic patients are in {folder}."
    assert outcome.document.to_json() == {"schema_version": 1, "folder": str(folder)}
    assert pd.read_csv(folder / "train.csv")["patient_id"].nunique() == 4


@pytest.mark.parametrize("name", ["../esc", "prepared", ".x", "a b"])
def test_demo_job_invalid_name_raises_error(workspace, name):
    with pytest.raises(InvalidName):
        DemoJob(out=Path(name)).prepare(workspace)


@pytest.mark.parametrize("name", ["../esc", "prepared", "/absolute", ""])
def test_demo_job_by_name_refuses_a_path(workspace, name):
    with pytest.raises(InvalidName):
        demo_job(workspace, name)


def test_demo_job_by_name_refuses_an_existing_folder_but_not_an_interrupted_one(workspace):
    (workspace.data / "notes").mkdir(parents=True)
    with pytest.raises(DataError, match="There is already a data set 'notes'"):
        demo_job(workspace, "notes")
    JobFolder(workspace.data / "big").write_request(BIG)
    assert demo_job(workspace, "big", patients=8) == DemoJob(out=Path("big"), patients=8)


@pytest.mark.parametrize("file", ["train.csv", "test.csv", "linked.json"])
def test_demo_job_folder_with_a_data_set_raises_data_error(workspace, file):
    folder = workspace.data / "taken"
    folder.mkdir(parents=True)
    DemoJob(out=Path("taken")).prepare(workspace)  # an empty folder holds none
    (folder / file).touch()
    for out in (Path("taken"), folder):
        with pytest.raises(DataError, match="holds a data set already"):
            DemoJob(out=out).prepare(workspace)


@pytest.mark.slow
def test_demo_job_can_be_stopped(workspace):
    folder = launch(BIG, workspace)
    wait_until(folder.fraction)
    folder.request_stop()
    wait_until(lambda: folder.state() in FINAL, 60)
    assert folder.state() == "stopped"
    assert not (folder.path / "train.csv").exists()


@pytest.mark.slow
def test_killed_demo_job_is_crashed_and_can_be_requested_again(workspace):
    folder = launch(BIG, workspace)
    wait_until(folder.fraction)
    process = process_of(folder)
    workers = process.children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: folder.state() == "crashed", 10)
    assert "killed" in folder.message()
    assert [job.name for job in unfinished_demos(workspace)] == ["big"]
    BIG.prepare(workspace)
    psutil.wait_procs(workers, timeout=20)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)


def test_unfinished_demos_include_one_with_unreadable_state(workspace):
    job = JobFolder(workspace.data / "broken")
    job.write_request(BIG)
    (job.path / "state.json").write_text("{")
    (shown,) = unfinished_demos(workspace)
    assert (shown.name, shown.state()) == ("broken", "unreadable")
