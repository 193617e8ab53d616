import os
import signal
import threading

import pytest
from filelock import FileLock

from builders.waiting import wait_until
from mammo_core.errors import JobError, MammoError
from mammo_core.jobs import FINAL, JobFolder, launch
from mammo_core.jobs.runs import read_metrics
from mammo_core.jobs.training import can_resume, resume_request, start, train_request
from mammo_core.learning.config import TrainingConfig
from mammo_core.models.registry import activate
from mammo_core.settings import settings
from mammo_core.workspace import Workspace


def process_id(folder: JobFolder) -> int:
    from mammo_core.storage.json_files import read_json

    return read_json(folder.path / "process.json")["pid"]


def test_train_request_is_validated_before_writing(finished):
    with pytest.raises(MammoError, match="epochs"):
        train_request({"store": "demo", "epochs": 21})
    with pytest.raises(MammoError, match="no prepared store"):
        train_request({"store": "nothing"})
    path, arguments = train_request({"store": "demo"})
    assert not path.exists()
    assert arguments["run"] == str(path)


def test_start_same_config_twice_is_one_run_and_other_config_is_queued(finished):
    config = TrainingConfig(store="demo", epochs=1)
    folders = []
    with FileLock(settings().data / ".train.turn"):
        clicks = [threading.Thread(target=lambda: folders.append(start(config))) for _ in range(3)]
        for click in clicks:
            click.start()
        for click in clicks:
            click.join()
        other = start(config.model_copy(update={"seed": 1}))
        assert len({folder.name for folder in folders}) == 1
        assert other.name != folders[0].name
        wait_until(lambda: "begins when" in other.message())
        assert other.state() == "queued"
        for folder in (folders[0], other):
            folder.stop()
        wait_until(lambda: {folders[0].state(), other.state()} == {"stopped"})
    again = start(config)
    assert again.name != folders[0].name
    again.stop()
    wait_until(lambda: again.state() in FINAL)


def test_killed_run_is_crashed_then_resumes_and_ends_at_second_stop(finished):
    config = TrainingConfig(store="demo", epochs=20, patience=20, batch_size=4)
    folder = start(config)
    with pytest.raises(JobError, match="only a run that was"):
        resume_request(folder)
    wait_until((folder.path / "resume.npz").exists)
    os.kill(process_id(folder), signal.SIGKILL)
    wait_until(lambda: folder.state() == "crashed", 10)
    assert can_resume(folder)

    path, arguments = resume_request(folder)
    launch(path, "train", arguments)
    wait_until(lambda: any(record["kind"] == "resume" for record in read_metrics(path)))
    seam = next(record["epoch"] for record in read_metrics(path) if record["kind"] == "resume")
    wait_until(lambda: read_metrics(path)[-1].get("epoch", 0) > seam)
    epochs = [record["epoch"] for record in read_metrics(path) if record["kind"] == "epoch"]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) >= seam >= 1

    folder.stop()
    folder.stop()
    assert folder.state() == "stopped"
    assert not folder.is_alive()
    assert can_resume(folder)


def test_resume_request_finished_or_unknown_run_raises_job_error(finished):
    folder = JobFolder(settings().models / "trained")
    assert not can_resume(folder)
    with pytest.raises(JobError, match="trained is finished"):
        resume_request(folder)
    with pytest.raises(JobError, match="no training run"):
        resume_request(JobFolder(settings().models / "nobody"))


def test_resume_request_active_model_raises_job_error(finished):
    folder = JobFolder(finished / "models" / "trained")
    folder.write_state("stopped", "")
    assert resume_request(folder)
    activate(Workspace.from_environment(), "trained")
    with pytest.raises(JobError, match="is the active model, and going on would replace it"):
        resume_request(folder)
