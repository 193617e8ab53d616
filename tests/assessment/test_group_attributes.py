import shutil

import pandas as pd
import pytest

from mammo_core.assessment.group_attributes import (
    acquisitions_version,
    attributed_predictions,
    attributes_version,
    report_groups,
    scored_with_attributes,
    usual_attributes,
    with_attributes,
)
from mammo_core.assessment.kept_evaluations import make_evaluation
from mammo_core.assessment.score_match import ScoredData, labelled_images
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.store import ACQUISITION, open_store
from mammo_core.errors import DataError
from mammo_core.evaluation.subgroups import offered_attributes
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.settings import SHIPPED_MODELS


@pytest.fixture
def bundle(finished) -> Bundle:
    """The model of a store whose CSV tells more than a catalogue holds."""
    csv = open_store(finished, "demo").read_csv_path()
    table = pd.read_csv(csv, dtype=str)
    table["race"] = (table["patient_id"].astype(int) % 2).map({0: "a", 1: "b"})
    table["PatientName"] = "Doe^" + table["patient_id"]
    table.to_csv(csv, index=False)
    return open_bundle(finished.models / "trained")


def test_with_attributes_adds_the_other_columns_of_the_csv(finished, bundle):
    predictions = bundle.evaluation_predictions()
    table = with_attributes(finished, predictions, "demo")
    assert table[list(predictions)].equals(predictions)
    expected = (predictions["patient_id"].astype(int) % 2).map({0: "a", 1: "b"})
    assert table["race"].tolist() == expected.tolist()
    assert "race" in offered_attributes(table)
    assert "PatientName" not in offered_attributes(table)


def test_with_attributes_adds_how_images_were_acquired(finished, bundle):
    store = open_store(finished, "demo")
    table = store.acquisitions()
    table["exposure"] = range(len(table))
    table.to_parquet(store.folder / ACQUISITION)
    joined = with_attributes(finished, bundle.evaluation_predictions(), "demo")
    expected = table.set_index("image_id")["exposure"].loc[joined["image_id"]]
    assert joined["exposure"].tolist() == expected.tolist()
    assert attributed_predictions(finished, bundle)[1] == ""
    (store.folder / ACQUISITION).unlink()
    table, note = attributed_predictions(finished, bundle)
    assert "race" in table
    assert "exposure" not in table
    assert note.startswith("The store demo was imported by an earlier version, without values from the images' headers")


def test_scored_with_attributes_adds_what_the_headers_of_each_image_tell(prepared):
    store = open_store(prepared, "demo")
    acquired = store.acquisitions()
    acquired["exposure"] = range(len(acquired))
    acquired.to_parquet(store.folder / ACQUISITION)
    csv = store.read_csv_path()
    labelled = labelled_images(prepared, read_catalogue(csv))
    exposure = labelled["image_id"].map(acquired.set_index("image_id")["exposure"])
    scores = labelled.assign(probability=0.5)
    joined = scored_with_attributes(prepared, ScoredData(scores, labelled, "demo", "image", ()), csv)
    assert joined["exposure"].notna().sum() > 20
    assert joined["exposure"].equals(exposure)  # unknown for images that the store lacks
    breasts = to_unit(scores, "breast").drop(columns=["image_id", "view", "file"])
    joined = scored_with_attributes(prepared, ScoredData(breasts, labelled, "demo", "breast", ()), csv)
    keys = ["patient_id", "laterality"]
    first = labelled.assign(exposure=exposure).groupby(keys)["exposure"].first()
    assert joined.set_index(keys)["exposure"].equals(first.loc[pd.MultiIndex.from_frame(joined[keys])])


def test_attributed_predictions_without_the_store_say_so(workspace):
    demo = open_bundle(SHIPPED_MODELS / "demo")
    table, note = attributed_predictions(workspace, demo)
    assert table.equals(demo.evaluation_predictions())
    assert note.startswith("Only columns that the predictions themselves hold can be used: There is no prepared store")
    assert usual_attributes(table) == ["site_id", "machine_id", "age_band", "density", "implant", "laterality", "view"]


def test_attributes_version_changes_with_the_csv_and_the_headers(finished, bundle):
    store = open_store(finished, "demo")
    versions = [attributes_version(finished, bundle)]
    csv = store.read_csv_path()
    csv.write_text(csv.read_text() + "\n")
    versions.append(attributes_version(finished, bundle))
    (store.folder / ACQUISITION).unlink()
    versions.append(attributes_version(finished, bundle))
    assert len(set(versions)) == 3
    assert attributes_version(finished, bundle) == versions[-1]
    shutil.rmtree(store.folder)
    assert attributes_version(finished, bundle) == ""


def test_attributed_predictions_of_an_evaluation_on_a_store(finished, bundle):
    make_evaluation(finished, bundle, "demo")
    table, note = attributed_predictions(finished, bundle, "demo")
    assert {"race", "exposure"} <= set(table)
    assert (table["patient_id"].tolist(), note) == (bundle.evaluation_predictions()["patient_id"].tolist(), "")
    shutil.rmtree(open_store(finished, "demo").folder)
    table, note = attributed_predictions(finished, bundle, "demo")
    assert "race" not in table
    assert note.startswith("Only columns that the predictions themselves hold can be used")
    with pytest.raises(DataError, match="isn't readable"):
        attributed_predictions(finished, bundle, "others")


def test_attributes_version_of_a_store_changes_with_the_evaluation(finished, bundle):
    versions = [attributes_version(finished, bundle, "demo")]
    make_evaluation(finished, bundle, "demo")
    versions.append(attributes_version(finished, bundle, "demo"))
    shutil.rmtree(open_store(finished, "demo").folder)
    versions.append(attributes_version(finished, bundle, "demo"))
    assert len(set(versions)) == 3
    assert versions[2] != ""


def test_acquisitions_version_changes_with_the_headers_of_a_store(finished, bundle):
    store = open_store(finished, "demo")
    csv = store.read_csv_path()
    before = acquisitions_version(finished, csv)
    (store.folder / ACQUISITION).unlink()
    assert before != acquisitions_version(finished, csv) != ""
    shutil.rmtree(store.folder)
    assert acquisitions_version(finished, csv) == ""


def test_report_groups_of_own_patients_and_of_a_store(finished, bundle):
    own = report_groups(finished, bundle, ["race"])
    assert {(row.attribute, row.group) for row in own} <= {("race", "a"), ("race", "b")}
    make_evaluation(finished, bundle, "demo")
    assert report_groups(finished, bundle, ["race"], "demo") == own
    with pytest.raises(DataError, match="no column 'PatientName' to group by"):
        report_groups(finished, bundle, ["PatientName"], "demo")
