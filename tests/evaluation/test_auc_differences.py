import numpy as np
import pandas as pd
import pytest

from builders.predictions import binormal_breasts
from mammo_core.evaluation import metrics
from mammo_core.evaluation.auc_differences import auc_contributions, compare_with_rest, holm
from mammo_core.evaluation.bootstrap import bootstrap
from mammo_core.evaluation.metrics import Ranking
from mammo_core.evaluation.units import to_unit

STUDIES = 300  # simulated ones; 5 % of them are 15, with a standard deviation of 4


def codes(units):
    return np.unique(units["patient_id"], return_inverse=True)[1]


def test_contributions_add_up_to_the_variance_of_the_bootstrap():
    units = binormal_breasts(100, 300, seed=1)
    auc, contributions = auc_contributions(units, codes(units), 400)
    ranking = Ranking(units["label"], units["probability"])
    samples = bootstrap(units["patient_id"], {"auc": (ranking, metrics.auc)}, 1000)["auc"]
    assert auc == pytest.approx(ranking.value(metrics.auc))
    assert np.sqrt((contributions**2).sum()) == pytest.approx(samples.std(), rel=0.08)


def test_contributions_of_tied_scores_count_half():
    units = binormal_breasts(3, 5).assign(probability=0.5)
    auc, contributions = auc_contributions(units, codes(units), 8)
    assert auc == 0.5
    assert contributions.tolist() == [0.0] * 8


def test_difference_is_that_of_both_aucs():
    units = binormal_breasts(60, 60, seed=4)
    inside = np.arange(len(units)) % 4 < 2
    difference, p_value = compare_with_rest(units, inside)
    inner, outer = (
        Ranking(part["label"], part["probability"]).value(metrics.auc) for part in (units[inside], units[~inside])
    )
    assert difference.value == pytest.approx(inner - outer)
    assert difference.low < difference.value < difference.high
    assert (p_value < 0.05) == (difference.low > 0 or difference.high < 0)


def test_interval_of_two_views_of_the_same_breasts_is_that_of_the_bootstrap():
    breasts = binormal_breasts(60, 180, seed=5)
    views = pd.concat([breasts, breasts.assign(probability=lambda rows: rows["probability"] * 0.9)], ignore_index=True)
    views["probability"] += 0.02 * np.random.default_rng(1).standard_normal(len(views))
    inside = np.arange(len(views)) < len(breasts)
    difference, _ = compare_with_rest(views, inside)
    rankings = [Ranking(views["label"][mask], views["probability"][mask]) for mask in (inside, ~inside)]
    samples = [bootstrap(breasts["patient_id"], {"auc": (ranking, metrics.auc)}, 500)["auc"] for ranking in rankings]
    deviation = (samples[0] - samples[1]).std()  # the same draws of patients for both
    assert difference.high - difference.low == pytest.approx(2 * 2.0 * deviation, rel=0.15)
    assert deviation < 0.5 * samples[0].std()


def test_patient_with_many_units_counts_as_one():
    units = binormal_breasts(40, 120, seed=6)
    repeated = pd.concat([units] * 4, ignore_index=True)
    inside = (np.arange(160) % 2 == 0).repeat(2)
    once, _ = compare_with_rest(units, inside)
    often, _ = compare_with_rest(repeated, np.tile(inside, 4))
    assert often.low == pytest.approx(once.low)
    assert often.high == pytest.approx(once.high)


@pytest.mark.parametrize("within_patients", [False, True], ids=["groups of patients", "groups within patients"])
def test_groups_by_chance_differ_in_one_of_twenty_studies(within_patients):
    generator, significant = np.random.default_rng(7), 0
    for seed in range(STUDIES):
        units = binormal_breasts(60, 180, seed=seed)
        inside = generator.random(480) < 0.4 if within_patients else (generator.random(240) < 0.4).repeat(2)
        significant += compare_with_rest(units, inside)[1] < 0.05
    assert 0.02 * STUDIES <= significant <= 0.08 * STUDIES


def test_planted_difference_is_detected():
    units = binormal_breasts(80, 240, seed=2)
    inside = (np.arange(320) % 2 == 0).repeat(2)
    units.loc[inside, "probability"] = np.random.default_rng(0).random(inside.sum())  # the model knows nothing of these
    difference, p_value = compare_with_rest(units, inside)
    assert difference.high < 0
    assert p_value < 0.001


def test_nothing_that_varies_has_no_interval():
    units = to_unit(binormal_breasts(20, 20), "breast").assign(probability=0.5)
    difference, p_value = compare_with_rest(units, np.arange(80) % 4 < 2)
    assert (difference.value, difference.low, p_value) == (0.0, None, None)


def test_holm_corrects_each_by_what_is_left():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_contributions_about_another_auc_are_larger():
    units = binormal_breasts(30, 90, seed=3)
    auc, own = auc_contributions(units, codes(units), 120)
    assert auc_contributions(units, codes(units), 120, auc)[1] == pytest.approx(own)
    _, other = auc_contributions(units, codes(units), 120, auc - 0.2)
    assert (other**2).sum() > (own**2).sum() + 0.2**2 / 30


def test_group_that_is_ranked_perfectly_by_chance_is_no_proof():
    units = binormal_breasts(40, 120, seed=1)
    inside = (np.arange(160) % 4 == 0).repeat(2)
    units.loc[inside, "probability"] = 0.1 + 0.8 * units["label"][inside] + 0.001 * np.arange(inside.sum())
    difference, p_value = compare_with_rest(units, inside)
    assert difference.low > 0  # about its own AUC, the group doesn't vary
    assert p_value > 0.001
