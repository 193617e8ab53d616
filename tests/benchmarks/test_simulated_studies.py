import numpy as np
import pandas as pd
import pytest

from benchmarks.simulated_studies import (
    DISTANCE,
    drawn_breasts,
    drawn_scores,
    grouped,
    reported,
    shuffled,
    simulated_half_width,
)
from mammo_core.evaluation import metrics
from mammo_core.evaluation.metrics import Ranking


def test_drawn_scores_have_the_auc_of_their_distance_and_share_what_breasts_of_a_patient_have_in_common():
    label, probability = drawn_scores(np.random.default_rng(0), 2000, 6000)
    assert (label.sum(), len(label)) == (2000, 16_000)
    assert Ranking(label, probability).value(metrics.auc) == pytest.approx(0.802, abs=0.01)
    logit = np.log(probability / (1 - probability)) - DISTANCE * label
    assert np.corrcoef(logit[::2], logit[1::2])[0, 1] == pytest.approx(0.49, abs=0.03)


def test_grouped_scores_say_less_in_the_planted_group_only():
    table = grouped(2000, 2000, np.random.default_rng(1), effect=0.2)
    values = {
        (name, group): Ranking(rows["label"], rows["probability"]).value(metrics.auc)
        for name in ("group_1", "group_2")
        for group, rows in table.groupby(name)
    }
    assert values.pop(("group_1", "0")) == pytest.approx(0.6, abs=0.03)
    assert min(values.values()) > 0.73


def test_planted_group_is_the_clearest_and_groups_by_chance_are_not_reported():
    names = ("group_1", "group_2", "group_3")
    rows = reported(lambda generator: grouped(160, 480, generator, effect=0.3), names, 0)
    assert min(rows, key=rows.__getitem__) == ("group_1", "0")
    assert rows["group_1", "0"] < 0.01
    chance = [reported(lambda generator: grouped(160, 480, generator), names, study) for study in range(10)]
    assert all(len(by_chance) == 12 for by_chance in chance)
    assert sum(min(by_chance.values()) < 0.05 for by_chance in chance) <= 3  # more in about one of 1,000 such sets


def test_shuffled_patients_keep_their_scores_and_swap_all_attributes_together():
    breasts = drawn_breasts(np.random.default_rng(0), 5, 5)
    number = breasts["patient_id"].astype(int)
    table = breasts.assign(
        age=50.0 + number, site_id=number, machine_id=number, density="A", implant=pd.array(number, "Int8")
    )
    other = shuffled(table, np.random.default_rng(2))
    assert other["probability"].tolist() == table["probability"].tolist()
    assert (other["age"] - 50 == other["site_id"]).all()
    assert sorted(other["site_id"]) == sorted(table["site_id"])
    assert (other["site_id"] != table["site_id"]).any()
    assert (other.groupby("patient_id")["site_id"].nunique() == 1).all()


def test_simulated_half_width_falls_with_the_root_of_the_patients():
    few, many = (simulated_half_width(metrics.auc, count, count, 300) for count in (50, 200))
    assert few / many == pytest.approx(2, rel=0.25)
