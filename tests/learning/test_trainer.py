import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from builders.jobs import SIZE, import_in_process
from builders.marks import draw
from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.store import open_store
from mammo_core.documents.metrics import EpochRecord, StartRecord, StepRecord, read_metrics
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.documents.training_result import TrainingResult
from mammo_core.documents.verification import VERIFICATION, Verification
from mammo_core.errors import DataError
from mammo_core.learning import phase_model
from mammo_core.learning._tensorflow import tf
from mammo_core.learning.callbacks.training_state import STATE
from mammo_core.learning.input_pipeline import training_batches
from mammo_core.learning.plan import resolve
from mammo_core.learning.trainer import MARKS, prepare_run_folder, train
from mammo_core.models import bundle as bundle_module
from mammo_core.models.bundle import CARD, open_bundle
from mammo_core.models.example_maps import read_example_maps
from mammo_core.prediction.decode import decode_image
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.predictor import Predictor
from mammo_core.settings import PROJECT
from mammo_core.storage.json_files import read_json
from mammo_core.workspace import Workspace

pytestmark = pytest.mark.slow


def plan_demo(**settings):
    return resolve(Workspace.from_environment(), TrainingConfig(**{"store": "demo"} | settings))


@pytest.fixture
def run(finished):
    """The folder of the finished run."""
    return finished.models / "trained"


def test_train_writes_intact_verified_model(run):
    bundle = open_bundle(run)
    verification = Verification.read(run / VERIFICATION)
    assert verification.verified
    assert verification.largest_difference <= 1e-6
    assert bundle.synthetic
    assert "meaningless" in bundle.card.limits[0]
    assert 0 <= bundle.threshold <= 1
    assert bundle.evaluation().part == "test"
    assert read_json(run / "state.json")["state"] == "finished"


def test_split_assigns_each_patient_to_one_part(run):
    split = pd.read_parquet(run / "split.parquet")
    assert (split.groupby("patient_id")["part"].nunique() == 1).all()
    assert set(split["part"]) == {"train", "validation", "test"}


def test_metrics_contain_start_steps_and_epochs(run):
    records = read_metrics(run)
    assert isinstance(records[0], StartRecord)
    assert records[0].parts["train"].images > 0
    assert [record.epoch for record in records if isinstance(record, EpochRecord)] == [1, 2]
    last_step = [record for record in records if isinstance(record, StepRecord)][-1]
    assert (last_step.epoch, last_step.step) == (2, last_step.steps)


def test_example_maps_follow_each_epoch_and_probabilities_are_those_of_the_exported_model(run):
    maps = read_example_maps(run)
    assert maps.epochs.tolist() == [1, 2]
    assert maps.has_cams
    bundle = open_bundle(run)
    validation = bundle.predictions().query("part == 'validation'")
    for index, label in enumerate(maps.labels):
        stored = validation.loc[validation["label"] == label, "raw_probability"].to_numpy()
        assert np.abs(stored - maps.probability(bundle.card.best_epoch, index)).min() < 1e-4


def test_logged_validation_auc_equals_auc_of_stored_predictions(run):
    """The best epoch's AUC is that of the stored raw probabilities of the validation part."""
    predictions = open_bundle(run).predictions().query("part == 'validation'")
    best = open_bundle(run).card.best_epoch
    (epoch,) = [record for record in read_metrics(run) if isinstance(record, EpochRecord) and record.epoch == best]
    assert roc_auc_score(predictions["label"], predictions["raw_probability"]) == pytest.approx(epoch.val_auc)


def test_train_stop_before_first_epoch_writes_no_model(prepared, tmp_path):
    result = train(plan_demo(epochs=3, network="original"), tmp_path / "run", should_stop=lambda: True)
    assert result == TrainingResult(
        run="run",
        status="stopped",
        message="Stopped before the first epoch ended; there is no model.",
        epochs=0,
        best_epoch=0,
        seconds=result.seconds,
        verified=False,
    )
    assert not (tmp_path / "run" / CARD).exists()


@pytest.mark.parametrize("network", ["original", "pretrained"])  # TensorFlow's reading, and ours for features
def test_train_damaged_image_is_named(prepared, thin_body, tmp_path, network):
    plan = plan_demo(epochs=1, network=network, batch_size=2)
    row = plan.split[plan.split["part"] == "train"].iloc[3]
    (plan.store.folder / row["png"]).write_bytes(b"no PNG")
    with pytest.raises(
        DataError, match=rf"^The PNG of image {row['image_id']} of the store demo .* one of {SIZE} × {SIZE}\."
    ):
        train(plan, tmp_path / "run")


def test_train_foreign_lesions_are_ignored_and_named_before_the_first_step(
    prepared, verify_in_process, tmp_path, caplog
):
    (prepared.data / "demo" / "lesions.csv").write_bytes(b"Bild;Gr\xf6\xdfe\n1;2\n")
    logged = []
    result = train(plan_demo(epochs=1), tmp_path / "run", lambda _: logged.append(caplog.messages[:]))
    assert (result.status, result.verified) == ("finished", True)
    assert ["lesions.csv of this data set is ignored: it lacks" in text for text in logged[0]] == [True]
    assert open_bundle(tmp_path / "run").evaluation().localisation is None


def test_train_known_lesions_are_read_once_for_the_plan(prepared, verify_in_process, tmp_path):
    plan = plan_demo(epochs=1)
    (prepared.data / "demo" / "lesions.csv").unlink()
    train(plan, tmp_path / "run")
    tested = plan.split.loc[plan.split["part"] == "test", "image_id"]
    localisation = open_bundle(tmp_path / "run").evaluation().localisation
    assert localisation.images == tested.isin(plan.lesions.keys()).sum() > 0


def test_train_counts_marks_in_its_report_and_keeps_those_it_began_with(prepared, verify_in_process, tmp_path):
    (prepared.data / "demo" / "lesions.csv").unlink()
    catalogue, split = read_catalogue(prepared.data / "demo"), plan_demo().split
    tested = split.loc[(split["part"] == "test") & (split["label"] == 1), "image_id"].tolist()
    draw(prepared, catalogue, 1, tested[0])
    draw(prepared, catalogue, 2, tested[0], shape="ellipse")
    train(plan_demo(epochs=1), tmp_path / "run")
    localisation = open_bundle(tmp_path / "run").evaluation().localisation
    assert (localisation.images, localisation.marks) == (1, 2)
    draw(prepared, catalogue, 3, tested[0])
    later = plan_demo(epochs=1)
    assert len(later.marks) == 3
    assert (tmp_path / "run" / STATE).exists()
    assert prepare_run_folder(later, tmp_path / "run").marks == later.marks[:2]  # a run that is resumed
    (tmp_path / "run" / MARKS).unlink()  # a run of an earlier version
    assert prepare_run_folder(later, tmp_path / "run").marks == ()


def test_train_stop_in_first_epoch_has_no_model(prepared, tmp_path):
    reports = []
    result = train(
        plan_demo(epochs=3, network="original"),
        tmp_path / "run",
        reports.append,
        lambda: bool(reports) and reports[-1].epoch == 1,
    )
    assert (result.status, result.epochs, result.best_epoch, result.verified) == ("stopped", 0, 0, False)
    assert result.message == "Stopped before the first epoch ended; there is no model."


def spoil_weights(monkeypatch, first_epoch):
    """Make every image's weight NaN in the epochs after a number of finished ones.

    NaN pixels would do on some processors only.
    """

    def spoiled(images, config, epochs_done=0):
        steps = math.ceil(len(images.indices) / config.batch_size)
        batches = training_batches(images, config, epochs_done).enumerate()
        return batches.map(lambda step, batch: (*batch[:2], tf.where(step >= first_epoch * steps, math.nan, batch[2])))

    monkeypatch.setattr(phase_model, "training_batches", spoiled)


def test_train_nan_loss_ends_as_diverged(prepared, tmp_path, monkeypatch):
    spoil_weights(monkeypatch, first_epoch=0)
    result = train(plan_demo(epochs=3, network="original", augment=False), tmp_path / "run")
    assert (result.status, result.verified) == ("diverged", False)
    assert result.message == "The loss is not a number. Try a smaller learning rate."


def test_train_nan_in_second_epoch_keeps_last_good_model(prepared, exported, tmp_path, monkeypatch):
    spoil_weights(monkeypatch, first_epoch=1)
    result = train(plan_demo(epochs=3, network="original", batch_size=32), tmp_path / "run")
    assert (result.status, result.epochs, result.best_epoch) == ("diverged", 1, 1)
    assert "Kept the model of epoch 1 (best validation AUC, " in result.message
    assert [trained.best_epoch for trained in exported] == [1]
    assert (tmp_path / "run" / "checkpoint.keras").is_file()


def test_train_rectangular_store_predicts_its_files_as_its_images(prepared, verify_in_process):
    import_in_process("demo", "high", size=(96, 64))
    run, store = prepared.models / "high", open_store(prepared, "high")
    assert train(plan_demo(store="high", epochs=1, test_share=0), run).verified
    predictor = Predictor(open_bundle(run))
    stored = predictor.bundle.predictions().iloc[0]
    image = store.manifest().set_index("image_id").loc[stored["image_id"]]
    file = next((prepared.data / "demo").rglob(f"{stored['image_id']}.dcm"))
    decoded = decode_image(file, predictor.bundle.preprocessing, bytes(32))
    prediction = predictor.predict_image(InputFile(file.name, file, "key"), decoded)
    assert np.array_equal(decoded.model_input, store.images([image["png"]])[0])
    assert prediction.probability == pytest.approx(stored["probability"], abs=1e-4)  # batches of 1 and of 9
    rows, columns = decoded.geometry.source_rows, decoded.geometry.source_columns
    heatmap = prediction.heatmap(rows, columns)
    assert heatmap.shape == (rows, columns)
    assert not heatmap[: round(decoded.geometry.top)].any()
    assert evaluate_store(prepared, predictor.bundle, "high").part == "validation"


def test_train_from_start_model_finishes_without_hashing_it_again(finished, verify_in_process, tmp_path, monkeypatch):
    hashed = []
    sha256 = bundle_module.sha256
    monkeypatch.setattr(bundle_module, "sha256", lambda path: hashed.append(path) or sha256(path))
    plan = plan_demo(epochs=1, start_from="trained", learning_rate=1e-5)
    result = train(plan, tmp_path / "run")
    assert (result.status, result.verified) == ("finished", True)
    assert [path.parent.name for path in hashed].count("trained") == len(bundle_module.HASHED_FILES)  # once each


def test_train_on_two_devices_resumes_and_verifies(prepared):
    command = [sys.executable, "-m", "tests.learning.several_devices", str(prepared.models / "two")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "1", "2", "finished", "True"]
