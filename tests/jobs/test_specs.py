"""The job of a folder, read from its file and run, whatever its kind."""

from pathlib import Path

import pytest

from mammo_core.documents.dataset import GeneratorSettings, StoreSource
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError, JobError
from mammo_core.jobs import process
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.evaluation import EvaluationJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from mammo_core.jobs.lesson import LessonJob
from mammo_core.jobs.specs import read_spec, run_folder
from mammo_core.jobs.sweep import SweepJob
from mammo_core.jobs.training import TrainJob
from mammo_core.storage.json_files import read_json, write_json
from mammo_core.workspace import Workspace

WORKSPACE = Workspace(Path("/data"), Path("/models"))
SOURCE = StoreSource(csv="demo/train.csv", dataset="demo", synthetic=True, generator=GeneratorSettings(seed=1))
JOBS = [
    DemoJob(out=Path("demo"), patients=4),
    DemoJob(out=Path("/elsewhere/demo")),
    ImportJob(source=SOURCE, store="demo", scheduler="tcp://host:8786"),
    TrainJob(name="run-1", config=TrainingConfig(store="demo", epochs=3)),
    SweepJob(name="many", configs=(TrainingConfig(store="demo"),)),
    LessonJob(store="demo"),
    EvaluationJob(model="mine", identity="0" * 64, store="demo"),
]


@pytest.mark.parametrize("job", JOBS)
def test_spec_written_and_read_is_equal(tmp_path, job):
    job_folder = JobFolder(tmp_path)
    job_folder.write_request(job)
    assert read_spec(job_folder) == job
    assert job_folder.kind() == job.kind == read_json(tmp_path / "work.json")["kind"]


@pytest.mark.parametrize(
    ("request_", "job"),
    [
        (
            {"kind": "demo", "arguments": {"out": "/data/demo", "patients": 4, "seed": 2, "prevalence": 0.5}},
            DemoJob(out=Path("/data/demo"), patients=4, seed=2, prevalence=0.5),
        ),
        (
            {"kind": "import", "arguments": {"source": "/data/demo/train.csv", "store": "x", "workers": 2}},
            ImportJob(
                source=StoreSource(csv="/data/demo/train.csv", dataset="demo", synthetic=False), store="x", workers=2
            ),
        ),
        (
            {"kind": "train", "arguments": {"run": "/models/run-1", "config": {"store": "demo", "epochs": 3}}},
            TrainJob(name="run-1", config=TrainingConfig(store="demo", epochs=3)),
        ),
    ],
)
def test_request_of_earlier_version_is_read(tmp_path, request_, job):
    write_json(tmp_path / "work.json", request_)
    assert read_spec(JobFolder(tmp_path)) == job


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "dance"},
        {"kind": "train", "name": "x"},
        [],
        {"arguments": {}},
        {"kind": "train", "arguments": {}},
        {"kind": "train", "arguments": {"run": 1, "config": {}}},
        {"kind": "import", "arguments": {}},
        {"kind": "import", "arguments": {"source": None}},
    ],
)
def test_read_spec_unknown_job_raises_data_error(tmp_path, document):
    write_json(tmp_path / "work.json", document)
    with pytest.raises(DataError, match="is not a job that this version knows"):
        read_spec(JobFolder(tmp_path))


def test_run_folder_unreadable_request_is_failed_with_its_sentence(tmp_path):
    folder = JobFolder(tmp_path)
    folder.write_request(DemoJob(out=Path("demo")))
    write_json(tmp_path / "work.json", {"kind": "dance"})
    with pytest.raises(DataError, match="is not a job that this version knows"):
        run_folder(folder, WORKSPACE)
    assert folder.state() == "failed"
    assert "is not a job that this version knows" in folder.message()


def test_run_folder_without_request_writes_nothing(tmp_path):
    with pytest.raises(DataError, match="is missing"):
        run_folder(JobFolder(tmp_path / "nothing"), WORKSPACE)
    assert not list(tmp_path.iterdir())


def test_run_folder_unreadable_request_leaves_a_working_process_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "LOCK_SECONDS", 0.01)
    folder = JobFolder(tmp_path)
    folder.write_request(DemoJob(out=Path("demo")))
    write_json(tmp_path / "work.json", {"kind": "dance"})
    folder.write_state("running")
    with folder.lock(), pytest.raises(JobError, match="already running in"):
        run_folder(folder, WORKSPACE)
    assert folder.written_state().state == "running"
