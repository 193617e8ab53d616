import shutil

import pytest

from builders.doctor import check_store, darker, plant
from builders.stores import copy_store
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.doctor.diagnosis import diagnose
from mammo_core.documents.progress import ignore_progress, never_stop
from mammo_core.errors import ConfigError, DataError


@pytest.fixture
def store(prepared):
    return open_store(prepared, "demo")


def test_the_same_image_of_another_patient_is_found_with_its_words(store):
    image = plant(store, darker, patient_id="other")
    report = check_store(store)
    assert [(pair.image_a, pair.image_b, pair.relation) for pair in report.duplicates] == [
        (image, "copy", "other patients")
    ]
    assert report.duplicates[0].reason.startswith("The same exposure is there under two patients: ")
    assert report.checked == len(store.manifest())


def test_a_copy_with_another_label_contradicts(store):
    label = int(store.manifest().loc[0, "label"])
    plant(store, darker, patient_id="other", label=1 - label)
    reported = [finding for finding in check_store(store).contradictions if "second time" in finding.reason]
    assert {finding.image_id for finding in reported} >= {"copy"}


def test_a_copy_called_the_other_breast_is_mirrored(store):
    side = {"L": "R", "R": "L"}[store.manifest().loc[0, "laterality"]]
    plant(store, darker, patient_id="other", laterality=side)
    assert check_store(store).duplicates[0].mirrored


def test_phantoms_hold_no_duplicates(store):
    assert check_store(store).duplicates == ()


def test_the_same_image_in_another_store_is_found(prepared, store):
    copy_store(prepared, store, "demo", "other")
    other = open_store(prepared, "other")
    report = check_store(store, [other])
    assert {pair.image_a for pair in report.duplicates} == set(store.manifest()["image_id"].astype(str))
    assert {(pair.relation, pair.store) for pair in report.duplicates} == {("other store", "other")}
    assert report.compared_with == ("other",)


def test_a_store_of_another_size_is_refused(prepared, store):
    copy_store(prepared, store, "demo", "larger", size=128)
    with pytest.raises(ConfigError, match="prepared in another way"):
        check_store(store, [open_store(prepared, "larger")])


def test_a_store_without_images_is_refused(store):
    store.manifest().head(0).to_parquet(store.folder / MANIFEST, index=False)
    with pytest.raises(DataError, match="has no images"):
        check_store(store)


def test_a_store_of_one_unlabelled_image_is_checked_as_far_as_possible(store):
    table = store.manifest().head(1)
    table.assign(label=None, cancer=None, laterality=None).to_parquet(store.folder / MANIFEST, index=False)
    report = check_store(store)
    assert {skip.check for skip in report.skipped} == {"side", "view", "patient", "labels", "leaks"}
    assert report.duplicates == report.contradictions == ()


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_stop_gives_no_report(store, after):
    calls = []
    assert check_store(store, should_stop=lambda: calls.append(1) or len(calls) > after) is None


def test_what_was_computed_is_kept_for_the_next_time(store):
    check_store(store)
    assert list(store.folder.glob("features-*.npz"))
    shutil.rmtree(store.folder / "negative")
    shutil.rmtree(store.folder / "positive")
    assert diagnose(store, (), (), lambda _: pytest.fail("computed anew"), ignore_progress, never_stop).checked
