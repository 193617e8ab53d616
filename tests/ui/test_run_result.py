"""The result of a run whose model is small and has no network."""

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from builders.app import PATIENCE, plain, show_component
from builders.links import Link, record_links
from builders.models import write_model
from mammo_core.settings import SHIPPED_MODELS
from ui import run_result


def card(workspace, name):
    from ui.run_result import show_result

    show_result(workspace, name)


@pytest.fixture
def links(monkeypatch) -> list[Link]:
    """Return the links that are shown from now on."""
    return record_links(monkeypatch)


def show(workspace, name) -> AppTest:
    app = AppTest.from_function(card, args=(workspace, name), default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def test_show_result_has_auc_interval_verdict_and_next_steps(workspace, links):
    shutil.copytree(SHIPPED_MODELS / "demo", workspace.models / "good")
    app = show(workspace, "good")
    assert app.metric[0].label == "Test set: AUC by breast"
    assert "95 % interval 0." in plain(app.caption[0].value)
    assert any(text.value.startswith(":green-badge") for text in app.markdown)
    assert links == [
        ("Open report", {"model": "good"}),
        ("Compare with the active model", {"model": ["good", "demo"]}),
        ("Try on an exam", {"model": "good"}),
    ]
    assert app.button(key="activate good")


def test_show_result_of_too_few_patients_is_not_green(workspace, links):
    write_model(workspace.models / "small")
    badges = [text.value for text in show(workspace, "small").markdown if "badge[" in text.value]
    assert badges == [run_result.BADGES["unknown"]]


def test_badges_only_a_better_model_is_green():
    assert [standing for standing, badge in run_result.BADGES.items() if "green" in badge] == ["better"]


def test_show_result_without_a_model_shows_nothing(workspace):
    (workspace.models / "none").mkdir(parents=True)
    assert not show_component(run_result.show_result, workspace, "none").markdown
