import numpy as np
import pytest

from builders.doctor import darker, open_network, plant
from mammo_core.dataset.store import open_store
from mammo_core.doctor.duplicates import SAME
from mammo_core.doctor.image_features import directions, store_features
from mammo_core.doctor.neighbours import nearest
from mammo_core.doctor.same_exposures import Examined, pairs_between, pairs_within
from mammo_core.documents.progress import ignore_progress, never_stop


@pytest.fixture
def planted(prepared) -> Examined:
    """A store whose last image is a darker copy of its first."""
    store = open_store(prepared, "demo")
    plant(store, darker, patient_id="other")
    manifest = store.manifest().reset_index(drop=True)
    features = store_features(store, manifest, lambda: open_network(store), ignore_progress, never_stop)
    assert features is not None
    return Examined(store, manifest, features)


def test_selected_images_keep_their_rows_and_features(planted):
    wanted = np.arange(len(planted.manifest)) >= 70
    selected = planted.select(wanted)
    assert selected.manifest["image_id"].tolist() == planted.manifest["image_id"].tolist()[70:]
    assert (selected.features.thumbnails == planted.features.thumbnails[70:]).all()
    assert len(selected.manifest) == len(selected.features) == len(planted.manifest) - 70


def test_copy_agrees_with_its_image_within_a_store(planted):
    unit = directions(planted.features.means)
    compared = pairs_within(planted, nearest(unit, unit, 6, same=True), never_stop)
    assert [(pair.first, pair.second) for pair in compared if pair.value >= SAME] == [(0, len(planted.manifest) - 1)]


def test_only_the_images_that_are_named_are_compared_with_another_store(planted):
    last = len(planted.manifest) - 1
    others = planted.select(np.arange(last + 1) < 10)
    compared = pairs_between(planted, others, np.array([5, last]), never_stop)
    assert {pair.first for pair in compared} <= {5, last}
    assert {(pair.first, pair.second) for pair in compared if pair.value >= SAME} == {(5, 5), (last, 0)}
    assert pairs_between(planted, others, np.array([], int), never_stop) == []
    assert pairs_between(planted, others, np.array([1]), lambda: True) is None
