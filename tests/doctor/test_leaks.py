import numpy as np
import pytest

from builders.doctor import manifest
from builders.stores import empty_store
from mammo_core.doctor.leaks import leaks


@pytest.fixture
def store(tmp_path):
    return empty_store(tmp_path)


def table(machine_of):
    generator = np.random.default_rng(1)
    rows = []
    for patient in range(160):
        label = int(generator.random() < 0.5)
        rows.append({"patient_id": str(patient), "label": label, "machine_id": machine_of(label, generator)})
    return manifest([rows[index] for index in generator.permutation(len(rows))])


def test_a_machine_that_tells_the_label_is_found(store):
    rows = table(lambda label, generator: str(label if generator.random() < 0.85 else 1 - label))
    reported, skipped = leaks(rows, store, rows["patient_id"].to_numpy(str))
    assert [leak.what for leak in reported] == ["the machine"]
    assert reported[0].auc == pytest.approx(0.85, abs=0.06)
    assert 0.5 < reported[0].low < reported[0].auc < reported[0].high
    assert skipped == []


def test_a_machine_that_tells_nothing_is_not_reported(store):
    rows = table(lambda label, generator: str(generator.integers(2)))
    assert leaks(rows, store, rows["patient_id"].to_numpy(str)) == ([], [])


def test_too_few_patients_are_named(store):
    rows = table(lambda label, generator: "1").head(6)
    assert leaks(rows, store, rows["patient_id"].to_numpy(str))[1][0].check == "leaks"
