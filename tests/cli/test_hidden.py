import pytest

from mammo_core.assessment import example_exams
from mammo_core.cli import hidden
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec


def test_bootstrap_makes_the_demo_data_only_where_there_are_none(workspace, monkeypatch):
    made = []

    def demo():
        made.append("demo")
        generate(workspace.data / "demo", DemoSpec(patients=4, rows=256, columns=192), workers=1)

    monkeypatch.setattr(hidden, "demo", demo)
    monkeypatch.setattr(hidden, "import_", lambda name: made.append(f"import {name}"))
    monkeypatch.setattr(example_exams, "make_example_exams", lambda *_: made.append("examples"))
    hidden.bootstrap()
    assert made == ["demo", "import demo", "examples"]
    hidden.bootstrap()
    assert made == ["demo", "import demo", "examples"]


def test_job_runs_what_its_folder_says(workspace):
    folder = JobFolder(workspace.data / "small")
    folder.write_request(DemoJob(out=folder.path, patients=4, rows=256, columns=192))
    hidden.job(folder.path)
    assert folder.state() == "finished"


def test_job_with_a_defect_ends_with_status_1_and_says_where(workspace, monkeypatch, capsys):
    name = " ".join(["Jane", "Doe"])

    def fail(job, context):
        raise ValueError(name)

    monkeypatch.setattr(DemoJob, "run", fail)
    folder = JobFolder(workspace.data / "small")
    folder.write_request(DemoJob(out=folder.path, patients=4))
    with pytest.raises(SystemExit) as end:
        hidden.job(folder.path)
    error = capsys.readouterr().err
    assert (end.value.code, folder.state()) == (1, "failed")
    assert "in fail" in error
    assert name not in error
