import os
import signal
import threading
import time

import pytest
from filelock import FileLock

from mammo_core.errors import MammoError, WorkError
from mammo_core.learning.config import TrainingConfig
from mammo_core.models import activate
from mammo_core.settings import settings
from mammo_core.work import FINAL, WorkFolder, launch
from mammo_core.work.runs import read_metrics
from mammo_core.work.training import can_resume, resume_request, start, train_request


def wait_until(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def process_id(folder: WorkFolder) -> int:
    from mammo_core.files import read_json

    return read_json(folder.path / "process.json")["pid"]


def test_requests_are_checked_before_anything_is_written(finished):
    with pytest.raises(MammoError, match="epochs"):
        train_request({"store": "demo", "epochs": 21})
    with pytest.raises(MammoError, match="no prepared store"):
        train_request({"store": "nothing"})
    path, arguments = train_request({"store": "demo"})
    assert not path.exists()
    assert arguments["run"] == str(path)


def test_two_clicks_are_one_run_and_another_start_queues(finished):
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


def test_a_killed_run_is_crashed_goes_on_and_can_be_killed_by_a_second_stop(finished):
    config = TrainingConfig(store="demo", epochs=20, patience=20, batch_size=4)
    folder = start(config)
    with pytest.raises(WorkError, match="only a run that was"):
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


def test_a_finished_run_has_nothing_to_resume(finished):
    folder = WorkFolder(settings().models / "trained")
    assert not can_resume(folder)
    with pytest.raises(WorkError, match="trained is finished"):
        resume_request(folder)
    with pytest.raises(WorkError, match="no training run"):
        resume_request(WorkFolder(settings().models / "nobody"))


def test_a_run_whose_model_is_the_active_one_does_not_go_on(finished):
    folder = WorkFolder(finished / "models" / "trained")
    folder.write_state("stopped", "")
    assert resume_request(folder)
    activate("trained")
    with pytest.raises(WorkError, match="is the active model, and going on would replace it"):
        resume_request(folder)
