from builders.models import write_model
from mammo_core.assessment.checklist import Step, checklist
from mammo_core.dataset.library import link_dataset
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.job import RunSummary


def summary(workspace, name: str, state: str, active: bool = False) -> RunSummary:
    auc = Estimate(value=0.75, low=0.5, high=1.0)
    folder = str(workspace.models / name)
    return RunSummary(run=name, state=state, message="", epochs=1, auc=auc, active=active, folder=folder)


def test_checklist_without_anything_advises_each_step(workspace):
    steps = checklist(workspace, [])
    assert [(step.page, step.title, step.done) for step in steps] == [
        ("data", "Add data", False),
        ("data", "Import", False),
        ("train", "Train", False),
        ("models", "Evaluate", False),
        ("models", "Activate", False),
    ]
    assert steps[0].state == "Link a folder in the RSNA layout, or create demo data."


def test_checklist_counts_models_of_the_data_and_not_the_shipped_one(workspace, phantoms):
    link_dataset(workspace, "demo", phantoms)  # the name of what the built model was trained on
    write_model(workspace.models / "mine")
    *_, trained, evaluated, activated = checklist(workspace, [summary(workspace, "mine", "shipped", active=True)])
    assert [trained.done, evaluated.done, activated.done] == [False] * 3
    *_, trained, evaluated, activated = checklist(workspace, [summary(workspace, "mine", "finished", active=True)])
    assert trained == Step("train", "Train", "mine", True)
    assert evaluated.state.startswith("mine: AUC 0.750 (0.500")
    assert activated == Step("models", "Activate", "mine", True)


def test_checklist_names_three_of_many_data_sets(workspace, phantoms):
    for name in "abcde":
        link_dataset(workspace, name, phantoms)
    assert checklist(workspace, [])[0] == Step("data", "Add data", "a, b, c, 2 more", True)


def test_checklist_prepared_store_is_that_of_its_data_set(imported):
    steps = checklist(imported, [])
    assert [(step.title, step.state) for step in steps if step.done] == [("Add data", "demo"), ("Import", "demo")]
