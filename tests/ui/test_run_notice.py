"""What the browser is given to notice the end of runs; tests/browser shows what it does with it."""

import json

from streamlit.testing.v1 import AppTest

from builders.app import show_component
from builders.runs import write_training_run
from ui.run_notice import offer_notice


def sent(app: AppTest):
    """The runs that the browser follows."""
    elements = app.get("bidi_component")
    return [run for element in elements for run in json.loads(element.proto.mixed.json or element.proto.json)["runs"]]


def test_run_is_followed_from_while_it_is_active_to_its_end(workspace):
    ended, active = (write_training_run(workspace, name, "running") for name in ("ended", "active"))
    ended.write_state("finished", "")
    with active.lock():
        app = show_component(offer_notice, [ended, active])
        assert sent(app) == [{"name": "active", "state": "running", "ended": False}]
    active.write_state("stopped", "")
    assert sent(app.run()) == [{"name": "active", "state": "stopped", "ended": True}]


def test_runs_that_ended_before_offer_no_notice(workspace):
    assert sent(show_component(offer_notice, [write_training_run(workspace, "ended")])) == []
