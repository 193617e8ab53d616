from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from builders.doctor import pair, pool_features, report
from builders.predicted_images import decoded_image, image_prediction
from mammo_core.dataset.leave_out import leave_out
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.dicom.pseudonyms import installation_secret, patient_key
from mammo_core.doctor.image_features import ImageFeatures, thumbnails
from mammo_core.doctor.look_alike_index import write_index
from mammo_core.doctor.look_alikes import (
    NO_LABELS,
    NOTHING_NEAR,
    checked_stores,
    foreign_query,
    look_alikes,
    open_gallery,
    stored_query,
    training_gallery,
    upload_query,
)
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.errors import DataError, StoreUnchecked


def features_of(images):
    """Return a coarse picture of each image as its features."""
    return pool_features(images)["means"].astype(np.float32)


def check(store, duplicates=()):
    """Leave what a check leaves of a store."""
    table = store.manifest()
    images = store.images(table["png"].tolist())
    means = features_of(images).astype(np.float16)
    write_index(
        store, table, ImageFeatures(means, means, means[:, 0], thumbnails(images)), table["patient_id"].astype(str)
    )
    report().model_copy(update={"duplicates": tuple(duplicates)}).write(store.folder / DoctorReport.file_name)


@pytest.fixture
def store(prepared):
    opened = open_store(prepared, "demo")
    check(opened)
    return opened


@pytest.fixture
def breast(store):
    """Return patient and side of a breast with both views."""
    table = store.manifest()
    views = table.groupby(["patient_id", "laterality"])["view"].nunique()
    patient, side = views[views == 2].index[0]
    return str(patient), str(side)


def find(store, breast):
    gallery = open_gallery(store)
    return look_alikes(gallery, stored_query(gallery, *breast)).breasts


def test_five_breasts_of_other_patients_come_with_outcome_age_and_distance(store, breast):
    alike = find(store, breast)
    table = store.manifest()
    assert len({each.patient_id for each in alike} - {breast[0]}) == len(alike) == 5
    assert [each.distance for each in alike] == sorted(each.distance for each in alike)
    for each in alike:
        rows = table[(table["patient_id"] == each.patient_id) & (table["laterality"] == each.laterality)]
        assert each.label == rows["label"].max()
        assert each.age == rows["age"].iloc[0]
        assert set(each.images["image_id"]) == set(rows["image_id"])


def test_distance_is_that_of_the_features_by_view(store, breast):
    gallery = open_gallery(store)
    nearest, table, vectors = find(store, breast)[0], gallery.manifest, gallery.index.breasts.vectors
    mine = table[(table["patient_id"] == breast[0]) & (table["laterality"] == breast[1])]
    expected = []
    for row, image in mine[mine["view"].isin(["CC", "MLO"])].iterrows():
        others = nearest.images[nearest.images["view"] == image["view"]].index
        expected.append(min(np.sqrt(((vectors[row] - vectors[other]) ** 2).mean()) for other in others))
    assert nearest.distance == pytest.approx(np.mean(expected), rel=1e-4)


def test_words_compare_with_distances_within_the_store(store, breast):
    usual = open_gallery(store).index.document
    for each in find(store, breast):
        expected = "very similar" if each.distance <= usual.typical else "similar"
        assert each.nearness == (expected if each.distance <= usual.far else "less similar")
        assert each.distance <= usual.limit


def test_patients_who_share_an_exposure_with_the_breast_do_not_count(store, breast):
    nearest = find(store, breast)[0].patient_id
    check(store, [pair(patient_a=breast[0], patient_b=nearest)])
    assert nearest not in [each.patient_id for each in find(store, breast)]


def test_images_that_are_left_out_do_not_count(store, breast):
    nearest = find(store, breast)[0]
    leave_out(store.data_root, store.source(), {str(image): "blank" for image in nearest.images["image_id"]})
    assert (nearest.patient_id, nearest.laterality) not in [
        (each.patient_id, each.laterality) for each in find(store, breast)
    ]


def test_breasts_without_a_label_do_not_count(store, breast):
    table = store.manifest()
    nearest = find(store, breast)[0]
    unlabelled = table.assign(label=table["label"].astype("Float64").mask(table["patient_id"] == nearest.patient_id))
    unlabelled.to_parquet(store.folder / MANIFEST, index=False)
    assert nearest.patient_id not in [each.patient_id for each in find(store, breast)]
    table.assign(label=pd.array([pd.NA] * len(table), "Int8")).to_parquet(store.folder / MANIFEST, index=False)
    gallery = open_gallery(store)
    assert look_alikes(gallery, stored_query(gallery, *breast)).note == NO_LABELS


def test_images_without_a_side_belong_to_no_breast(store, breast):
    table = store.manifest()
    nearest = find(store, breast)[0]
    sides = table["laterality"].mask(table["patient_id"] == nearest.patient_id)
    table.assign(laterality=sides).to_parquet(store.folder / MANIFEST, index=False)
    assert nearest.patient_id not in [each.patient_id for each in find(store, breast)]


@pytest.mark.parametrize("value", [0, 255, "noise"])
def test_an_image_that_is_no_breast_has_no_look_alike(store, value):
    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 64)) if value == "noise" else np.full((1, 64, 64), value)
    gallery = open_gallery(store)
    result = look_alikes(gallery, foreign_query(gallery, features_of(pixels.astype(np.uint8)), ["CC"]))
    assert (result.breasts, result.note) == ((), NOTHING_NEAR)


def test_a_store_that_changed_is_refused(prepared, breast):
    table = open_store(prepared, "demo").manifest()
    assert checked_stores([open_store(prepared, "demo")])
    table.head(10).to_parquet(open_store(prepared, "demo").folder / MANIFEST, index=False)
    with pytest.raises(StoreUnchecked, match="has changed"):
        open_gallery(open_store(prepared, "demo"))


def test_a_breast_that_is_not_in_the_store_gives_one_sentence(store):
    with pytest.raises(DataError, match="has no image of this breast"):
        stored_query(open_gallery(store), "nobody", "L")


def predicted(store, breast, **attributes):
    """Return predictions of a breast's prepared images, as uploads of somebody unknown."""
    table = store.manifest()
    rows = table[(table["patient_id"] == breast[0]) & (table["laterality"] == breast[1])]
    pixels = store.images(rows["png"].tolist())
    return [
        image_prediction(replace(decoded_image(breast[1], view), model_input=image, **attributes))
        for view, image in zip(rows["view"], pixels, strict=True)
    ]


def upload_patients(prepared, store, images):
    gallery = open_gallery(store)
    query = upload_query(prepared, gallery, images, features_of)
    return [each.patient_id for each in look_alikes(gallery, query).breasts]


def test_an_upload_has_the_look_alikes_that_its_breast_in_the_store_has(prepared, store, breast):
    uploaded = upload_patients(prepared, store, predicted(store, breast))
    assert uploaded == [each.patient_id for each in find(store, breast)]  # its own exposures are known by their texture


def test_a_patient_of_the_store_with_the_identifier_of_an_upload_does_not_count(prepared, store, breast):
    images = predicted(store, breast)
    nearest = upload_patients(prepared, store, images)[0]
    identifier = patient_key(nearest, installation_secret(prepared))
    named = predicted(store, breast, identifier=identifier)
    assert nearest not in upload_patients(prepared, store, named)


def test_only_patients_to_whom_the_model_was_fitted_are_searched(store, breast):
    gallery = open_gallery(store)
    parts = dict.fromkeys(gallery.manifest["patient_id"].unique()[:4], "train")
    bundle = SimpleNamespace(seen_split=lambda images: images["patient_id"].map(parts))
    fitted = training_gallery(gallery, bundle)
    assert set(fitted.manifest.loc[fitted.usable, "patient_id"]) == set(parts)
    assert "to whose patients the model was fitted" in fitted.describe()
    stranger = SimpleNamespace(seen_split=lambda images: images["patient_id"].map({}))
    assert training_gallery(gallery, stranger) is gallery
    breasts = len(gallery.manifest[["patient_id", "laterality"]].drop_duplicates())
    assert gallery.describe().startswith(f"Searched among {breasts} breasts of demo with a known outcome")
