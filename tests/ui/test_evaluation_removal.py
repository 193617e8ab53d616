"""Deleting evaluations on other data, and restoring them."""

import pytest

from builders.app import plain, show_component
from builders.models import write_model
from builders.predictions import predictions
from builders.store_evaluations import make_store_evaluation
from mammo_core.assessment.kept_evaluations import PREDICTIONS, evaluation_folder, kept_evaluations
from mammo_core.documents.store_evaluation import StoreEvaluation
from mammo_core.errors import AccessError
from mammo_core.models.bundle import Bundle
from ui import evaluation_removal
from ui.evaluation_removal import REMOVED, delete
from ui.other_data import show_other_data


@pytest.fixture
def mine(workspace) -> Bundle:
    """A model with evaluations on two stores, neither of which is here any more."""
    bundle = write_model(workspace.models / "mine")
    for store in ("a", "b"):
        folder = evaluation_folder(workspace, bundle.identity, store)
        make_store_evaluation(store).write(folder / StoreEvaluation.file_name)
        predictions(signal=0.02).to_parquet(folder / PREDICTIONS)
    return bundle


def kept(workspace, bundle: Bundle) -> list[str]:
    return list(kept_evaluations(workspace, bundle))


def test_deleted_evaluation_comes_back_by_undo(workspace, mine):
    app = show_component(show_other_data, mine)
    app.button(key="delete evaluation on a").click().run()
    assert kept(workspace, mine) == ["a", "b"]  # a dialog has to be confirmed
    app.button(key="delete evaluation now").click().run()
    assert not app.exception
    assert kept(workspace, mine) == ["b"]
    assert "Deleted the evaluation of mine on a." in [plain(caption.value) for caption in app.caption]
    app.button(key="undo deletion of evaluation").click().run()
    assert not app.exception
    assert kept(workspace, mine) == ["a", "b"]
    assert app.session_state["announcement"] == "Restored the evaluation of mine on a."


def test_last_deleted_evaluation_can_be_restored_where_no_data_are_left(workspace, mine):
    for store in ("a", "b"):
        app = show_component(show_other_data, mine)
        app.button(key=f"delete evaluation on {store}").click().run()
        app.button(key="delete evaluation now").click().run()
    assert app.info[0].value.startswith("No data were imported")
    app.button(key="undo deletion of evaluation").click().run()
    assert kept(workspace, mine) == ["b"]


def test_evaluation_that_is_gone_is_one_sentence(workspace, mine):
    app = show_component(delete, mine, "c")
    assert app.session_state["announcement"] == "There is no evaluation of mine on c."
    assert REMOVED not in app.session_state


def test_deletion_and_undo_are_requested_first(workspace, mine, monkeypatch):
    def reject(action, name):
        raise AccessError(f"Your role doesn't allow this ({action}: {name}).")

    app = show_component(delete, mine, "a")
    removed = app.session_state[REMOVED][1]
    monkeypatch.setattr(evaluation_removal, "request", reject)
    app = show_component(delete, mine, "b")
    assert app.session_state["announcement"] == "Your role doesn't allow this (delete evaluation: mine)."
    app = show_component(evaluation_removal.undo, "mine", removed)
    assert app.session_state["announcement"] == "Your role doesn't allow this (restore evaluation: mine)."
    assert kept(workspace, mine) == ["b"]
