"""Evaluations on other data, with the real core; no network is run."""

import pytest
from streamlit.testing.v1 import AppTest

from builders.app import figures, plain, show_component
from builders.models import write_model
from builders.predictions import predictions
from builders.store_evaluations import make_store_evaluation
from mammo_core.assessment.kept_evaluations import PREDICTIONS, KeptEvaluation, evaluation_folder
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import Localisation
from mammo_core.documents.store_evaluation import StoreEvaluation
from mammo_core.errors import JobError
from mammo_core.evaluation.elsewhere_tables import HOME, describe_shift
from mammo_core.jobs.evaluation import evaluation_job
from mammo_core.jobs.folder import JobFolder
from mammo_core.models.bundle import Bundle
from ui import other_data
from ui.other_data import show_evaluations, show_kept, show_other_data


@pytest.fixture
def mine(prepared) -> Bundle:
    """A model that fits the store "demo"."""
    return write_model(prepared.models / "mine")


@pytest.fixture
def launched(monkeypatch):
    """The jobs that are launched from now on."""
    jobs = []
    monkeypatch.setattr(other_data, "launch", lambda job, workspace: jobs.append(job))
    return jobs


def keep(workspace, bundle, store="elsewhere", **changes) -> StoreEvaluation:
    """Write an evaluation as an earlier one left it."""
    evaluation = make_store_evaluation(store, **changes)
    folder = evaluation_folder(workspace, bundle.identity, store)
    evaluation.write(folder / StoreEvaluation.file_name)
    predictions(signal=0.02).to_parquet(folder / PREDICTIONS)
    return evaluation


def texts(app: AppTest) -> str:
    return "\n".join(plain(element.value) for element in (*app.markdown, *app.info, *app.caption))


def test_no_fitting_store_leads_to_the_data_page(workspace):
    app = show_component(show_other_data, write_model(workspace.models / "mine"))
    assert app.info[0].value.startswith("No data were imported in the size that this model expects.")


def test_store_that_was_not_evaluated_can_be(prepared, mine, launched):
    app = show_component(show_other_data, mine)
    assert not app.exception
    assert "**demo** · not evaluated yet" in texts(app)
    app.button(key="evaluate on demo").click().run()
    assert launched == [evaluation_job(mine, "demo")]


def test_evaluation_that_cannot_start_says_why(prepared, mine, monkeypatch):
    def fail(job, workspace):
        raise JobError("The disk is full.")

    monkeypatch.setattr(other_data, "launch", fail)
    app = show_component(show_other_data, mine)
    app.button(key="evaluate on demo").click().run()
    assert [plain(error.value) for error in app.error] == ["The disk is full."]


def test_kept_evaluation_is_shown_at_once_and_marked_as_outdated(prepared, mine):
    evaluation = keep(prepared, mine)
    app = show_component(show_other_data, mine)
    assert not app.exception
    assert "**elsewhere** · evaluated 2026-01-02 03:04 UTC" in texts(app)
    assert ":orange-badge[out of date] It can't be made again" in texts(app)
    assert "There is no prepared store 'elsewhere'" in texts(app)
    assert describe_shift(evaluation) in texts(app)
    assert "They look like <those>." in texts(app)
    figures_of_all, shifts = (table.value for table in app.dataframe)
    assert figures_of_all["data"].tolist() == [HOME, "elsewhere"]
    assert shifts["data"].tolist() == ["elsewhere"]
    assert [trace["name"] for trace in figures(app)[0]["data"]][-2:] == ["elsewhere", "chance"]


def test_several_evaluations_are_side_by_side_and_one_without_shift_has_no_row(prepared, mine):
    keep(prepared, mine, "a")
    keep(prepared, mine, "b", shift=(), drift=None)
    app = show_component(show_other_data, mine)
    assert not app.exception
    assert app.dataframe[0].value["data"].tolist() == [HOME, "a", "b"]
    assert app.dataframe[1].value["data"].tolist() == ["a"]
    assert "These data hold patients of the model's own report" in texts(app)


def test_pointing_game_names_its_marks_and_those_that_dont_count(prepared, mine):
    located = Localisation(
        images=3,
        patients=2,
        hit_rate=Estimate(value=2 / 3, low=None, high=None),
        chance=0.1,
        outside=0.02,
        outside_chance=0.5,
        marks=4,
    )
    report = make_store_evaluation().report.model_copy(update={"localisation": located})
    keep(prepared, mine, report=report, notes=("1 more doesn't count: <why>.",))
    app = show_component(show_other_data, mine)
    assert not app.exception
    assert next((metric.label, metric.value) for metric in app.metric) == ("Heatmap peak on a lesion", "67%")
    assert "Readers' marks among these lesions: 4." in texts(app)
    assert "1 more doesn't count: <why>." in texts(app)


def test_new_lesions_mark_an_evaluation_as_outdated(prepared, mine):
    kept = KeptEvaluation(make_store_evaluation(), "", "Its lesions are known otherwise now.")
    app = show_component(show_kept, "elsewhere", kept, None)
    assert ":orange-badge[out of date] Its lesions are known otherwise now." in texts(app)


def test_running_evaluation_shows_its_progress_and_can_be_stopped(prepared, mine, monkeypatch):
    monkeypatch.setattr(JobFolder, "state", lambda job: "running")
    job = evaluation_job(mine, "demo")
    folder = JobFolder(job.folder(prepared))
    folder.path.mkdir(parents=True)
    job.write(folder.path / "work.json")
    app = show_component(show_other_data, mine)
    assert not app.exception
    assert [button.label for button in app.button] == ["Stop"]
    app.button[0].click().run()
    assert folder.stop_requested()


def test_show_kept_of_a_failed_job_says_why(prepared, mine):
    job = evaluation_job(mine, "demo")
    folder = JobFolder(job.folder(prepared))
    folder.write_request(job)
    folder.write_state("failed", "It *broke*.")
    app = show_component(show_kept, "demo", None, folder)
    assert "**demo** · not evaluated yet" in texts(app)
    assert "failed" in texts(app)
    assert "It *broke*." in texts(app)


def test_show_evaluations_with_missing_predictions_is_one_sentence(prepared, mine):
    keep(prepared, mine)
    (evaluation_folder(prepared, mine.identity, "elsewhere") / PREDICTIONS).unlink()
    kept = other_data.kept_evaluations(prepared, mine)
    app = show_component(show_evaluations, mine, kept)
    assert not app.exception
    assert "isn't readable" in plain(app.error[0].value)
