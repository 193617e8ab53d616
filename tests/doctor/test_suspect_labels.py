import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from builders.doctor import manifest
from mammo_core.doctor.suspect_labels import label_suspicion, suspect_labels


def store(breasts, strength, noise=()):
    """Return manifest, features and groups: two views of each breast, a third positive, some labels inverted."""
    generator = np.random.default_rng(0)
    rows, features = [], []
    for breast in range(breasts):
        true_label = int(breast % 3 == 0)
        for view in ("CC", "MLO"):
            rows.append(
                {
                    "patient_id": str(breast),
                    "view": view,
                    "label": 1 - true_label if breast in noise else true_label,
                    "image_id": f"{breast}{view}",
                }
            )
            features.append(generator.normal(0, 1, 6) + strength * true_label)
    table = manifest(rows)
    return table, np.array(features, np.float32), table["patient_id"].to_numpy(str)


def test_inverted_labels_are_the_most_suspect_ones():
    noise = {4, 9, 17, 30, 44, 51}
    table, features, groups = store(150, 1.5, noise)
    suspicion = label_suspicion(table, features, groups)
    planted = suspicion.table["patient_id"].astype(int).isin(noise)
    assert suspicion.auc > 0.8
    assert roc_auc_score(planted, suspicion.table["suspicion"]) > 0.95
    reported, skipped = suspect_labels(table, features, groups)
    assert len({int(label.patient_id) for label in reported} & noise) >= len(reported) / 2 > 0
    assert [label.confidence for label in reported] == sorted((label.confidence for label in reported), reverse=True)
    assert skipped == []


def test_a_classifier_that_knows_nothing_accuses_nobody():
    reported, skipped = suspect_labels(*store(150, 0.0))
    assert reported == []
    assert "its doubts mean nothing" in skipped[0].reason


@pytest.mark.parametrize("breasts", [0, 30])
def test_too_few_patients_are_named(breasts):
    table, features, groups = store(30, 1.0)
    kept = np.arange(len(table)) < 2 * breasts
    assert suspect_labels(table[kept], features[kept], groups[kept])[1][0].reason.startswith("At least 20 patients")


def test_images_without_a_label_are_passed_over():
    table, features, groups = store(150, 1.5)
    table.loc[table["patient_id"] == "7", "label"] = None
    assert "7" not in set(label_suspicion(table, features, groups).table["patient_id"])
