import pandas as pd

from builders.doctor import pair
from mammo_core.dataset.joined_patients import joined_patients

PATIENTS = pd.Series(["a", "b", "b", "c", "d"], index=[5, 6, 7, 8, 9])


def test_patients_who_share_an_exposure_count_as_one_also_by_way_of_a_third():
    pairs = [pair(patient_a="d", patient_b="b"), pair(patient_a="b", patient_b="c")]
    joined = joined_patients(PATIENTS, pairs)
    assert joined.tolist() == ["a", "b", "b", "b", "b"]
    assert joined.index.tolist() == PATIENTS.index.tolist()


def test_without_pairs_every_patient_is_one():
    assert joined_patients(PATIENTS, []).tolist() == PATIENTS.tolist()


def test_pairs_with_another_store_or_unknown_patients_join_nobody():
    pairs = [pair(patient_b="b", relation="other store", store="other"), pair(patient_a="gone", patient_b="a")]
    assert joined_patients(PATIENTS, pairs).tolist() == PATIENTS.tolist()
