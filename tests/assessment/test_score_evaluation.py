import shutil

import pandas as pd
import pytest

from builders.models import write_model
from builders.predictions import predictions
from builders.scores import csv_bytes, image_scores, labelled_set
from mammo_core.assessment.score_evaluation import (
    UNKNOWN_TRAINING,
    compare_scores,
    counted_rows,
    evaluate_scores,
    score_scale,
    scored_units,
    with_comparisons,
)
from mammo_core.assessment.score_file import guess_columns, open_score_file, read_scores
from mammo_core.assessment.score_match import match_scores
from mammo_core.documents.estimate import Estimate
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation.report import evaluate
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import PREDICTIONS, open_bundle, write_card
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS

RESAMPLES = 100


def scored_on(workspace, catalogue, scores: pd.DataFrame):
    file = open_score_file(csv_bytes(scores))
    return match_scores(workspace, catalogue, read_scores(file, guess_columns(file.names)))


@pytest.fixture
def table():
    return predictions(patients=60, signal=0.1)


@pytest.fixture
def catalogue(workspace, table):
    return labelled_set(workspace, table)


@pytest.fixture
def score(workspace, catalogue):
    return lambda scores: scored_on(workspace, catalogue, scores)


def test_image_scores_have_the_figures_of_a_report_on_a_model_with_these_probabilities(score, table):
    report = evaluate_scores(score(image_scores(table)), threshold=0.3, resamples=RESAMPLES)
    own = evaluate(table, operating_point=0.3, resamples=RESAMPLES)
    for unit, figures in report.reports().items():
        expected = own.by(unit)
        assert figures.figures_of_merit() == expected.figures_of_merit()
        assert figures.operating_point == expected.operating_point
        assert figures.baselines.age_only == expected.baselines.age_only
        assert figures.pf1 == expected.pf1
    assert report.subgroups == own.subgroups
    assert (report.data, report.scored, report.unit, report.scale) == ("set", "image", "breast", "probability")
    assert (report.threshold_from, report.verdict) == ("given", own.verdict)


def test_breast_scores_have_the_figures_of_their_images_without_images(score, table):
    breasts = to_unit(table, "breast")[["patient_id", "laterality", "probability"]]
    report = evaluate_scores(score(breasts), threshold=0.3, resamples=RESAMPLES)
    own = evaluate(table, operating_point=0.3, resamples=RESAMPLES)
    assert list(report.reports()) == ["breast", "patient"]
    for unit, figures in report.reports().items():
        assert figures.auc.value == pytest.approx(own.by(unit).auc.value)
        assert figures.operating_point.confusion == own.by(unit).operating_point.confusion
    assert {row.attribute for row in report.subgroups} == {"site_id", "age_band", "laterality"}
    assert {row.unit for row in report.subgroups} == {"breast"}


def test_patient_scores_are_evaluated_by_patient_only(score, table):
    patients = to_unit(table, "patient")[["patient_id", "probability"]]
    report = evaluate_scores(score(patients), threshold=0.3, resamples=RESAMPLES)
    own = evaluate(table, operating_point=0.3, resamples=RESAMPLES).by("patient")
    assert list(report.reports()) == ["patient"]
    assert report.figures_of_merit() == own.figures_of_merit()
    assert {(row.attribute, row.unit) for row in report.subgroups} == {("site_id", "patient"), ("age_band", "patient")}


def test_scores_beyond_0_and_1_are_a_ranking_with_the_same_rank_figures(score, table):
    scores = image_scores(table)
    probabilities = evaluate_scores(score(scores), resamples=RESAMPLES)
    logits = score(scores.assign(score=100 * scores["score"] - 50))
    report = evaluate_scores(logits, resamples=RESAMPLES)
    assert (probabilities.scale, score_scale(logits), report.scale) == ("probability", "ranking", "ranking")
    for unit, figures in report.reports().items():
        assert figures.auc == probabilities.reports()[unit].auc
        assert figures.sensitivity_at_90_specificity == probabilities.reports()[unit].sensitivity_at_90_specificity
        assert (figures.brier, figures.pf1.raw, figures.pf1_intervals.raw) == (
            Estimate(value=None),
            None,
            Estimate(value=None),
        )
        assert probabilities.reports()[unit].brier.value is not None
    assert report.operating_point.confusion == probabilities.operating_point.confusion
    assert any("they are taken for a ranking: there is no Brier score, no calibration" in note for note in report.notes)
    assert any("so they are taken for probabilities." in note for note in probabilities.notes)
    ranked, logit = (evaluated.baselines.image_and_age.auc.value for evaluated in (report, probabilities))
    assert ranked == pytest.approx(logit, abs=0.02)


@pytest.mark.parametrize(("shift", "scale"), [(0.0, "probability"), (-0.001, "ranking"), (0.001, "ranking")])
def test_one_score_outside_0_to_1_makes_all_a_ranking(score, table, shift, scale):
    scores = image_scores(table).assign(score=[0.0 + min(shift, 0), 1.0 + max(shift, 0), *[0.5] * 238])
    assert score_scale(score(scores)) == scale


def test_threshold_without_a_given_one_reaches_90_percent_specificity_on_these_data_and_says_so(score, table):
    report = evaluate_scores(score(image_scores(table)), resamples=RESAMPLES)
    assert report.operating_point.specificity == pytest.approx(0.9, abs=0.02)
    assert report.operating_point.specificity >= 0.9
    assert report.threshold_from == "these data"
    assert any(
        "chosen at 90 % specificity on these same breasts, so the figures at it are too good" in note
        for note in report.notes
    )
    given = evaluate_scores(score(image_scores(table)), threshold=0.5, resamples=RESAMPLES)
    assert given.operating_point.threshold == 0.5
    assert not any("too good" in note for note in given.notes)
    with pytest.raises(ConfigError, match="finite number"):
        evaluate_scores(score(image_scores(table)), threshold=float("nan"))


def test_score_and_age_are_combined_in_folds_and_the_report_says_how(score, table):
    report = evaluate_scores(score(image_scores(table)), resamples=RESAMPLES)
    assert report.baselines.image_and_age.auc.value > report.baselines.age_only.auc.value
    assert any("a regression fitted on the other patients of these data, in 5 folds" in note for note in report.notes)


def test_without_ages_there_is_neither_age_alone_nor_score_and_age(workspace, table):
    scored = scored_on(workspace, labelled_set(workspace, table.drop(columns="age"), "ageless"), image_scores(table))
    report = evaluate_scores(scored, resamples=20)
    assert (report.baselines.age_only, report.baselines.image_and_age) == (None, None)
    assert not any("folds" in note for note in report.notes)


def test_notes_state_that_the_training_of_the_other_model_is_unknown(score, table):
    assert evaluate_scores(score(image_scores(table)), resamples=20).notes[-1] == UNKNOWN_TRAINING


def test_patient_with_a_cancer_in_the_breast_without_a_score_is_left_out(score, table):
    """Her other breast is negative, and she isn't."""
    positive = table["patient_id"].isin(["0", "4"])
    scored = score(image_scores(table[~(positive & (table["laterality"] == "R"))]))
    assert len(scored_units(scored, "breast")) == 118
    counted = counted_rows(scored, "patient")
    assert (counted.left_out, set(counted.rows["patient_id"]) & {"0", "4"}) == (2, set())
    report = evaluate_scores(scored, resamples=20)
    assert (report.units.patient.n, report.n) == (58, 118)
    assert any("2 patients are positive only by what has no score" in note for note in report.notes)


def test_units_of_one_label_at_the_top_level_are_rejected(workspace):
    """One image of each breast is positive, so that every breast is."""
    table = predictions(patients=20).assign(label=[0, 1] * 40)
    scored = scored_on(workspace, labelled_set(workspace, table), image_scores(table))
    with pytest.raises(DataError, match="The scored breasts all have the same label"):
        evaluate_scores(scored, resamples=20)


def with_predictions(bundle, table: pd.DataFrame):
    """Replace a small model's predictions; all are of its test part."""
    columns = ["patient_id", "image_id", "laterality", "label", "probability"]
    table[columns].assign(part="test").to_parquet(bundle.folder / PREDICTIONS, index=False)
    return write_card(bundle.folder, bundle.card)


@pytest.fixture
def model(workspace):
    return write_model(workspace.models / "mine")


def test_comparison_with_a_model_of_the_same_predictions_shows_no_difference(score, table, model):
    model = with_predictions(model, table.sample(frac=1, random_state=1))
    compared = compare_scores(score(image_scores(table)), model, RESAMPLES)
    assert (compared.n, compared.outside) == (120, 0)
    assert compared.gain == Estimate(value=0.0, low=0.0, high=0.0)
    assert compared.verdict == (
        "On the 120 breasts that mine was evaluated on: not distinguishable from mine (ΔAUC 0.00, 95 % CI 0.00 to 0.00)."
    )


def test_comparison_is_paired_on_the_units_that_both_have(score, table, model):
    better = predictions(patients=60, signal=0.5)
    test_part = better[better["patient_id"].astype(int) < 40]
    model = with_predictions(model, test_part)
    for scores, unit, common, outside in (
        (image_scores(table), "breast", 80, 40),
        (to_unit(table, "breast")[["patient_id", "laterality", "probability"]], "breast", 80, 40),
        (to_unit(table, "patient")[["patient_id", "probability"]], "patient", 40, 20),
    ):
        compared = compare_scores(score(scores), model, RESAMPLES)
        assert (compared.unit, compared.n, compared.outside) == (unit, common, outside)
        assert compared.gain.high < 0
        assert compared.auc.value == pytest.approx(
            evaluate(test_part, operating_point=0.5, resamples=20).by(unit).auc.value
        )
        assert (
            f"On the {common} of {common + outside} {unit}s that mine was evaluated on: worse than mine"
            in compared.verdict
        )


@pytest.mark.parametrize(("scored", "predicted"), [("CC", "CC|MLO"), ("CC|MLO", "CC")])
def test_comparison_of_partly_scored_images_takes_the_same_images_of_both(score, table, model, scored, predicted):
    model = with_predictions(model, table[table["view"].isin(predicted.split("|"))])
    compared = compare_scores(score(image_scores(table[table["view"].isin(scored.split("|"))])), model, RESAMPLES)
    assert (compared.n, compared.gain.value) == (120, 0.0)


def test_comparison_without_common_units_is_one_sentence(score, table, model):
    compared = compare_scores(score(image_scores(table)), model, RESAMPLES)  # whose test patient is "3", image "30"
    assert (compared.n, compared.gain, compared.auc) == (0, None, None)
    assert compared.verdict == "Not comparable with mine: it was evaluated on none of the scored breasts."


def test_comparison_on_units_of_one_label_is_one_sentence(score, table, model):
    model = with_predictions(model, table[table["label"] == 0])
    compared = compare_scores(score(image_scores(table)), model, RESAMPLES)
    assert compared.gain is None
    assert compared.verdict.startswith(
        "Not comparable with mine: the 105 scored breasts that it was evaluated on all have"
    )


def test_with_comparisons_adds_them(score, table, model):
    scored = score(image_scores(table))
    report = evaluate_scores(scored, resamples=20)
    compared = compare_scores(scored, model, 20)
    assert with_comparisons(report, [compared]).comparisons == (compared,)


def test_own_predictions_as_outside_scores_reach_the_figures_of_the_models_own_report(workspace):
    shutil.copytree(SHIPPED_MODELS / DEMO, workspace.models / "trained")
    bundle = open_bundle(workspace.models / "trained")
    own = bundle.evaluation_predictions()
    scored = scored_on(workspace, labelled_set(workspace, own), image_scores(own))
    report = evaluate_scores(scored, bundle.threshold)
    stored = bundle.evaluation()
    assert report.auc.value == pytest.approx(stored.auc.value)
    assert report.operating_point.confusion == stored.operating_point.confusion
    assert compare_scores(scored, bundle).gain == Estimate(value=0.0, low=0.0, high=0.0)
