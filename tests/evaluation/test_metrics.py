import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score

from mammo_core.evaluation import metrics
from mammo_core.evaluation.metrics import Ranking, Sample


@pytest.fixture(params=[(0, 40), (1, 300), (2, 1000)])
def case(request):
    """Labels and scores with many ties."""
    seed, n = request.param
    generator = np.random.default_rng(seed)
    labels = (generator.random(n) < 0.3).astype(int)
    return labels, np.round(0.6 * generator.random(n) + 0.3 * labels, 2)


def test_metrics_equal_scikit_learn(case):
    labels, scores = case
    ranking = Ranking(labels, scores)
    assert ranking.value(metrics.auc) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert ranking.value(metrics.average_precision) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    assert ranking.value(metrics.partial_auc) == pytest.approx(roc_auc_score(labels, scores, max_fpr=0.1), abs=1e-12)
    assert ranking.value(metrics.brier) == pytest.approx(brier_score_loss(labels, scores), abs=1e-12)
    best = max(f1_score(labels, scores >= cut) for cut in np.unique(scores))
    assert ranking.value(metrics.best_pf1) == pytest.approx(best, abs=1e-12)
    cut = ranking.value(metrics.best_threshold)
    assert f1_score(labels, scores >= cut) == pytest.approx(best, abs=1e-12)


def test_metrics_weighted_sample_equals_repeated_rows(case):
    labels, scores = case
    weights = np.random.default_rng(5).integers(0, 4, len(labels))
    sample = Sample(Ranking(labels, scores), weights[np.newaxis].astype(float))
    repeated = np.repeat(np.arange(len(labels)), weights)
    for metric in (
        metrics.auc,
        metrics.average_precision,
        metrics.partial_auc,
        metrics.brier,
        metrics.pf1,
        metrics.best_pf1,
    ):
        expected = Ranking(labels[repeated], scores[repeated]).value(metric)
        assert metric(sample)[0] == pytest.approx(expected, abs=1e-12)
    for metric in metrics.operating_figures(0.5).values():
        assert metric(sample)[0] == pytest.approx(Ranking(labels[repeated], scores[repeated]).value(metric), abs=1e-12)


def test_pf1_matches_hand_calculation():
    # pTP = 0.9 + 0.6, pFP = 0.4 + 0.1; precision 0.75, recall 0.75
    assert Ranking([1, 1, 0, 0], [0.9, 0.6, 0.4, 0.1]).value(metrics.pf1) == pytest.approx(0.75)
    # clipped to 1: pTP = 1, pFP = 0.5; precision 2/3, recall 1
    assert Ranking([1, 0], [7.0, 0.5]).value(metrics.pf1) == pytest.approx(0.8)
    assert Ranking([1, 0], [0.0, 0.5]).value(metrics.pf1) == 0


def test_pf1_constant_predictions_at_rsna_prevalence():
    labels = np.r_[np.ones(492), np.zeros(23_826 - 492)]
    assert Ranking(labels, np.ones(23_826)).value(metrics.pf1) == pytest.approx(0.0405, abs=5e-5)
    assert Ranking(labels, np.full(23_826, 492 / 23_826)).value(metrics.pf1) == pytest.approx(0.0206, abs=1e-4)


def test_operating_figures_match_hand_calculation():
    ranking = Ranking([1, 1, 1, 0, 0, 0, 0, 0], [0.9, 0.5, 0.2, 0.8, 0.4, 0.3, 0.1, 0.1])
    values = {name: ranking.value(metric) for name, metric in metrics.operating_figures(0.5).items()}
    assert values == pytest.approx(
        {"sensitivity": 2 / 3, "specificity": 4 / 5, "recall_rate": 3 / 8, "ppv": 2 / 3, "pf1": 2 / 3}
    )


def test_sensitivity_at_90_specificity_matches_hand_calculation():
    labels = np.r_[np.ones(4), np.zeros(10)]
    scores = np.r_[0.9, 0.7, 0.5, 0.3, 0.8, 0.6, np.zeros(8)]
    assert Ranking(labels, scores).value(metrics.sensitivity_at_90_specificity) == 0.5


def test_auc_single_class_is_nan():
    assert np.isnan(Ranking([1, 1], [0.1, 0.2]).value(metrics.auc))
