import math
import shutil

import pandas as pd
import psutil
import pytest

from builders.doctor import pair, report
from builders.jobs import SIZE
from builders.marks import draw
from builders.stores import copy_store
from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.leave_out import leave_out
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.marks import mark_path
from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError, DataError, MammoError, StoreUnfinished
from mammo_core.learning import plan as plan_module
from mammo_core.learning.plan import (
    DISK_SHARE,
    default_preset,
    feature_bytes,
    input_states,
    preset_config,
    resolve,
    resolve_preset,
    training_phases,
)
from mammo_core.models import bundle as bundle_module
from mammo_core.models.bundle import PREDICTIONS, TRAINING_IMAGES, open_bundle, write_card
from mammo_core.models.provenance import write_provenance
from mammo_core.models.registry import compatible_models
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace


def plan_demo(**settings):
    return resolve(Workspace.from_environment(), TrainingConfig.from_settings({"store": "demo", **settings}))


def test_resolve_missing_store_or_too_small_training_part_raises(prepared):
    with pytest.raises(DataError, match="no prepared store"):
        plan_demo(store="nothing")
    with pytest.raises(ConfigError, match="leave too little"):
        plan_demo(validation_share=0.6, test_share=0.6)


def test_resolve_unfinished_store_raises_store_unfinished(prepared):
    (prepared.data / "prepared" / "demo" / "manifest.parquet").unlink()
    with pytest.raises(StoreUnfinished, match="isn't finished"):
        plan_demo()


def test_describe_counts_match_the_split(prepared):
    plan = plan_demo()
    preview = plan.describe()
    table, split = preview.parts.set_index("part"), plan.split
    assert table["images"].sum() == len(split)
    assert table.loc["train", "patients"] == split.loc[split["part"] == "train", "patient_id"].nunique()
    negative = (split.query("part == 'train'")["label"] == 0).sum()
    assert (
        preview.steps_per_epoch == plan.steps_per_epoch == math.ceil(2 * negative / 16)
    )  # oversampled to equal classes
    assert preview.sentence == (
        f"The compact network on images of {SIZE} × {SIZE} pixels, from random weights: at most 12 epochs of "
        f"{plan.steps_per_epoch} steps, 16 images each; positives are oversampled to 50 %, in training only."
    )
    assert plan_demo(imbalance="none", batch_size=4).steps_per_epoch == math.ceil(table.loc["train", "images"] / 4)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"a;b\nK\xf6ln;2\n",
            "it lacks the columns image_id, kind, malignant, top, left, bottom, right, size_mm.",
        ),
        (b"", "it isn't readable as CSV (EmptyDataError)."),
    ],
)
def test_describe_foreign_lesions_are_named_before_training_starts(prepared, data, reason):
    states = input_states(prepared, "demo", None)
    assert plan_demo().lesions.keys() == read_lesions(prepared.data / "demo").malignant().keys() != set()
    (prepared.data / "demo" / "lesions.csv").write_bytes(data)
    plan = plan_demo()
    assert plan.notes == (f"lesions.csv of this data set is ignored: {reason}",)
    assert plan.describe().sentence.endswith(plan.notes[0])
    assert plan.lesions == {}
    assert input_states(prepared, "demo", None) != states


def test_malignant_marks_on_positive_images_count_as_lesions(prepared):
    states, before = input_states(prepared, "demo", None), plan_demo()
    catalogue = read_catalogue(prepared.data / "demo")
    split = before.split
    unknown = split[(split["label"] == 1) & ~split["image_id"].isin(before.lesions.keys())]["image_id"].tolist()
    known, negative = next(iter(before.lesions)), split.loc[split["label"] == 0, "image_id"].iloc[0]
    for number, image in enumerate([*unknown[:1], known, negative]):
        draw(prepared, catalogue, number, image)
    plan = plan_demo()
    assert input_states(prepared, "demo", None) != states
    assert len(plan.lesions[known]) == len(before.lesions[known]) + 1
    assert plan.lesions.keys() - before.lesions.keys() == set(unknown[:1])
    assert plan.notes[0].startswith(f"{1 + len(unknown[:1])} malignant mark")
    assert plan.notes[0].endswith("1 more doesn't count: its image is not among the positive images here.")
    assert plan.notes[0] in plan.describe().sentence


def test_damaged_file_of_marks_is_named_before_training_starts(prepared):
    path = mark_path(prepared, open_store(prepared, "demo").source())
    path.parent.mkdir()
    path.write_text("no JSON")
    plan = plan_demo()
    assert plan.marks == ()
    assert plan.notes[0].startswith("Readers' marks of this data set are ignored: ")


def test_resolve_store_without_its_source_raises_before_training(prepared):
    (prepared.data / "prepared" / "demo" / "source.json").unlink()
    with pytest.raises(DataError, match=r"source\.json is missing"):
        plan_demo()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"network": "original", "start_from": "trained"}, "trained is a compact network, not original"),
        ({"start_from": "nobody"}, "no model 'nobody'"),
        ({"backbone_weights": "x.h5"}, "for the large network only"),
        ({"network": "pretrained", "backbone_weights": "imagenet"}, "for the large network only"),
        ({"network": "large", "backbone_weights": "x.h5"}, "x.h5, isn't there"),
        ({"folds": 3}, "belong together"),
        ({"folds": 3, "fold": 4}, "Fold 4 of 3"),
    ],
)
def test_resolve_conflicting_settings_raise(finished, settings, reason):
    with pytest.raises(MammoError, match=reason):
        plan_demo(**settings)


def test_resolve_start_model_of_another_size_raises_config_error(finished):
    copy_store(finished, open_store(finished, "demo"), "demo", "high", (128, 64))  # only its configuration is looked at
    reason = (
        rf"^trained expects images of {SIZE} × {SIZE} pixels, and those of the store high have 128 × 64\. "
        rf"Import the data again with --size {SIZE}"
    )
    with pytest.raises(ConfigError, match=reason):
        plan_demo(store="high", start_from="trained")
    with pytest.raises(ConfigError, match=reason):
        evaluate_store(finished, open_bundle(finished.models / "trained"), "high")
    assert "on images of 128 × 64 pixels" in plan_demo(store="high").describe().sentence
    assert "trained" not in compatible_models(finished, open_store(finished, "high").preprocessing)


def test_resolve_batch_exceeds_free_memory_raises_config_error(prepared, monkeypatch):
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=2**29))
    plan_demo(batch_size=262)  # 262 × 64 × 64 pixels of 400 bytes: 0.4 GiB
    with pytest.raises(
        ConfigError, match=r"^Training on 263 images .* about 0\.4 GiB of memory, and 0\.5 GiB are free\."
    ):
        plan_demo(batch_size=263)


def test_resolve_features_exceed_free_disk_space_train_the_head_on_images(finished, monkeypatch):
    plan = plan_demo(network="pretrained", epochs=4)
    train, validation = ((plan.split["part"] == part).sum() for part in ("train", "validation"))
    needed = (2 * train + validation) * (SIZE // 16) ** 2 * 484 * 2
    assert feature_bytes(plan.store, plan.split) == needed
    more = validation * needed // (2 * train + validation)
    assert feature_bytes(plan.store, plan.split, refit=True) == needed + more
    assert (plan.caches_features, plan.notes) == (True, ())
    monkeypatch.setattr(plan_module, "free_bytes", lambda folder: int(needed / DISK_SHARE) - 1)
    plan = plan_demo(network="pretrained", epochs=4)
    assert not plan.caches_features
    sentence = plan.describe().sentence
    assert "the first 2 train its head only; the others fine-tune" in sentence
    assert f"The features of all images take {needed / 1e9:,.1f} GB, and " in sentence
    assert plan_demo(network="compact").caches_features


def test_plan_of_a_head_alone_says_that_all_epochs_train_it(prepared):
    sentence = plan_demo(network="pretrained", epochs=4, fine_tuned_blocks=0).describe().sentence
    assert "all of them train its head only, on features that are computed once; " in sentence


def test_resolve_folds_test_each_patient_exactly_once(prepared):
    tested = []
    for fold in (1, 2, 3):
        split = plan_demo(folds=3, fold=fold).split
        assert set(split["part"]) == {"train", "validation", "test"}
        tested += split.loc[split["part"] == "test", "patient_id"].unique().tolist()
    assert sorted(tested) == sorted(split["patient_id"].unique())


def test_resolve_start_model_trained_on_evaluation_patients_raises_config_error(finished):
    before, after = (plan_demo(seed=seed).split for seed in (0, 1))
    assert plan_demo(start_from="trained").split.equals(before)
    patients = {part: set(table["patient_id"]) for part, table in before.groupby("part")}
    new = {part: set(table["patient_id"]) for part, table in after.groupby("part")}
    leaked = new["test"] & (patients["train"] | patients["validation"]) | new["validation"] & patients["train"]
    reason = rf"trained on {len(leaked)} of the patients .* seed 0, validation share 0\.2"
    with pytest.raises(ConfigError, match=reason):
        plan_demo(start_from="trained", seed=1)


def test_start_model_provenance_is_inherited(finished):
    copy_store(finished, open_store(finished, "demo"), "demo", "again")
    first = open_bundle(finished.models / "trained")
    second = finished.models / "second"
    shutil.copytree(first.folder, second)
    elsewhere = pd.DataFrame({"patient_id": ["1"], "image_id": ["2"], "part": ["train"]})
    write_provenance(second / TRAINING_IMAGES, elsewhere, first)  # trained on other data, from the first
    data = first.card.data.model_copy(update={"dataset": "elsewhere", "store": "elsewhere"})
    card = write_card(second, first.card.model_copy(update={"data": data})).card
    with pytest.raises(
        ConfigError, match=r"second, or a model that it started from, has already been trained on .*Take its"
    ):
        plan_demo(store="again", start_from="second", seed=1)
    assert plan_demo(store="again", start_from="second").start.name == "second"
    assert evaluate_store(finished, open_bundle(second), "again").part == "test"

    known = first.provenance().query("part == 'train'")["patient_id"].iloc[0]
    evaluated = pd.read_parquet(second / PREDICTIONS)  # of the other data, in which another patient has that number
    evaluated.assign(patient_id=known, image_id=evaluated["image_id"] + "0").to_parquet(second / PREDICTIONS)
    write_card(second, card)
    with pytest.raises(ConfigError, match=r"would be evaluated on\. Train without a model to start from\."):
        plan_demo(store="again", start_from="second", seed=1)
    preset = resolve_preset(finished, "again", "second")
    assert (preset.config.start_from, preset.start) == (None, None)
    images = open_store(finished, "again").manifest()
    unseen = images[open_bundle(second).seen_split(images).isna()]["patient_id"].nunique()
    assert evaluate_store(finished, open_bundle(second), "again").patients == unseen


def test_default_preset_starts_from_given_model_if_any():
    assert default_preset("demo", "demo").start_from == "demo"
    assert default_preset("demo").start_from is None


def test_default_preset_takes_larger_batches_of_many_images():
    assert [default_preset("demo", images=images).batch_size for images in (999, 1000)] == [16, 64]


def test_default_preset_trains_the_head_of_a_pretrained_network_only():
    assert [phase.name for phase in training_phases(default_preset("demo"))] == ["head"]
    assert default_preset("demo", "mine", "compact").network == "compact"


def test_preset_config_uses_the_split_of_its_start_model(finished):
    run = finished.models / "trained"
    card = open_bundle(run).card
    config = card.config.model_copy(update={"seed": 7, "test_share": 0.3})
    write_card(run, card.model_copy(update={"config": config}))
    store = open_store(finished, "demo")
    own, plain = (preset_config(store, start, store.manifest()) for start in (open_bundle(run), None))
    assert (own.seed, own.test_share, own.start_from) == (7, 0.3, "trained")
    assert (plain.seed, plain.test_share, plain.start_from) == (0, 0.2, None)
    shipped = open_bundle(SHIPPED_MODELS / "demo")
    assert preset_config(store, shipped, store.manifest()).seed == 0  # it was trained on other phantoms


def test_resolve_reads_the_manifest_once(finished, monkeypatch):
    reads = []
    manifest = Store.manifest
    monkeypatch.setattr(Store, "manifest", lambda store: reads.append(store.name) or manifest(store))
    plan_demo()
    assert reads == ["demo"]
    resolve_preset(finished, "demo", "trained")
    assert reads == ["demo"] * 2


def test_resolve_hashes_a_start_model_once_until_its_files_change(finished, monkeypatch):
    hashed = []
    sha256 = bundle_module.sha256
    monkeypatch.setattr(bundle_module, "sha256", lambda path: hashed.append(path.name) or sha256(path))
    states = input_states(finished, "demo", "trained")
    resolve_preset(finished, "demo", "trained")
    plan_demo(start_from="trained")
    assert hashed.count("model.keras") == 1
    with (finished.models / "trained" / "model.keras").open("ab") as stream:
        stream.write(b"x")
    assert input_states(finished, "demo", "trained") != states
    with pytest.raises(MammoError, match=r"model\.keras was changed"):
        plan_demo(start_from="trained")


@pytest.mark.parametrize(
    ("settings", "phases"),
    [
        ({"network": "compact", "epochs": 3}, [("training", 3, 1e-3)]),
        ({"epochs": 9}, [("head", 4, 1e-3), ("fine_tuning", 5, 1e-4)]),
        ({"epochs": 9, "head_epochs": 7}, [("head", 7, 1e-3), ("fine_tuning", 2, 1e-4)]),
        ({"epochs": 2, "head_epochs": 7}, [("head", 2, 1e-3)]),
        ({"epochs": 9, "head_epochs": 0}, [("fine_tuning", 9, 1e-4)]),
        ({"epochs": 9, "fine_tuned_blocks": 0}, [("head", 9, 1e-3)]),
    ],
)
def test_training_phases_divide_the_epochs(settings, phases):
    config = TrainingConfig(**{"store": "x", "network": "pretrained"} | settings)
    assert [(phase.name, phase.epochs, phase.learning_rate) for phase in training_phases(config)] == phases


def test_resolve_leaves_out_what_the_list_says_and_tells_so(prepared):
    store = open_store(prepared, "demo")
    image = str(plan_demo().split.loc[0, "image_id"])
    before = input_states(prepared, "demo", None)
    leave_out(store.data_root, store.source(), {image: "blank"})
    plan = plan_demo()
    assert image not in set(plan.split["image_id"])
    assert "1 image is left out, by the data set's list." in plan.describe().sentence
    assert input_states(prepared, "demo", None) != before


@pytest.mark.parametrize("settings", [{}, {"folds": 2, "fold": 1}], ids=["parts", "folds"])
def test_no_split_parts_patients_who_share_an_exposure(prepared, settings):
    store = open_store(prepared, "demo")
    parts = plan_demo(**settings).split.groupby("patient_id")["part"].first()
    first, second = parts.index[parts == "train"][0], parts.index[parts == "test"][0]
    shared = pair(patient_a=first, patient_b=second)
    report("demo").model_copy(update={"duplicates": (shared,)}).write(store.folder / DoctorReport.file_name)
    joined = plan_demo(**settings)
    parts = joined.split.groupby("patient_id")["part"].first()
    assert parts[first] == parts[second]
    assert "1 patient shares an image with another one" in joined.describe().sentence
