import shutil

import numpy as np
import pytest

from builders.doctor import darker, open_network, plant
from builders.stores import copy_store
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.doctor.diagnosis import diagnose
from mammo_core.doctor.training_overlap import training_data
from mammo_core.documents.progress import ignore_progress, never_stop
from mammo_core.models.bundle import CARD, IMAGE_KEY, open_bundle
from mammo_core.models.registry import model_folder


@pytest.fixture
def bundle(finished):
    return open_bundle(model_folder(finished, "trained"))


@pytest.fixture
def store(finished):
    return open_store(finished, "demo")


@pytest.fixture
def renamed(finished, store):
    """The same images in another store, as those of other patients."""
    copy_store(finished, store, "demo", "other")
    other = open_store(finished, "other")
    table = other.manifest()
    table["patient_id"] = "x" + table["patient_id"].astype(str)
    table.to_parquet(other.folder / MANIFEST, index=False)
    return other


def check(workspace, store, bundle, should_stop=never_stop):
    models = [training_data(workspace, bundle)]
    return diagnose(store, (), models, open_network, ignore_progress, should_stop)


def seen_images(bundle, part):
    table = bundle.provenance()
    return set(table.loc[table["part"] == part, "image_id"])


def test_images_under_another_name_are_known_by_their_exposure(finished, bundle, renamed):
    report = check(finished, renamed, bundle)
    pairs = [pair for pair in report.duplicates if pair.relation == "training data"]
    assert {pair.image_a for pair in pairs} == set(bundle.provenance()["image_id"])
    assert {(pair.store, pair.model) for pair in pairs} == {("demo", "trained")}
    fitted = {
        pair.image_a for pair in pairs if pair.reason.startswith("trained was fitted to this exposure, in demo: ")
    }
    assert fitted == seen_images(bundle, "train")
    chosen = {
        pair.image_a for pair in pairs if pair.reason.startswith("trained was selected by this exposure, in demo")
    }
    assert chosen == seen_images(bundle, "validation")
    (overlap,) = report.models
    assert (overlap.named, overlap.copies) == (0, len(bundle.provenance()))
    assert report.known_patients(bundle.identity) == {pair.patient_a for pair in pairs}
    assert report.known_patients("another") == frozenset()


def test_images_known_by_name_are_counted_only(finished, store, bundle):
    report = check(finished, store, bundle)
    assert report.duplicates == ()
    (overlap,) = report.models
    assert (overlap.named, overlap.copies) == (int(bundle.seen_split(store.manifest()).notna().sum()), 0)
    assert overlap.describe() == (
        f"{overlap.named} images here are of patients whom trained was trained on, and 0 other images show an exposure that it "
        "was trained on."
    )
    assert "training" not in {skip.check for skip in report.skipped}


@pytest.mark.parametrize("step", [1, -1])
def test_copy_of_a_training_image_is_reported_whichever_comes_first(finished, store, bundle, step):
    table = store.manifest()
    fitted = table["image_id"].astype(str).isin(list(seen_images(bundle, "train")))
    order = np.argsort(~fitted.to_numpy(bool), kind="stable")
    table.iloc[order].to_parquet(store.folder / MANIFEST, index=False)
    image = plant(store, darker, patient_id="other")
    store.manifest().iloc[::step].to_parquet(store.folder / MANIFEST, index=False)
    report = check(finished, store, bundle)
    assert [(pair.image_a, pair.image_b) for pair in report.duplicates if pair.model] == [("copy", image)]
    assert report.models[0].copies == 1
    assert report.known_patients(bundle.identity) == {"other"}


def test_store_that_is_not_there_any_more_is_one_sentence(finished, store, bundle, renamed):
    shutil.rmtree(store.folder)
    report = check(finished, renamed, bundle)
    assert not [pair for pair in report.duplicates if pair.model]
    assert [skip.reason for skip in report.skipped if skip.check == "training"] == [
        "The images that trained was trained on are not among the imported data any more, or are prepared in another way, so "
        "only their names were compared."
    ]


def test_images_that_are_not_there_any_more_are_counted(finished, store, bundle, renamed):
    gone = bundle.provenance()["image_id"].iloc[:3].tolist()
    table = store.manifest()
    table[~table["image_id"].astype(str).isin(gone)].to_parquet(store.folder / MANIFEST, index=False)
    report = check(finished, renamed, bundle)
    assert {pair.image_a for pair in report.duplicates if pair.model} == set(bundle.provenance()["image_id"]) - set(
        gone
    )
    (skip,) = (skip for skip in report.skipped if skip.check == "training")
    total = len(bundle.provenance())
    assert skip.reason.startswith(f"3 of the {total} images that trained, or a model before it, was trained on are not")


def copy_of(bundle, name, store, start):
    """Return a copy of a model that says that it was trained on another store, and started from another model."""
    folder = shutil.copytree(bundle.folder, bundle.folder.with_name(name))
    card = bundle.card
    data, config = card.data.model_copy(update={"store": store}), card.config.model_copy(update={"start_from": start})
    card.model_copy(update={"name": name, "data": data, "config": config}).write(folder / CARD)
    return open_bundle(folder)


def test_data_of_the_model_that_it_started_from_count(finished, store, bundle):
    training = training_data(finished, copy_of(bundle, "later", "gone", "trained"))
    assert [each.name for each in training.stores] == ["demo"]
    assert training.missing == ""
    training = training_data(finished, copy_of(bundle, "last", "gone", "deleted"))
    assert training.stores == ()
    assert training.missing.startswith("The images that last was trained on are not")


def test_renamed_model_that_seems_to_have_started_from_itself_counts_once(finished, bundle):
    config = bundle.card.config.model_copy(update={"start_from": "trained"})
    bundle.card.model_copy(update={"config": config}).write(bundle.folder / CARD)
    training = training_data(finished, open_bundle(bundle.folder))
    assert [each.name for each in training.stores] == ["demo"]


def test_a_stop_gives_no_report(finished, bundle, renamed):
    check(finished, renamed, bundle)  # keeps the features
    calls = []
    check(finished, renamed, bundle, lambda: calls.append(1) and False)
    for after in range(len(calls)):
        stops = iter([False] * after)
        assert check(finished, renamed, bundle, lambda stops=stops: next(stops, True)) is None


def test_every_image_of_the_table_has_its_part(finished, store, bundle):
    parts = training_data(finished, bundle).parts(store.manifest())
    known = store.manifest()[IMAGE_KEY].astype(str)[parts.notna()]
    assert set(known["image_id"]) == set(bundle.provenance()["image_id"])
