import pandas as pd
import pytest

from builders.doctor import pair, report
from builders.jobs import import_in_process
from builders.models import write_model
from builders.store_evaluations import make_store_evaluation
from mammo_core.assessment.kept_evaluations import (
    evaluation_folder,
    kept_evaluations,
    kept_predictions,
    make_evaluation,
)
from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.documents.doctor_report import DoctorReport, ModelOverlap
from mammo_core.documents.store_evaluation import StoreEvaluation
from mammo_core.errors import DataError, InvalidName
from mammo_core.evaluation.drift import INPUT_STATISTICS
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.models.registry import choose_operating_point, rename_model
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec


@pytest.fixture
def bundle(finished) -> Bundle:
    """A model, beside a store "others" with other patients."""
    generate(finished.data / "others", DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192), workers=1)
    import_in_process("others")
    return open_bundle(finished.models / "trained")


def test_make_evaluation_reports_like_evaluate_store_and_is_kept(finished, bundle, loads):
    seen = []
    evaluation = make_evaluation(finished, bundle, "others", seen.append)
    assert evaluation.report == evaluate_store(finished, bundle, "others")
    assert [kept.evaluation for kept in kept_evaluations(finished, bundle).values()] == [evaluation]
    assert kept_evaluations(finished, bundle)["others"].outdated == ""
    table = kept_predictions(finished, bundle, "others")
    assert len(to_unit(table, "breast")) == evaluation.report.n
    assert (evaluation.drift.images, len(evaluation.drift.statistics)) == (len(table), len(INPUT_STATISTICS))
    assert {shift.measure for shift in evaluation.shift} == {"recall_rate", "sensitivity", "specificity", "ppv"}
    assert seen[0].phase == "Loading TensorFlow"
    assert max(progress.done for progress in seen) == len(table)


def test_make_evaluation_again_predicts_only_if_images_changed(finished, bundle, loads):
    first = make_evaluation(finished, bundle, "others")
    moved = choose_operating_point(finished, "trained", 0.9, "by hand")
    assert "threshold was" in kept_evaluations(finished, moved)["others"].outdated
    second = make_evaluation(finished, moved, "others")
    assert loads == ["trained"]
    assert second.report.operating_point.threshold == 0.9
    assert second.report.auc == first.report.auc
    manifest = finished.prepared / "others" / MANIFEST
    pd.read_parquet(manifest).assign(age=50.0).to_parquet(manifest)
    assert kept_evaluations(finished, moved)["others"].outdated.startswith("The store has been imported again since")
    make_evaluation(finished, moved, "others")
    assert loads == ["trained", "trained"]
    assert kept_evaluations(finished, moved)["others"].outdated == ""


def test_evaluation_is_outdated_once_a_check_tells_more_of_the_training(finished, bundle, loads):
    make_evaluation(finished, bundle, "others")
    store = open_store(finished, "others")
    report("others").write(store.folder / DoctorReport.file_name)
    assert kept_evaluations(finished, bundle)["others"].outdated == ""
    copy = pair(patient_a=str(store.manifest()["patient_id"].iloc[0]), relation="training data", model="trained")
    known = ModelOverlap(model="trained", identity=bundle.identity, named=0, copies=1)
    checked = report("others").model_copy(update={"duplicates": (copy,), "models": (known,)})
    checked.write(store.folder / DoctorReport.file_name)
    assert "tells more of what the model was trained on" in kept_evaluations(finished, bundle)["others"].outdated


def test_make_evaluation_is_stopped_between_batches_and_keeps_nothing(finished, bundle, loads):
    assert make_evaluation(finished, bundle, "others", should_stop=lambda: True) is None
    assert kept_evaluations(finished, bundle) == {}


def test_evaluation_of_the_own_store_has_neither_shift_nor_drift(finished, bundle):
    evaluation = make_evaluation(finished, bundle, "demo")
    assert evaluation.report.part == "test"
    assert (evaluation.shift, evaluation.drift) == ((), None)


def test_evaluations_survive_a_new_name_of_the_model(finished, bundle, loads):
    make_evaluation(finished, bundle, "others")
    rename_model(finished, "trained", "better")
    assert set(kept_evaluations(finished, open_bundle(finished.models / "better"))) == {"others"}


def test_damaged_evaluation_is_left_out_and_a_missing_store_named(workspace):
    bundle = write_model(workspace.models / "mine")
    folder = evaluation_folder(workspace, bundle.identity, "gone")
    make_store_evaluation("gone").write(folder / StoreEvaluation.file_name)
    damaged = evaluation_folder(workspace, bundle.identity, "damaged") / StoreEvaluation.file_name
    damaged.parent.mkdir()
    damaged.write_text("{}")
    kept = kept_evaluations(workspace, bundle)
    assert set(kept) == {"gone"}
    assert kept["gone"].outdated.startswith("It can't be made again: There is no prepared store 'gone'")
    with pytest.raises(DataError):
        kept_predictions(workspace, bundle, "gone")


def test_evaluation_folder_never_leads_out(workspace):
    with pytest.raises(InvalidName):
        evaluation_folder(workspace, "0" * 64, "../x")
