import numpy as np
import pandas as pd
import pytest

from mammo_core.phantoms.spec import BY_ID, RSNA_PREVALENCE, DemoSpec
from mammo_core.phantoms.table import densities, make_table

RSNA_COLUMNS = [
    "site_id",
    "patient_id",
    "image_id",
    "laterality",
    "view",
    "age",
    "cancer",
    "biopsy",
    "invasive",
    "BIRADS",
    "implant",
    "density",
    "machine_id",
    "difficult_negative_case",
]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return make_table(DemoSpec(patients=2000, seed=5))


def test_table_has_the_rsna_columns(table):
    assert list(table.columns) == RSNA_COLUMNS


def test_table_identifiers_are_unique(table):
    assert table["image_id"].is_unique
    assert table["image_id"].between(1, 2**31 - 1).all()
    assert table["patient_id"].nunique() == 2000


def test_table_prevalence_is_the_share_of_positive_patients(table):
    assert table.groupby("patient_id")["cancer"].max().sum() == 600
    rare = make_table(DemoSpec(patients=11_913, prevalence=RSNA_PREVALENCE))
    assert rare.groupby("patient_id")["cancer"].max().sum() == 486
    assert make_table(DemoSpec(patients=20, prevalence=0))["cancer"].sum() == 0


def test_table_label_is_the_same_for_all_images_of_a_breast(table):
    assert (table.groupby(["patient_id", "laterality"])["cancer"].nunique() == 1).all()
    sides = table[table["cancer"] == 1].groupby("patient_id")["laterality"].nunique()
    assert 0 < (sides == 2).sum() < 0.03 * len(sides)


def test_table_column_dependencies(table):
    positive, negative = table[table["cancer"] == 1], table[table["cancer"] == 0]
    assert (positive["biopsy"] == 1).all()
    assert not positive["difficult_negative_case"].any()
    assert (negative["invasive"] == 0).all()
    assert (positive["BIRADS"].dropna() == 0).all()
    assert negative["difficult_negative_case"].mean() == pytest.approx(0.13, abs=0.03)
    assert table.loc[table["site_id"] == 2, "density"].isna().all()
    assert table.loc[table["site_id"] == 1, "density"].notna().all()
    assert all(BY_ID[machine].site == site for machine, site in zip(table["machine_id"], table["site_id"], strict=True))


def test_table_mean_ages_by_label(table):
    means = table.groupby("cancer")["age"].mean()
    assert means[0] == pytest.approx(58.4, abs=0.7)
    assert means[1] == pytest.approx(63.7, abs=0.7)
    assert table["age"].min() >= 26
    assert table["age"].max() <= 89


def test_table_every_patient_has_four_standard_views(table):
    views = table.drop_duplicates(["patient_id", "laterality", "view"])
    standard = views[views["view"].isin(["CC", "MLO"])]
    assert (standard.groupby("patient_id").size() == 4).all()
    counts = table.groupby("patient_id").size()
    assert (counts == 4).mean() == pytest.approx(0.69, abs=0.04)
    assert counts.max() == 8


def test_table_without_nuisances_has_no_irregularities():
    plain = make_table(DemoSpec(patients=200, nuisances=False))
    assert len(plain) == 800
    assert set(plain["view"]) == {"CC", "MLO"}
    assert plain["age"].notna().all()


def test_table_missing_values_match_rsna(table):
    assert table["BIRADS"].isna().mean() == pytest.approx(0.52, abs=0.05)
    assert 0 < table["age"].isna().sum() < 20


def test_table_same_seed_is_reproducible():
    spec = DemoSpec(patients=40, seed=3)
    assert make_table(spec).equals(make_table(spec))
    assert not make_table(spec).equals(make_table(DemoSpec(patients=40, seed=4)))


def test_densities_agree_with_the_table():
    spec = DemoSpec(patients=60)
    table, true = make_table(spec), densities(spec)
    shown = table.dropna(subset="density")
    assert all(true[patient] == density for patient, density in zip(shown["patient_id"], shown["density"], strict=True))
    assert set(true) == set(np.unique(table["patient_id"]))
