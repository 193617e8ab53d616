from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from mammo_core.dataset.store import open_store
from mammo_core.doctor import image_features
from mammo_core.doctor.image_features import directions, store_features, thumbnails
from mammo_core.documents.progress import ignore_progress, never_stop
from mammo_core.errors import DataError


class Network:
    """Count the images that it is given; an image's feature is its mean."""

    def __init__(self):
        self.images = 0

    def __call__(self, images):
        self.images += len(images)
        mean = images.mean(axis=(1, 2))
        return {
            "means": np.repeat(mean[:, np.newaxis], 3, axis=1),
            "suspicious": mean[:, np.newaxis],
            "lesion_contrast": mean,
        }


@pytest.fixture
def store(prepared):
    return open_store(prepared, "demo")


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(image_features, "CHUNK", 6)
    monkeypatch.setattr(image_features, "BATCH", 4)


def compute(store, network, manifest=None, should_stop=never_stop):
    table = store.manifest() if manifest is None else manifest
    return store_features(store, table, lambda: nullcontext(network), ignore_progress, should_stop)


def test_features_are_those_of_each_image_and_kept(store, few):
    network = Network()
    features = compute(store, network)
    images = store.images(store.manifest()["png"].tolist())
    assert network.images == len(features) == len(images)
    assert np.allclose(features.lesion_contrast, images.mean(axis=(1, 2)), rtol=1e-3)
    assert features.thumbnails.shape == (len(images), 64, 64)
    again = store_features(store, store.manifest(), lambda: pytest.fail("computed anew"), ignore_progress, never_stop)
    assert np.array_equal(again.means, features.means)


def test_a_stopped_computation_goes_on_where_it_ended(store, few):
    first, calls = Network(), []
    assert compute(store, first, should_stop=lambda: calls.append(1) or len(calls) > 2) is None
    assert 0 < first.images < len(store.manifest())
    second = Network()
    assert len(compute(store, second)) == first.images + second.images


def test_only_images_that_changed_are_computed_anew(store, few):
    compute(store, Network())
    table = store.manifest()
    table.loc[2, "sha256"] = "0" * 64
    network = Network()
    compute(store, network, table)
    assert network.images == 1


def test_features_follow_the_order_of_the_manifest(store, few):
    features = compute(store, Network())
    backwards = compute(store, Network(), store.manifest().iloc[::-1].reset_index(drop=True))
    assert np.array_equal(backwards.means[::-1], features.means)


def test_a_damaged_file_is_computed_anew(store, few):
    compute(store, Network())
    file = next(store.folder.glob("features-*.npz"))
    file.write_bytes(file.read_bytes()[:100])
    network = Network()
    compute(store, network)
    assert network.images == 6


def test_an_image_that_is_missing_is_named(store):
    table = store.manifest()
    (store.folder / table.loc[0, "png"]).unlink()
    with pytest.raises(DataError, match="isn't readable"):
        compute(store, Network())


def test_a_rectangle_is_complemented_by_background():
    reduced = thumbnails(np.full((1, 128, 64), 200, np.uint8))[0]
    assert (reduced[:, :32] == 200).all()
    assert not reduced[:, 32:].any()


def test_directions_have_unit_length_and_ignore_constant_features():
    values = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]], np.float16)
    assert np.allclose(directions(values), [[-1, 0], [-1, 0], [1, 0]])
    assert not pd.isna(directions(np.ones((2, 2)))).any()
