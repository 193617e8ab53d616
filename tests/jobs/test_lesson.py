import pandas as pd
import pytest

from builders.lessons import make_lesson
from mammo_core.documents.split_lesson import BY_IMAGE, SplitLesson
from mammo_core.errors import DataError
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.lesson import STOPPED, LessonJob, read_lesson
from mammo_core.jobs.process import run_in_process
from mammo_core.jobs.runs import list_runs
from mammo_core.jobs.specs import read_spec
from mammo_core.learning import split_lesson


def test_lesson_of_too_few_patients_is_refused_before_it_begins(prepared):
    manifest = prepared.prepared / "demo" / "manifest.parquet"
    table = pd.read_parquet(manifest)
    table.assign(label=0, cancer=0).to_parquet(manifest, index=False)
    with pytest.raises(DataError, match="Not enough positive patients"):
        LessonJob(store="demo").prepare(prepared)


def test_lesson_job_keeps_its_outcome_apart_from_runs(prepared, monkeypatch):
    made = make_lesson()

    def fake(plan, folder, progress, should_stop):
        (folder / BY_IMAGE).mkdir()
        made.write(folder / SplitLesson.file_name)
        return made

    monkeypatch.setattr(split_lesson, "teach", fake)
    job = LessonJob(store="demo")
    runs = list_runs(prepared)
    assert read_lesson(prepared, "demo") is None
    assert run_in_process(job, prepared).document == made == read_lesson(prepared, "demo")
    folder = JobFolder(job.folder(prepared))
    assert read_spec(folder) == job
    assert list_runs(prepared) == runs
    monkeypatch.setattr(split_lesson, "teach", lambda *_: None)
    assert run_in_process(job, prepared).message == STOPPED  # a repeated lesson begins without the earlier outcome
    assert read_lesson(prepared, "demo") is None
    assert not (folder.path / BY_IMAGE).exists()
