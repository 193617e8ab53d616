import pytest

from builders.models import write_model
from builders.store_evaluations import make_store_evaluation
from mammo_core.errors import DataError, ModelNotFound
from mammo_core.jobs import evaluation
from mammo_core.jobs.evaluation import STOPPED, EvaluationJob, evaluation_job, evaluation_jobs
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import run_in_process
from mammo_core.jobs.runs import list_runs
from mammo_core.jobs.specs import read_spec
from mammo_core.models.registry import list_models


@pytest.fixture
def mine(workspace, monkeypatch):
    """A small model; whether it fits a store isn't looked at."""
    monkeypatch.setattr(evaluation, "unseen_images", lambda *_: None)
    return write_model(workspace.models / "mine")


def test_job_evaluates_the_model_apart_from_runs(workspace, mine, monkeypatch):
    made = make_store_evaluation("others")
    monkeypatch.setattr(evaluation, "make_evaluation", lambda *_: made)
    job, runs = evaluation_job(mine, "others"), list_runs(workspace)
    assert evaluation_jobs(workspace, mine, ["others"]) == {}
    outcome = run_in_process(job, workspace)
    assert (outcome.state, outcome.document) == ("finished", made)
    assert outcome.message == made.report.verdict_or_reason()
    folder = JobFolder(job.folder(workspace))
    assert read_spec(folder) == job
    assert evaluation_jobs(workspace, mine, ["others", "more"]) == {"others": folder}
    assert list_runs(workspace) == runs
    assert list_models(workspace) == ["demo", "mine"]


def test_job_that_is_stopped_says_so(workspace, mine, monkeypatch):
    monkeypatch.setattr(evaluation, "make_evaluation", lambda *_: None)
    outcome = run_in_process(evaluation_job(mine, "others"), workspace)
    assert (outcome.state, outcome.message) == ("stopped", STOPPED)


def test_job_that_cannot_run_is_refused_before_it_begins(workspace):
    mine = write_model(workspace.models / "mine")
    with pytest.raises(DataError, match="There is no prepared store 'gone'"):
        evaluation_job(mine, "gone").prepare(workspace)
    with pytest.raises(ModelNotFound):
        EvaluationJob(model="gone", identity="0" * 64, store="gone").prepare(workspace)
