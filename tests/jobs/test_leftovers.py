import os
import time

import pytest

from builders.jobs import FakeJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.leftovers import clear_leftovers
from mammo_core.jobs.process import run_in_process
from mammo_core.storage.atomic import OLD_SECONDS

TEMPORARY = ".state-0123456789abcdef.json"


@pytest.fixture
def job(workspace):
    """Return the folder of a job that was killed, with its temporary files."""
    folder = JobFolder(workspace.models / "run")
    folder.write_request(FakeJob(name="run"))
    (folder.path / "features-abc").mkdir()
    (folder.path / "features-abc" / "train").write_bytes(bytes(100))
    for path in (folder.path, workspace.models):
        (path / TEMPORARY).write_text("half")
        hour_ago = time.time() - OLD_SECONDS - 1
        os.utime(path / TEMPORARY, (hour_ago, hour_ago))
    return folder


def test_clear_leftovers_deletes_temporary_files_of_a_killed_job(workspace, job):
    clear_leftovers(workspace)
    assert sorted(path.name for path in job.path.iterdir()) == [
        "request.lock",
        "reserve",
        "state.json",
        "work.json",
        "work.lock",
    ]
    assert [path.name for path in workspace.models.iterdir()] == ["run"]


def test_clear_leftovers_leaves_a_living_job_alone(workspace, job):
    with job.lock():
        clear_leftovers(workspace)
        assert (job.path / "features-abc" / "train").exists()
        assert (job.path / TEMPORARY).exists()


def test_the_next_job_clears_what_killed_ones_left(workspace, job):
    run_in_process(FakeJob(name="next"), workspace)
    assert not (job.path / "features-abc").exists()
