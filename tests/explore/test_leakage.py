import numpy as np
import pandas as pd
import pytest

from mammo_core.explore.leakage import association, leakage


@pytest.fixture
def rows():
    """A thousand patients, every tenth positive, with columns that do and don't give it away."""
    rng = np.random.default_rng(0)
    label = (np.arange(1000) % 10 == 0).astype(float)
    return pd.DataFrame(
        {
            "patient_id": np.arange(1000).astype(str),
            "cancer": label,
            "renamed": np.where(label == 1, 1, rng.random(1000) < 0.05).astype(int),  # 0 is never positive
            "always": np.where((label == 1) & (rng.random(1000) < 0.5), "x", "y"),  # x always is
            "gap": pd.Series(np.where(label == 1, "z", None), dtype="str"),  # missing is never positive
            "age": rng.normal(58 + 6 * label, 10).round(),  # a risk factor
            "noise": rng.choice(list("abc"), 1000),
        }
    )


def test_leakage_is_detected_by_statistics_not_by_name(rows):
    leaks = leakage(rows).set_index("column")
    assert leaks["leaks"].to_dict() == {
        "renamed": True, "gap": True, "always": True, "age": False, "noise": False
    }  # fmt: skip
    assert leaks.loc["renamed", "never"] == "0"
    assert leaks.loc["renamed", "never_share"] == (rows["renamed"] == 0).mean()
    assert leaks.loc["always", "always"] == "x"
    assert leaks.loc["always", "always_share"] == (rows["always"] == "x").sum() / 100
    assert leaks.loc["gap", ["never", "always", "auc"]].tolist() == ["missing", "z", 1.0]
    assert 0.6 < leaks.loc["age", "auc"] < 0.8
    assert leaks.loc["noise", "auc"] < 0.6


def test_leakage_sorts_strongest_first(rows):
    leaks = leakage(rows)
    assert leaks["leaks"].tolist() == [True, True, True, False, False]
    assert leaks["auc"].iloc[:3].is_monotonic_decreasing


def test_leakage_ignores_a_few_pure_rows(rows):
    few = rows.iloc[:40].assign(noise=["a"] * 5 + ["b"] * 35)
    assert not leakage(few).set_index("column").loc["noise", "leaks"]


@pytest.mark.parametrize("cancer", [0.0, 1.0, np.nan])
def test_leakage_without_both_labels_is_empty(rows, cancer):
    assert leakage(rows.assign(cancer=cancer)).empty


def test_association_is_1_for_copies_and_near_0_for_noise(rows):
    rows["copy"] = rows["noise"].str.upper()
    rows["constant"] = 1
    matrix = association(rows)
    assert matrix.loc["noise", "copy"] == pytest.approx(1.0, abs=0.01)
    assert matrix.loc["noise", "cancer"] < 0.1
    assert matrix.loc["cancer", "renamed"] == matrix.loc["renamed", "cancer"]
    assert matrix.loc["cancer", "renamed"] > 0.7
    assert np.isnan(matrix.loc["noise", "constant"])
    assert np.isnan(matrix.loc["noise", "noise"])
    assert matrix.stack().dropna().between(0, 1).all()
