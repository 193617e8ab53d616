import numpy as np
import pytest

from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation import metrics
from mammo_core.evaluation.bootstrap import BLOCK, bootstrap, estimate, interval, resample_weights
from mammo_core.evaluation.metrics import Ranking


def test_resample_weights_units_of_a_patient_are_drawn_equally_often():
    blocks = list(resample_weights(["a", "b", "a", "c"], resamples=BLOCK + 6, seed=1))
    assert [len(block) for block in blocks] == [BLOCK, 6]
    weights = np.concatenate(blocks)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()  # three patients, three draws


def test_resample_weights_same_seed_gives_same_draws():
    first, second, other = (np.concatenate(list(resample_weights(list("abcdef"), 20, seed))) for seed in (3, 3, 4))
    assert (first == second).all()
    assert (first != other).any()


def test_interval_leaves_out_undefined_resamples():
    assert interval(np.r_[np.nan, np.arange(101.0)]) == pytest.approx((2.5, 97.5))
    assert interval(np.array([np.nan, np.nan])) == (None, None)


def test_estimate_undefined_value_is_none():
    assert estimate(np.nan, np.array([np.nan])) == Estimate(value=None, low=None, high=None)
    assert estimate(0.5, np.array([0.25, 0.25])) == Estimate(value=0.5, low=0.25, high=0.25)


def test_bootstrap_two_units_a_patient_draws_both_together():
    # every patient has one positive above one negative: no draw of patients can change the AUC
    labels, scores, patients = [1, 0] * 20, [0.9, 0.1] * 20, np.repeat(np.arange(20), 2)
    values = bootstrap(patients, {"auc": (Ranking(labels, scores), metrics.auc)}, resamples=100)["auc"]
    assert values.tolist() == [1.0] * 100


def test_bootstrap_equal_rankings_give_identical_auc_samples():
    labels, scores = [1, 0, 0, 1], np.array([0.9, 0.3, 0.4, 0.2])
    pair = {"a": (Ranking(labels, scores), metrics.auc), "b": (Ranking(labels, 2 * scores), metrics.auc)}
    values = bootstrap(np.arange(4), pair, resamples=200)
    assert np.array_equal(values["a"], values["b"], equal_nan=True)


@pytest.mark.slow
def test_bootstrap_interval_has_nominal_coverage():
    generator = np.random.default_rng(0)
    true_auc, covered = 0.7602, 0  # of N(1, 1) against N(0, 1)
    for _ in range(200):
        labels = np.r_[np.ones(40), np.zeros(120)]
        ranking = Ranking(labels, generator.standard_normal(160) + labels)
        low, high = interval(bootstrap(np.arange(160), {"auc": (ranking, metrics.auc)}, resamples=300)["auc"])
        covered += low <= true_auc <= high
    assert 0.90 <= covered / 200 <= 0.985
