"""The preset detects cancer in patients that it has never seen, and nothing where the labels are shuffled."""

import shutil

import keras
import numpy as np
import pandas as pd
import pytest

from builders.jobs import import_in_process, train_in_process
from builders.workspaces import use_folder
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.evaluation.baselines import STATISTICS, image_statistics
from mammo_core.evaluation.report import evaluate
from mammo_core.learning.callbacks.validation import predict
from mammo_core.learning.networks import build, class_activation_map, load, logit_bias, with_cam_outputs
from mammo_core.learning.plan import default_preset, resolve
from mammo_core.models.bundle import open_bundle
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.settings import SHIPPED_MODELS, settings
from mammo_core.workspace import Workspace

pytestmark = pytest.mark.slow
FRESH = "fresh"


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Stores of 40 patients to train on and of 50 others to evaluate on, each also with shuffled labels."""
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        use_folder(patch, folder)
        for name, spec in {
            "demo": DemoSpec(patients=40, seed=0, rows=512, columns=384),
            FRESH: DemoSpec(patients=50, seed=77, prevalence=0.5, rows=512, columns=384),
        }.items():
            generate(folder / "data" / name, spec, workers=1)
            import_in_process(name, size=256)  # what the shipped model expects
            path = folder / "data" / "prepared" / name
            shutil.copytree(path, path.with_name(f"{name}-shuffled"))
            shuffle_labels(path.with_name(f"{name}-shuffled") / MANIFEST)
        yield
    settings.cache_clear()


def shuffle_labels(path):
    """Permute the labels of the breasts in a manifest."""
    manifest = pd.read_parquet(path)
    breast = manifest["patient_id"] + manifest["laterality"]
    labels = manifest.groupby(breast)["label"].max()
    shuffled = pd.Series(np.random.default_rng(0).permutation(labels.to_numpy()), index=labels.index)
    manifest["label"] = breast.map(shuffled).to_numpy()
    manifest.to_parquet(path, index=False)


def evaluate_unit(suffix, **changes):
    """Train the one-click preset; return AUC on the fresh patients, and of baselines fitted on its training part."""
    network = open_bundle(SHIPPED_MODELS / "demo").card.network
    config = default_preset(f"demo{suffix}", "demo", network).model_copy(update=changes)
    outcome = train_in_process(f"run{suffix}", **config.model_dump())
    assert outcome.document.verified
    path = settings().models / f"run{suffix}"
    plan = resolve(Workspace.from_environment(), config)
    table = plan.split
    training = table[table["part"] == "train"].reset_index(drop=True)
    statistics = image_statistics(plan.store.images(training["png"].to_list()))
    store = open_store(Workspace.from_environment(), f"{FRESH}{suffix}")
    fresh = store.manifest()
    images = store.images(fresh["png"].to_list())
    probability = predict(load(open_bundle(path).network_file), images)
    predictions = pd.concat([fresh, image_statistics(images)], axis=1).assign(
        label=fresh["label"].astype(int), probability=probability, raw_probability=probability
    )
    columns = ["label", "age", *STATISTICS]
    report = evaluate(predictions, operating_point=0.5, training=pd.concat([training, statistics], axis=1)[columns])
    return report.auc, [report.baselines.age_only.auc, report.baselines.image_statistics.auc]


def test_preset_beats_age_and_image_statistics_on_new_patients(stores, verify_in_process):
    auc, baselines = evaluate_unit("")
    assert auc.low > max(baseline.high for baseline in baselines)


def test_preset_shuffled_labels_does_not_beat_baselines(stores, verify_in_process):
    auc, baselines = evaluate_unit("-shuffled", epochs=2)
    assert auc.low < 0.5
    assert auc.low < min(baseline.high for baseline in baselines)


def test_large_network_has_exact_cam_and_loads_local_backbone_weights(tmp_path):
    keras.utils.set_random_seed(0)
    model = build("large", 64)
    backbone = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    path = tmp_path / "backbone.weights.h5"
    backbone.save_weights(path)
    tensor = np.random.default_rng(0).random((2, 64, 64, 1), dtype=np.float32)
    probabilities, features = (np.asarray(part) for part in with_cam_outputs(model).predict_on_batch(tensor))
    logits = class_activation_map(model, features).sum(axis=(1, 2)) + logit_bias(model)
    assert np.allclose(logits, np.log(probabilities[:, 1] / probabilities[:, 0]), atol=1e-4)

    keras.utils.set_random_seed(1)
    again = build("large", 64, str(path))
    loaded = next(layer for layer in again.layers if isinstance(layer, keras.Model))
    for expected, weights in zip(backbone.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(expected, weights)
