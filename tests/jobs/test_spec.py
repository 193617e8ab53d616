"""Specifications of jobs: their folders and kinds."""

from pathlib import Path

import pytest

from mammo_core.documents.dataset import GeneratorSettings, StoreSource
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import DataError
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.importing import ImportJob
from mammo_core.jobs.training import TrainJob
from mammo_core.workspace import Workspace

WORKSPACE = Workspace(Path("/data"), Path("/models"))
SOURCE = StoreSource(csv="demo/train.csv", dataset="demo", synthetic=True, generator=GeneratorSettings(seed=1))


@pytest.mark.parametrize(
    ("job", "folder"),
    [
        (DemoJob(out=Path("demo"), patients=4), Path("/data/demo")),
        (DemoJob(out=Path("/elsewhere/demo")), Path("/elsewhere/demo")),
        (ImportJob(source=SOURCE, store="demo", scheduler="tcp://host:8786"), Path("/data/prepared/demo")),
        (TrainJob(name="run-1", config=TrainingConfig(store="demo", epochs=3)), Path("/models/run-1")),
    ],
)
def test_spec_folder_lies_in_workspace_or_where_it_is_given(job, folder):
    assert job.folder(WORKSPACE) == folder


def test_job_folder_spec_of_another_kind_raises_data_error(tmp_path):
    JobFolder(tmp_path).write_request(DemoJob(out=Path("demo")))
    with pytest.raises(DataError, match=r"work\.json"):
        JobFolder(tmp_path).spec(TrainJob)
