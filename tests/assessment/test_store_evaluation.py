import shutil

import pytest

from builders.jobs import import_in_process
from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.errors import ConfigError
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.workspace import Workspace


@pytest.fixture
def bundle(finished) -> Bundle:
    return open_bundle(finished.models / "trained")


def test_evaluate_store_selects_part_and_requires_same_preprocessing_config(finished, bundle):
    import_in_process("demo", "again")
    report = evaluate_store(finished, bundle, "again")
    assert (report.part, report.unit) == ("test", "breast")  # the same patients again
    assert report.n == bundle.evaluation().n
    elsewhere = finished.data / "elsewhere"
    shutil.copytree(finished.data / "demo", elsewhere, ignore=shutil.ignore_patterns("work*", "state*", "progress*"))
    import_in_process("elsewhere")
    assert evaluate_store(finished, bundle, "elsewhere").part == "test"  # by another name they are the same patients
    generate(finished.data / "others", DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192))
    import_in_process("others")
    assert evaluate_store(finished, bundle, "others").part == "all"
    import_in_process("demo", "small", 128)
    with pytest.raises(
        ConfigError, match="expects images of 256 × 256 pixels, and those of the store small have 128 × 128"
    ):
        evaluate_store(finished, bundle, "small")


def test_evaluate_store_own_training_store_uses_only_test_part(bundle):
    report = evaluate_store(Workspace.from_environment(), bundle, "demo")
    assert report.part == "test"
    assert report.n < bundle.predictions().groupby(["patient_id", "laterality"]).ngroups
