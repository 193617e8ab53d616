"""Presets detect cancer in patients whom they have never seen, and nothing where the labels are shuffled."""

import keras
import numpy as np
import pandas as pd
import pytest

from builders.jobs import import_in_process, train_in_process
from builders.networks import predict_eagerly
from builders.workspaces import use_folder
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.evaluation.baselines import STATISTICS, image_statistics
from mammo_core.evaluation.report import evaluate
from mammo_core.learning.activation_map import class_activation_map, logit_bias, with_cam_outputs
from mammo_core.learning.callbacks.validation import predict
from mammo_core.learning.networks import build, load
from mammo_core.learning.plan import default_preset, resolve
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.settings import SHIPPED_MODELS, settings
from mammo_core.workspace import Workspace

pytestmark = pytest.mark.slow
FRESH = "fresh"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Data sets of 24 patients to train on and of 50 others to evaluate on."""
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        use_folder(patch, folder)
        for name, patients, seed in (("demo", 24, 0), (FRESH, 50, 77)):
            spec = DemoSpec(patients=patients, seed=seed, prevalence=0.5, rows=512, columns=384)
            generate(folder / "data" / name, spec, workers=1)
        yield folder / "data"
    settings.cache_clear()


@pytest.fixture
def stores(data):
    """Prepared stores of both data sets, of the size that the shipped model expects."""
    for name in ("demo", FRESH):
        import_in_process(name, size=256)


@pytest.fixture
def shuffled_stores(data):
    """Prepared stores of both data sets, small and with shuffled labels."""
    for name in ("demo", FRESH):
        import_in_process(name, f"{name}-shuffled")
        shuffle_labels(data / "prepared" / f"{name}-shuffled" / MANIFEST)


def shuffle_labels(path):
    """Permute the labels of the breasts in a manifest."""
    manifest = pd.read_parquet(path)
    breast = manifest["patient_id"] + manifest["laterality"]
    labels = manifest.groupby(breast)["label"].max()
    shuffled = pd.Series(np.random.default_rng(0).permutation(labels.to_numpy()), index=labels.index)
    manifest["label"] = breast.map(shuffled).to_numpy()
    manifest.to_parquet(path, index=False)


def auc_on_new_patients(config, fresh):
    """Train by a preset; return AUC on a store of new patients, and of baselines fitted on its training part."""
    run = f"run-{config.store}"
    assert train_in_process(run, **config.model_dump()).document.verified
    workspace = Workspace.from_environment()
    plan = resolve(workspace, config)
    training = plan.split[plan.split["part"] == "train"].reset_index(drop=True)
    statistics = image_statistics(plan.store.images(training["png"].to_list()))
    store = open_store(workspace, fresh)
    manifest = store.manifest()
    images = store.images(manifest["png"].to_list())
    probability = predict(load(open_bundle(workspace.models / run).network_file), images)
    predictions = pd.concat([manifest, image_statistics(images)], axis=1).assign(
        label=manifest["label"].astype(int), probability=probability, raw_probability=probability
    )
    columns = ["label", "age", *STATISTICS]
    report = evaluate(predictions, operating_point=0.5, training=pd.concat([training, statistics], axis=1)[columns])
    return report.auc, [report.baselines.age_only.auc, report.baselines.image_statistics.auc]


def test_preset_from_shipped_model_beats_age_and_image_statistics(stores, verify_in_process):
    network = open_bundle(SHIPPED_MODELS / DEMO).card.network
    config = default_preset("demo", DEMO, network).model_copy(update={"epochs": 4})
    auc, baselines = auc_on_new_patients(config, FRESH)
    assert auc.low > max(baseline.high for baseline in baselines)


def test_preset_on_shuffled_labels_does_not_beat_baselines(shuffled_stores, verify_in_process):
    config = default_preset("demo-shuffled", network="compact").model_copy(update={"epochs": 2})
    auc, baselines = auc_on_new_patients(config, f"{FRESH}-shuffled")
    assert auc.low < 0.5
    assert auc.low < min(baseline.high for baseline in baselines)


def test_large_network_has_exact_cam_and_loads_local_backbone_weights(tmp_path):
    keras.utils.set_random_seed(0)
    model = build("large", 64)
    backbone = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    path = tmp_path / "backbone.weights.h5"
    backbone.save_weights(path)
    tensor = np.random.default_rng(0).random((2, 64, 64, 1), dtype=np.float32)
    probabilities, features = predict_eagerly(with_cam_outputs(model), tensor)
    logits = class_activation_map(model, features).sum(axis=(1, 2)) + logit_bias(model)
    assert np.allclose(logits, np.log(probabilities[:, 1] / probabilities[:, 0]), atol=1e-4)

    keras.utils.set_random_seed(1)
    again = build("large", 64, str(path))
    loaded = next(layer for layer in again.layers if isinstance(layer, keras.Model))
    for expected, weights in zip(backbone.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(expected, weights)
