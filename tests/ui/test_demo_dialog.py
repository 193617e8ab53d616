"""The choices of demo data; what the button starts is recorded, not run."""

from pathlib import Path

import pytest

from builders.app import plain, show_component
from mammo_core.jobs.demo import DemoJob
from ui import demo_dialog


@pytest.fixture
def launched(monkeypatch) -> list[DemoJob]:
    """Return the jobs that are started from now on."""
    jobs: list[DemoJob] = []
    monkeypatch.setattr(demo_dialog, "launch", lambda job, workspace: jobs.append(job))
    return jobs


def create(app, name: str):
    app.text_input(key="demo name").input(name).run()
    return app.button(key="create demo now").click().run()


def test_create_starts_a_job_with_the_chosen_settings(workspace, launched):
    app = show_component(demo_dialog.show_choices)
    app.slider(key="demo patients").set_value(10)
    app.slider(key="demo prevalence").set_value(0.25)
    assert not create(app, "small").error
    assert launched == [DemoJob(out=Path("small"), patients=10, prevalence=0.25)]


def test_choices_propose_a_free_name_and_state_an_estimate(workspace):
    (workspace.data / "demo").mkdir(parents=True)
    app = show_component(demo_dialog.show_choices)
    assert app.text_input(key="demo name").value == "demo-2"
    assert "≈ 240 MB on disk" in plain(app.caption[0].value)


@pytest.mark.parametrize(("name", "reason"), [("taken", "There is already a data set 'taken'"), ("a/b", "name")])
def test_create_refuses_a_name_in_use_or_outside_the_data_folder(workspace, launched, name, reason):
    (workspace.data / "taken").mkdir(parents=True)
    app = create(show_component(demo_dialog.show_choices), name)
    assert [reason in plain(error.value) for error in app.error] == [True]
    assert launched == []
