"""Figures are checked against the CSV, not against the code."""

import json

import pandas as pd
import pytest

from builders.jobs import SIZE
from builders.marks import draw
from mammo_core.dataset.catalogue import read_catalogue


def test_explore_json_matches_csv_counts(run, prepared):
    table = pd.read_csv(prepared.data / "demo" / "train.csv")
    for source in ("demo", prepared.data / "demo", prepared.data / "demo" / "train.csv"):
        status, out, _ = run("explore", source, "--json")
        document = json.loads(out)
        assert status == 0
        assert document["images"] == len(table)
        assert document["patients"] == table["patient_id"].nunique()
        assert document["breasts"] == len(table.drop_duplicates(["patient_id", "laterality"]))
        assert document["positive"]["images"] == table["cancer"].sum()
        ages = table.loc[table["cancer"] == 1, "age"].dropna()
        assert document["age"]["positive"]["n"] == len(ages)
        assert document["age"]["positive"]["median"] == ages.median()
        assert document["age"]["positive"]["std"] == pytest.approx(ages.std())
        assert document["views"] == table["view"].value_counts().to_dict()
        assert document["missing"]["density"] == table["density"].isna().sum()
        assert set(document) >= {"sites", "machines", "density", "birads"}


@pytest.mark.slow
def test_marks_are_counted_and_exported(run, prepared, tmp_path):
    catalogue = read_catalogue(prepared.data / "demo")
    image = catalogue.table.loc[catalogue.table["file"].notna(), "image_id"].iloc[0]
    assert json.loads(run("marks", "demo", "--json")[1])["marks"] == 0
    draw(prepared, catalogue, 1, image)
    draw(prepared, catalogue, 2, image, author="Bob", finding="benign")
    csv, folder = tmp_path / "lesions.csv", tmp_path / "reports"
    status, out, _ = run("marks", "demo", "--csv", csv, "--sr", folder, "--json")
    document = json.loads(out)
    assert status == 0
    assert (document["dataset"], document["marks"], document["images"], document["reports"]) == ("demo", 2, 1, 2)
    assert document["findings"] == {"malignant": 1, "benign": 1}
    assert pd.read_csv(csv, dtype={"image_id": "str"})["image_id"].tolist() == [image, image]
    assert len(list(folder.glob("*.dcm"))) == 2
    status, _, error = run("marks", "demo", "--sr", folder)
    assert (status, "isn't empty" in error) == (1, True)


def test_images_are_left_out_and_taken_back(run, prepared, tmp_path):
    image = read_catalogue(prepared.data / "demo").table["image_id"].iloc[0]
    given, kept = tmp_path / "given.csv", tmp_path / "kept.csv"
    given.write_text(f"image_id,reason\n{image},blank\n")
    status, out, _ = run("exclude", "demo", "--add", given, "--csv", kept, "--json")
    assert status == 0
    assert [(each["image_id"], each["reason"]) for each in json.loads(out)["images"]] == [(image, "blank")]
    assert pd.read_csv(kept, dtype="str")[["image_id", "reason"]].values.tolist() == [[image, "blank"]]
    assert run("exclude", "demo")[1].strip() == "1 image of this data set is left out."
    assert run("exclude", "demo", "--take-back", kept)[1].strip() == "0 images of this data set are left out."
    given.write_text("image_id\nunknown\n")
    status, _, error = run("exclude", "demo", "--add", given)
    assert (status, "doesn't name them" in error) == (1, True)
    assert "unknown" not in error


@pytest.mark.slow
def test_second_import_skips_images_already_imported(run, prepared):
    status, out, error = run("import", "demo", "--size", SIZE, "--workers", "1", "--json")
    document = json.loads(out)
    assert status == 0
    assert document["prepared"] == 0
    assert document["skipped"] + document["quarantined"] == document["total"]
    assert {entry["reason"] for entry in document["quarantine"]} == {"missing", "damaged", "blank"}
    assert all(set(entry) == {"image_id", "file", "reason", "detail"} for entry in document["quarantine"])
    assert "Traceback" not in error


@pytest.mark.parametrize(("size", "reason"), [("512x", "'512x' is no size"), ("512x330", "multiples of 32")])
def test_import_unusable_size_is_one_sentence(run, workspace, size, reason):
    status, _, error = run("import", "demo", "--size", size)
    assert status == 1
    assert reason in error
    assert len(error.strip().splitlines()) <= 2
    assert not workspace.prepared.exists()
