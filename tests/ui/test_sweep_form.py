"""Varied settings of a prepared store: nothing is trained."""

from builders.app import plain, show_component
from mammo_core.dataset.store import open_store
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.jobs import sweep
from mammo_core.jobs.folder import JobFolder
from mammo_core.settings import Settings
from ui import sweep_form, training_plan
from ui.sweep_form import choose_variation, estimate_runs, show_sweep_plan

START = TrainingConfig(store="demo", network="compact", epochs=3)
FOLDS = [START.model_copy(update={"folds": 2, "fold": fold}) for fold in (1, 2)]


def test_choose_variation_without_a_choice_is_the_start():
    assert show_component(choose_variation, START).session_state["result"] == [START]


def test_choose_variation_returns_every_combination_and_fold():
    app = show_component(choose_variation, START)
    app.multiselect(key="varied settings").set_value(["learning_rate", "network"]).run()
    assert app.text_input(key="values of learning_rate").value == "0.001"
    app.text_input(key="values of learning_rate").set_value("0.001, 1e-2")
    app.pills(key="values of network").set_value(["original", "compact"])
    app.selectbox(key="number of folds").set_value(3).run()
    configs = app.session_state["result"]
    assert len(configs) == 12
    assert {(config.learning_rate, config.network, config.fold) for config in configs} == {
        (rate, network, fold) for rate in (0.001, 0.01) for network in ("compact", "original") for fold in (1, 2, 3)
    }
    assert {(config.epochs, config.folds) for config in configs} == {(3, 3)}


def test_other_networks_do_not_start_from_the_model_of_the_quick_start():
    app = show_component(choose_variation, START.model_copy(update={"start_from": "mine"}))
    app.multiselect(key="varied settings").set_value(["network"]).run()
    assert not app.caption
    app.pills(key="values of network").set_value(["original", "compact"]).run()
    starts = {config.network: config.start_from for config in app.session_state["result"]}
    assert starts == {"compact": "mine", "original": None}
    assert [plain(caption.value) for caption in app.caption] == [
        "Runs of other networks than compact start from their own weights, not from mine."
    ]


def test_wrong_value_is_one_sentence_in_the_form_and_nothing_can_be_started(prepared):
    app = show_component(training_plan.plan_run, prepared, open_store(prepared, "demo"))
    app.multiselect(key="varied settings").set_value(["learning_rate"]).run()
    assert [button.key for button in app.button if button.key in ("Train", "start sweep")] == ["Train"]
    app.text_input(key="values of learning_rate").set_value("0.001, high").run()
    assert [plain(error.value) for error in app.error] == [
        "'high' isn't a value of “learning rate”: it should be a valid number."
    ]
    assert not [button for button in app.button if button.key in ("Train", "start sweep")]
    app.text_input(key="values of learning_rate").set_value("0.001, 0.01").run()
    assert app.button(key="start sweep").label == "Start 2 runs"
    assert not [button for button in app.button if button.key == "Train"]


def test_show_sweep_plan_says_the_time_and_starts_one_job(prepared, monkeypatch):
    launched = []
    monkeypatch.setattr(sweep, "launch", lambda job, roots: launched.append(job) or JobFolder(job.folder(roots)))
    app = show_component(show_sweep_plan, prepared, FOLDS)
    assert plain(app.markdown[0].value).startswith("**2 runs**, one after the other, on **demo**.")
    assert "not measured on this machine yet" in app.caption[0].value
    app.button(key="start sweep").click().run()
    assert not app.exception
    assert [job.configs for job in launched] == [tuple(FOLDS)]
    assert app.session_state[sweep_form.STARTED_SWEEP] == launched[0].name


def name_scheduler(monkeypatch, address):
    """Name a scheduler in the settings."""
    for module in (sweep, sweep_form):
        monkeypatch.setattr(module, "settings", lambda: Settings(schedulers=address))


def test_sweep_runs_on_a_cluster_that_the_settings_name(prepared, monkeypatch):
    launched = []
    monkeypatch.setattr(sweep, "launch", lambda job, roots: launched.append(job) or JobFolder(job.folder(roots)))
    name_scheduler(monkeypatch, "tls://a_b:8786")
    app = show_component(show_sweep_plan, prepared, FOLDS)
    assert app.selectbox(key="scheduler of the sweep").value is None
    app.selectbox(key="scheduler of the sweep").set_value("tls://a_b:8786").run()
    assert plain(app.markdown[0].value).startswith("**2 runs**, one for each free worker of the cluster, on **demo**.")
    assert app.caption[0].value.startswith("one after the other: ")
    app.button(key="start sweep").click().run()
    assert not app.exception
    assert [job.scheduler for job in launched] == ["tls://a_b:8786"]


def test_scheduler_that_does_not_answer_is_one_sentence(prepared, monkeypatch):
    name_scheduler(monkeypatch, "ftp://a:8786")
    app = show_component(show_sweep_plan, prepared, FOLDS)
    app.selectbox(key="scheduler of the sweep").set_value("ftp://a:8786").run()
    app.button(key="start sweep").click().run()
    assert [plain(error.value) for error in app.error] == [
        "ftp://a:8786 isn't the address of a Dask scheduler. Give one such as tls://host:8786."
    ]
    assert sweep_form.STARTED_SWEEP not in app.session_state


def test_without_a_named_cluster_nothing_is_chosen(prepared):
    app = show_component(show_sweep_plan, prepared, FOLDS)
    assert not app.selectbox


def test_estimate_runs_is_made_again_only_when_something_changes(prepared, monkeypatch):
    made = []
    estimate = sweep_form.estimate_sweep
    monkeypatch.setattr(sweep_form, "estimate_sweep", lambda *arguments: made.append(1) or estimate(*arguments))
    app = show_component(estimate_runs, prepared, FOLDS)
    app.run()
    assert len(made) == 1
    show_component(estimate_runs, prepared, FOLDS[:1])
    assert len(made) == 2
