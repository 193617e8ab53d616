import numpy as np
import pytest

from builders.predictions import binormal_breasts, predictions
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.metrics import Metric, Ranking
from mammo_core.evaluation.report import evaluate
from mammo_core.evaluation.sample_size import (
    MIN_PATIENTS,
    PrecisionGoal,
    Spread,
    choose_goal,
    describe_measure,
    patients_by_stratum,
    sample_size_report,
    share_with_cancer,
    spread,
    strata,
)

LARGE = binormal_breasts(400, 1600, seed=1)
SAMPLES = [LARGE, *(binormal_breasts(400, 1600, seed=seed) for seed in range(2, 6))]  # their widths differ by some 4 %
Z = 1.959964


def simulated_half_width(metric: Metric, positive: int, negative: int, repeats: int = 1500) -> float:
    """Half the width of the measure's 95 % interval over many studies of new patients."""
    values = [
        Ranking(study["label"], study["probability"]).value(metric)
        for seed in range(repeats)
        for study in [binormal_breasts(positive, negative, seed=1000 + seed)]
    ]
    return Z * float(np.std(values, ddof=1))


@pytest.mark.parametrize(
    ("metric", "positive", "negative"),
    [
        (metrics.auc, 50, 450),
        (metrics.sensitivity_at_specificity(0.9), 60, 240),
        (metrics.operating_figures(0.6)["sensitivity"], 60, 60),
    ],
    ids=["auc", "sensitivity at 90 % specificity", "sensitivity at a threshold"],
)
def test_half_width_is_within_a_tenth_of_simulated_studies(metric, positive, negative):
    prevalence = positive / (positive + negative)
    expected = [spread(sample, metric, prevalence).half_width(positive, negative) for sample in SAMPLES]
    assert np.mean(expected) == pytest.approx(simulated_half_width(metric, positive, negative), rel=0.1)


def test_needed_patients_give_the_wanted_width_in_simulated_studies():
    report = sample_size_report(LARGE, "breast", PrecisionGoal(half_width=0.05, prevalence=0.1), "mine")
    assert report.needed.negative == 9 * report.needed.positive
    simulated = simulated_half_width(metrics.auc, report.needed.positive, report.needed.negative)
    assert simulated == pytest.approx(0.05, rel=0.1)


def test_half_width_at_hand_equals_that_of_the_report():
    table = binormal_breasts(150, 450, seed=3)
    auc = evaluate(table, operating_point=0.5, resamples=1000).auc
    here = sample_size_report(table, "breast", PrecisionGoal(), "mine").present.half_width
    assert here == pytest.approx((auc.high - auc.low) / 2, rel=0.1)


def test_spread_splits_the_variance_by_stratum():
    both = spread(LARGE, metrics.auc, 0.2)
    recalled = spread(LARGE, metrics.operating_figures(0.6)["sensitivity"], 0.2)
    assert both.positive > 0 < both.negative
    assert recalled.negative == pytest.approx(
        0, abs=1e-20
    )  # patients without cancer tell nothing about the sensitivity
    share = recalled.value
    assert recalled.positive == pytest.approx(share * (1 - share), rel=0.15)  # one positive breast a patient


def test_spread_weighs_patients_as_the_prevalence_does():
    # breasts without cancer of patients with one score as high as the cancers
    table = binormal_breasts(60, 60, distance=0.0)
    table.loc[table.index[:120], "probability"] = 0.9
    table.loc[table.index[120:], "probability"] = 0.1
    assert spread(table, metrics.auc, 0.5).value == pytest.approx((0.5 * 1 + 1 * 2) / 3)
    assert spread(table, metrics.auc, 0.2).value == pytest.approx((0.5 * 1 + 1 * 8) / 9)


def test_spread_half_width_of_four_times_as_many_patients_is_half():
    varies = Spread(0.8, 0.3, 0.2)
    assert varies.half_width(30, 20) == pytest.approx(Z * np.sqrt(0.02))
    assert varies.half_width(120, 80) == pytest.approx(varies.half_width(30, 20) / 2)


def test_spread_half_width_of_a_share_is_that_of_wilsons_interval():
    # Wilson's 95 % interval of 8 of 10 is 0.4902 to 0.9433 (Wilson 1927; checked with statsmodels)
    assert Spread(0.8, 0.16, 0.0, is_share=True).half_width(10, 1) == pytest.approx((0.9433 - 0.4902) / 2, abs=1e-4)


def test_fewer_cancers_need_as_many_patients_with_cancer_and_more_without():
    rare, even = (
        sample_size_report(LARGE, "breast", PrecisionGoal(0.03, "sensitivity", share, 0.6), "mine").needed
        for share in (0.01, 0.5)
    )
    assert rare.positive == even.positive
    assert (rare.negative, even.negative) == (99 * rare.positive, even.positive)


def test_needed_is_the_fewest_that_suffice_and_lies_on_the_curve():
    report = sample_size_report(LARGE, "breast", PrecisionGoal(half_width=0.02), "mine", "store")
    varies = spread(LARGE, metrics.auc, 0.2)
    assert report.needed.half_width <= 0.02 < varies.half_width(report.needed.positive - 1, report.needed.negative - 4)
    widths = [size.half_width for size in report.curve]
    assert widths == sorted(widths, reverse=True)
    assert report.curve[0].positive < min(report.present.positive, report.needed.positive)
    assert report.curve[-1].positive > max(report.present.positive, report.needed.positive)
    assert (report.data, report.model, report.at, report.prevalence) == ("store", "mine", None, 0.2)


def test_verdict_says_what_is_needed_and_what_is_here():
    report = sample_size_report(LARGE, "breast", PrecisionGoal(half_width=0.025), "mine")
    assert report.verdict == (
        "To know the AUC by breast to ±0.025 you need about 330 patients with cancer and 1,300 without, where 20 % have "
        f"cancer. The 400 and 1,600 here give ±{report.present.half_width:.2g}, which is enough."
    )
    few = sample_size_report(binormal_breasts(40, 40), "breast", PrecisionGoal(half_width=0.03), "mine")
    assert "which is enough" not in few.verdict
    assert few.verdict.endswith("known from only 40 patients with cancer.")


@pytest.mark.parametrize("strata_sizes", [(MIN_PATIENTS - 1, 100), (100, MIN_PATIENTS - 1)])
def test_too_few_patients_are_one_sentence(strata_sizes):
    with pytest.raises(DataError, match=r"Too few patients to tell how many are needed: .* at least 20 of each"):
        sample_size_report(binormal_breasts(*strata_sizes), "breast", PrecisionGoal(), "mine")


def test_perfect_ranking_is_one_sentence():
    table = predictions(patients=120).assign(probability=lambda rows: rows["label"] * 0.5 + 0.2)
    with pytest.raises(DataError, match=r"The AUC is 1\.00 on the patients at hand"):
        sample_size_report(table, "image", PrecisionGoal(), "mine")


@pytest.mark.parametrize(
    ("goal", "sentence"),
    [
        (PrecisionGoal(half_width=0.0), "half-width"),
        (PrecisionGoal(half_width=float("nan")), "half-width"),
        (PrecisionGoal(prevalence=1.0), "prevalence"),
        (PrecisionGoal(measure="sensitivity"), "needs the threshold"),
        (PrecisionGoal(measure="sensitivity_at_specificity", at=1.0), "specificity must lie"),
        (PrecisionGoal(half_width=1e-6), "More than 10,000,000 patients"),
    ],
)
def test_unusable_goal_is_one_sentence(goal, sentence):
    with pytest.raises(ConfigError, match=sentence):
        sample_size_report(LARGE, "breast", goal, "mine")


def test_choose_goal_reads_options():
    assert choose_goal("auc", 0.03, None) == PrecisionGoal(0.03, "auc")
    assert choose_goal("sensitivity", 0.03, 0.1, threshold=0.4) == PrecisionGoal(0.03, "sensitivity", 0.1, 0.4)
    assert choose_goal("sensitivity", 0.03, 0.1, specificity=0.9) == PrecisionGoal(
        0.03, "sensitivity_at_specificity", 0.1, 0.9
    )
    with pytest.raises(ConfigError, match="either a threshold or a specificity"):
        choose_goal("sensitivity", 0.03, None, 0.4, 0.9)
    with pytest.raises(ConfigError, match="belongs to a sensitivity"):
        choose_goal("auc", 0.03, None, threshold=0.4)


def test_constant_scores_tell_nothing():
    with pytest.raises(DataError, match=r"The AUC is 0\.50 on the patients at hand without any doubt"):
        sample_size_report(LARGE.assign(probability=0.5), "breast", PrecisionGoal(), "mine")


def test_strata_are_of_patients_and_not_of_units():
    table = binormal_breasts(2, 3)
    assert strata(table).tolist() == [True] * 4 + [False] * 6
    assert patients_by_stratum(table) == (2, 3)
    assert share_with_cancer(table) == 0.4


def test_describe_measure_names_where_it_is_meant():
    assert describe_measure("auc", None) == "AUC"
    assert describe_measure("sensitivity", 0.251) == "sensitivity at the threshold 0.251"
    assert describe_measure("sensitivity_at_specificity", 0.9) == "sensitivity at 90 % specificity"
