import shutil

import pytest

from builders.doctor import pair, report
from builders.jobs import import_in_process
from builders.stores import copy_store
from mammo_core.assessment import store_evaluation
from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.dataset.leave_out import leave_out
from mammo_core.dataset.store import CONFIG_FILE, open_store
from mammo_core.documents.doctor_report import DoctorReport, ModelOverlap
from mammo_core.errors import ConfigError
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.prediction.predictor import Predictor
from mammo_core.workspace import Workspace


@pytest.fixture
def bundle(finished) -> Bundle:
    return open_bundle(finished.models / "trained")


def test_evaluate_store_selects_part_and_requires_same_preprocessing_config(finished, bundle, monkeypatch):
    predictor = Predictor(bundle)
    monkeypatch.setattr(store_evaluation, "Predictor", lambda _: predictor)  # loaded once
    store = open_store(finished, "demo")
    copy_store(finished, store, "demo", "again")
    report = evaluate_store(finished, bundle, "again")
    assert (report.part, report.unit) == ("test", "breast")  # the same patients again
    assert report.n == bundle.evaluation().n
    elsewhere = finished.data / "elsewhere"
    shutil.copytree(finished.data / "demo", elsewhere, ignore=shutil.ignore_patterns("work*", "state*", "progress*"))
    copy_store(finished, store, "elsewhere", "elsewhere")
    assert evaluate_store(finished, bundle, "elsewhere").part == "test"  # by another name they are the same patients
    spec = DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192)
    generate(finished.data / "others", spec, workers=1)
    import_in_process("others")
    assert evaluate_store(finished, bundle, "others").part == "all"
    bundle.preprocessing.model_copy(update={"floor": 0.1}).write(finished.prepared / "again" / CONFIG_FILE)
    with pytest.raises(ConfigError, match="prepared in another way"):
        evaluate_store(finished, bundle, "again")


def test_evaluate_store_own_training_store_uses_only_test_part(bundle):
    report = evaluate_store(Workspace.from_environment(), bundle, "demo")
    assert report.part == "test"
    assert report.n < bundle.predictions().groupby(["patient_id", "laterality"]).ngroups


def test_evaluate_store_leaves_out_what_the_list_says(finished, bundle):
    spec = DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192)
    generate(finished.data / "others", spec, workers=1)
    import_in_process("others")
    store = open_store(finished, "others")
    before = evaluate_store(finished, bundle, "others").n
    breast = store.manifest().groupby(["patient_id", "laterality"])["image_id"].apply(list).iloc[0]
    leave_out(store.data_root, store.source(), dict.fromkeys(map(str, breast), "blank"))
    assert evaluate_store(finished, bundle, "others").n == before - 1


def test_evaluate_store_leaves_out_patients_whose_exposure_the_model_has_seen(finished, bundle):
    spec = DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192)
    generate(finished.data / "others", spec, workers=1)
    import_in_process("others")
    store = open_store(finished, "others")
    before = evaluate_store(finished, bundle, "others")
    first = store.manifest().iloc[0]
    copy = pair(str(first["image_id"]), patient_a=str(first["patient_id"]), relation="training data", model="its name")
    known = ModelOverlap(model="its name", identity=bundle.identity, named=0, copies=1)
    checked = report("others").model_copy(update={"duplicates": (copy,), "models": (known,)})
    checked.write(store.folder / DoctorReport.file_name)
    after = evaluate_store(finished, bundle, "others")
    assert (before.part, after.part) == ("all", "test")
    assert after.n == before.n - 2  # both breasts
    other = checked.model_copy(update={"models": (known.model_copy(update={"identity": "of another model"}),)})
    other.write(store.folder / DoctorReport.file_name)
    assert evaluate_store(finished, bundle, "others").n == before.n
