import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks import _cross_validation, real
from mammo_core.dataset.splits import split_fold
from mammo_core.dataset.store import MANIFEST, open_store
from mammo_core.documents.estimate import Estimate
from mammo_core.evaluation.tables import format_ci

COMMAND = ["demo", "--folds", "2", "--epochs", "1", "--models"]


def rows_of(text):
    """Return the cells of each row of Markdown tables, by the row's name."""
    rows = [[cell.strip() for cell in line[2:-2].split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in rows}


def age_scores(images):
    """Predict each of two folds from age alone, fitted to the other fold."""
    scores = pd.Series(np.nan, index=images.index)
    for fold in (1, 2):
        test = split_fold(images, 2, fold, 0.2, 0) == "test"
        model = LogisticRegression()
        age = images[["age"]].astype(float)
        age = (age - age[~test].mean()) / age[~test].std(ddof=0)
        model.fit(age[~test], images.loc[~test, "label"].astype(int))
        scores[test] = model.predict_proba(age[test])[:, 1]
    return scores


def auc_within_folds(table):
    """Return the share of pairs of the same fold that are ordered rightly."""
    right, pairs = 0.0, 0
    for _, fold in table.groupby("fold"):
        label = fold["label"].astype(int)
        count = label.sum() * (1 - label).sum()
        right, pairs = right + roc_auc_score(label, fold["score"]) * count, pairs + count
    return right / pairs


def stop_at(monkeypatch, names, fold):
    """Record the runs that are trained, and interrupt before the run of a fold starts."""

    def run(job, *arguments):
        if job.name.endswith(f"fold{fold}of2"):
            raise KeyboardInterrupt
        names.append(job.name)
        return run_in_process(job, *arguments)

    run_in_process = _cross_validation.run_in_process
    monkeypatch.setattr(_cross_validation, "run_in_process", run)


def test_real_interrupted_after_first_fold_resumes_and_then_trains_nothing(
    finished, verify_in_process, tmp_path, capsys, monkeypatch
):
    command, trained = [*COMMAND, "age,compact", "--out", str(tmp_path / "out")], []
    with monkeypatch.context() as patch:
        stop_at(patch, trained, fold=2)
        with pytest.raises(KeyboardInterrupt):
            real.main(command)
    with monkeypatch.context() as patch:
        stop_at(patch, trained, fold=None)
        assert real.main(command) == 0
        first = capsys.readouterr().out
        assert real.main(command) == 0
    assert trained == ["compact-fold1of2", "compact-fold2of2"]
    assert capsys.readouterr().out == first

    images = open_store(finished, "demo").manifest()
    images = images.assign(fold=(split_fold(images, 2, 1, 0.2, 0) == "test").map({True: 1, False: 2}))
    breasts = images.assign(score=age_scores(images)).groupby(["patient_id", "laterality"])
    breasts = breasts.agg(label=("label", "max"), score=("score", "mean"), fold=("fold", "first"))
    by_breast, by_image, _ = rows_of(first)["Age alone"]
    assert by_breast[:5] == f"{auc_within_folds(breasts):.3f}"
    assert by_image[:5] == f"{auc_within_folds(images.assign(score=age_scores(images))):.3f}"
    compact = rows_of(first)["Compact network from scratch"]
    gain = rows_of(first)["Compact network from scratch − Age alone"]
    assert float(gain[0].split()[0]) == pytest.approx(float(compact[0][:5]) - float(by_breast[:5]), abs=0.0011)
    with_age = rows_of(first)["Compact network from scratch, with age"]
    image_over_age = rows_of(first)["Compact network from scratch, with age − Age alone"]
    assert float(image_over_age[1].split()[0]) == pytest.approx(
        float(with_age[1][:5]) - float(by_image[:5]), abs=0.0011
    )
    written = (tmp_path / "out" / "results.md").read_text()
    assert written.endswith(first)
    assert "2 patient folds" in written


def test_real_methods_that_cannot_run_have_a_row_that_says_why(finished, tmp_path, capsys):
    manifest = open_store(finished, "demo").folder / MANIFEST
    pd.read_parquet(manifest).drop(columns="age").to_parquet(manifest)
    command = ["demo", "--folds", "2", "--models", "age,statistics,shipped,shipped_fine_tuned", "--out", str(tmp_path)]
    assert real.main(command) == 0
    rows = rows_of(capsys.readouterr().out)
    assert rows["Age alone"] == ["–", "–", "The store demo has no ages."]
    assert "was prepared in another way than demo expects" in rows["Shipped model as it is"][2]
    assert "demo expects images of 256 × 256 pixels" in rows["Shipped model, fine-tuned"][2]
    assert rows["Ten global image statistics"][0].startswith("0.")


def test_real_unknown_store_ends_with_one_sentence(workspace, capsys):
    assert real.main(["nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_auc_one_of_four_pairs_misordered_is_three_quarters():
    images = pd.DataFrame({"patient_id": list("abcd"), "laterality": "L", "label": [0, 0, 1, 1], "fold": 1})
    table = real.units(images, pd.Series([0.1, 0.6, 0.5, 0.9]), "breast")
    assert format_ci(real.auc([table])).startswith("0.750 (")


def test_auc_compares_no_units_of_different_folds():
    images = pd.DataFrame({"patient_id": list("abcd"), "laterality": "L", "label": [0, 1, 0, 1], "fold": [1, 1, 2, 2]})
    table = real.units(images, pd.Series([0.1, 0.2, 0.8, 0.9]), "breast")  # over all folds, one of four pairs is wrong
    assert real.auc([table]).value == 1


def test_auc_of_several_divisions_is_their_mean_with_paired_draws():
    generator, label = np.random.default_rng(0), np.arange(200) % 2
    units = pd.DataFrame({"patient_id": np.arange(200), "label": label, "fold": np.arange(200) // 100})
    divisions = [units.assign(probability=generator.random(200) + share * label) for share in (0.2, 0.4)]
    alone = [real.auc([division]) for division in divisions]
    both = real.auc(divisions)
    assert both.value == pytest.approx((alone[0].value + alone[1].value) / 2)
    assert both.high - both.low < max(single.high - single.low for single in alone)
    gain = real.difference(divisions, divisions[::-1])
    assert (gain.value, gain.low, gain.high) == pytest.approx((0, 0, 0), abs=1e-12)
    assert real.difference(divisions[1:], divisions[:1]).value == pytest.approx(alone[1].value - alone[0].value)


def test_real_two_divisions_have_other_folds_and_one_table(finished, tmp_path, capsys):
    command = ["demo", "--folds", "2", "--models", "age,statistics", "--out", str(tmp_path)]
    means = {}
    for count in ("1", "2"):
        assert real.main([*command, "--divisions", count]) == 0
        means[count] = rows_of(capsys.readouterr().out)["Ten global image statistics"][0][:5]
    assert means["1"] != means["2"]
    assert "mean of 2 divisions into 2 patient folds" in (tmp_path / "results.md").read_text()
    assert real.main([*command, "--divisions", "0"]) == 1
    assert "At least one division" in capsys.readouterr().err


def test_pairs_leave_out_methods_that_could_not_run():
    assert real.pairs(["age", "compact", "fine_tuned", "fine_tuned+age", "shipped_fine_tuned"]) == [
        ("compact", "age"),
        ("fine_tuned", "age"),
        ("shipped_fine_tuned", "age"),
        ("fine_tuned", "compact"),
        ("shipped_fine_tuned", "compact"),
        ("fine_tuned+age", "age"),
        ("shipped_fine_tuned", "fine_tuned"),
    ]


def test_format_difference_shows_signs_and_dash_where_undefined():
    assert real.format_difference(Estimate(value=0.05, low=-0.01, high=0.11)) == "+0.050 (-0.010 to +0.110)"
    assert real.format_difference(Estimate(value=None)) == "–"
