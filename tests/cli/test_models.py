import json

import pandas as pd
import pytest

from builders.jobs import import_in_process
from mammo_core.assessment.kept_evaluations import kept_evaluations
from mammo_core.assessment.score_match import labelled_images
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.models.bundle import open_bundle
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec


def test_predict_reports_every_file_including_unreadable(run, finished, tmp_path):
    table = pd.read_csv(finished.data / "demo" / "train.csv")
    patient = table["patient_id"].iloc[0]
    (tmp_path / "letter.dcm").write_text("not an image")
    folder = finished.data / "demo" / "train_images" / str(patient)
    status, out, _ = run(
        "predict", folder, tmp_path / "letter.dcm", "--model", "trained", "--csv", tmp_path / "a.csv", "--json"
    )
    document = json.loads(out)
    assert (status, document["model"]) == (0, "trained")
    files = list(folder.glob("*.dcm"))
    assert len(document["images"]) == len(files) + 1
    assert "isn't a DICOM file" in document["images"][-1]["error"]
    assert document["images"][-1]["probability"] is None
    assert str(patient) not in {image["patient"] for image in document["images"]}
    scored = [image for image in document["images"] if image["probability"] is not None]
    right = [image["probability"] for image in scored if image["laterality"] == "R"]
    breasts = {breast["laterality"]: breast for breast in document["breasts"]}
    assert breasts["R"]["probability"] == pytest.approx(sum(right) / len(right))
    assert document["patients"][0]["probability"] == pytest.approx(max(b["probability"] for b in breasts.values()))
    assert len(pd.read_csv(tmp_path / "a.csv")) == len(document["images"])


def test_predict_unreadable_file_has_empty_result_columns_in_csv(run, finished, tmp_path):
    (tmp_path / "a").write_bytes(b"letter")
    good = finished.data / "demo" / "train_images"
    files = sorted(good.glob("*/*.dcm"))[:4]
    status, _, _ = run("predict", tmp_path / "a", *files, "--csv", tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert status == 0
    unread = table[table["error"].notna()]
    assert "a" in set(unread["file"])
    assert unread[["patient", "patient_probability", "patient_recall", "breast_probability"]].isna().all(axis=None)


def test_evaluate_on_a_store_tells_shift_and_drift_and_is_kept(run, finished):
    generate(finished.data / "others", DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192), workers=1)
    import_in_process("others")
    status, out, _ = run("evaluate", "trained", "--data", "others", "--json")
    document = json.loads(out)
    assert (status, document["model"], document["data"], document["part"]) == (0, "trained", "others", "all")
    assert {row["measure"] for row in document["shift"]} == {"recall_rate", "sensitivity", "specificity", "ppv"}
    assert document["drift"]["images"] == document["units"]["image"]["n"]
    bundle = open_bundle(finished.models / "trained")
    assert kept_evaluations(finished, bundle)["others"].evaluation.report.n == document["n"]
    _, out, _ = run("evaluate", "trained", "--data", "others", "--by", "view", "--json")
    again = json.loads(out)
    assert {row["attribute"] for row in again["subgroups"]} == {"view"}
    assert again["auc"] == document["auc"]
    status, out, _ = run("evaluate", "trained", "--data", "others", "--delete", "--json")
    assert (status, json.loads(out)) == (0, {"schema_version": 1, "model": "trained", "data": "others"})
    assert kept_evaluations(finished, bundle) == {}
    status, out, error = run("evaluate", "trained", "--data", "others", "--delete")
    assert (status, out, error) == (1, "", "Error: There is no evaluation of trained on others.\n")


def test_evaluation_on_own_patients_is_not_deleted(run, workspace):
    status, _, error = run("evaluate", "demo", "--delete")
    assert status == 1
    assert error.startswith("Error: The evaluation on a model's own patients belongs to it.")


def test_evaluate_by_chosen_columns(run, workspace):
    status, out, _ = run("evaluate", "demo", "--by", "density", "--by", "view", "--json")
    groups = json.loads(out)["subgroups"]
    assert (status, {row["attribute"] for row in groups}) == (0, {"density", "view"})
    assert {row["p_value"] is None for row in groups} == {True, False}
    status, out, error = run("evaluate", "demo", "--by", "patient_id")
    assert (status, out) == (1, "")
    assert error.startswith("Error: There is no column 'patient_id' to group by.")


def test_need_json_document_and_sentence(run, workspace):
    given = ("need", "demo", "--half-width", "0.05", "--prevalence", "0.02", "--unit", "patient")
    status, out, _ = run(*given, "--json")
    document = json.loads(out)
    assert (status, document["model"], document["unit"], document["measure"]) == (0, "demo", "patient", "auc")
    assert document["needed"]["half_width"] <= 0.05
    assert document["needed"]["negative"] == 49 * document["needed"]["positive"]
    assert run(*given)[1].strip() == document["verdict"]
    _, out, _ = run("need", "demo", "--measure", "sensitivity", "--specificity", "0.8", "--json")
    assert json.loads(out)["at"] == 0.8


def test_need_contradictory_options_are_one_line(run, workspace):
    status, out, error = run("need", "demo", "--specificity", "0.9")
    assert (status, out) == (1, "")
    assert error.startswith("Error: A threshold or specificity belongs to a sensitivity")


def own_scores(workspace):
    """Return patient, image, side and a score of each labelled image of the data set "demo"."""
    table = pd.read_csv(workspace.data / "demo" / "train.csv", dtype=str)
    return table.assign(score=[f"{n % 17 / 17:.4f}" for n in range(len(table))])


def test_score_json_document_counts_and_figures(run, prepared, tmp_path):
    table = own_scores(prepared)
    table[["image_id", "score"]].to_csv(tmp_path / "scores.csv", index=False)
    status, out, error = run(
        "score", tmp_path / "scores.csv", "--data", "demo", "--json", "--compare", "demo", "--threshold", "0.5",
        "--html", tmp_path / "out" / "report.html",
    )  # fmt: skip
    document = json.loads(out)
    assert status == 0
    images = labelled_images(prepared, read_catalogue(prepared.data / "demo"))
    breasts = images.groupby(["patient_id", "laterality"])["label"].max()
    assert (document["unit"], document["scored"], document["data"]) == ("breast", "image", "demo")
    assert (document["n"], document["positives"]) == (len(breasts), breasts.sum())
    assert document["units"]["image"]["n"] == len(images)
    assert document["units"]["patient"]["patients"] == images["patient_id"].nunique()
    assert set(document) >= {"auc", "average_precision", "pf1", "operating_point", "baselines", "subgroups", "verdict"}
    assert document["operating_point"]["threshold"] == 0.5
    assert [row["model"] for row in document["comparisons"]] == ["demo"]
    assert "Not comparable with demo" in document["comparisons"][0]["verdict"]
    assert all(note in " ".join(error.split()) for note in document["notes"])
    assert "Not comparable with demo" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("unit", ["image", "breast", "patient"])
def test_score_subgroups_by_a_column_of_the_csv(run, prepared, tmp_path, unit):
    csv = prepared.data / "demo" / "train.csv"
    patients = pd.read_csv(csv, dtype=str)
    patients.assign(race=(patients["patient_id"].astype(int) % 2).map({0: "a", 1: "b"})).to_csv(csv, index=False)
    keys = {"image": ["image_id"], "breast": ["patient_id", "laterality"], "patient": ["patient_id"]}[unit]
    table = own_scores(prepared).drop_duplicates(keys)
    table[[*keys, "score"]].to_csv(tmp_path / "scores.csv", index=False)
    given = ("score", tmp_path / "scores.csv", "--data", "demo", "--json", "--by", "race")
    status, out, _ = run(*given)
    groups = json.loads(out)["subgroups"]
    assert status == 0
    counted = labelled_images(prepared, read_catalogue(csv)).drop_duplicates(["patient_id", "laterality"])
    counted = counted if unit != "patient" else counted.drop_duplicates("patient_id")
    odd = int((counted["patient_id"].astype(int) % 2).sum())
    assert [(row["group"], row["n"]) for row in groups] == [("a", len(counted) - odd), ("b", odd)]
    status, out, error = run(*given, "--by", "patient_id")
    assert (status, out) == (1, "")
    assert "There is no column 'patient_id' to group by" in " ".join(error.split())


def test_score_columns_unit_and_patients_are_options(run, prepared, tmp_path):
    table = own_scores(prepared).drop_duplicates(["patient_id", "laterality"])
    table = table[["patient_id", "laterality", "score"]].rename(columns={"score": "Wert", "laterality": "Seite"})
    table.to_csv(tmp_path / "breasts.csv", index=False)
    given = ("--columns", "score=Wert", "--columns", "side=Seite", "--unit", "breast")
    _, out, _ = run("score", tmp_path / "breasts.csv", "--data", "demo", "--json", *given)
    named = json.loads(out)
    assert named["scored"] == "breast"
    sides = table.pivot(index="patient_id", columns="Seite", values="Wert")
    sides[["L", "R"]].set_axis(["left_malignant", "right_malignant"], axis=1).to_csv(tmp_path / "nyu.csv", index=False)
    (tmp_path / "order.txt").write_text("\n".join(sides.index))
    _, out, _ = run("score", tmp_path / "nyu.csv", "--data", "demo", "--json", "--patients", tmp_path / "order.txt")
    assert json.loads(out)["auc"] == named["auc"]


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("image_id,score\nx,0.5\n", (), "None of the 1 scores is of one of the images of demo."),
        ("left_malignant,right_malignant\n0.1,0.2\n", (), "The file names no patients"),
        ("image_id,score\n1,0.5\n", ("--columns", "a=b"), "--columns: expected WHAT=NAME"),
        ("image_id,score\n1,0.5\n", ("--compare", "gone"), "There is no model 'gone'"),
        ("image_id,score\n1,0.5\n", ("--patients", "gone.txt"), "There is no file gone.txt"),
    ],
)
def test_score_errors_are_one_line_and_status_1(run, prepared, tmp_path, text, options, sentence):
    (tmp_path / "scores.csv").write_text(text)
    status, out, error = run("score", tmp_path / "scores.csv", "--data", "demo", *options)
    assert (status, out) == (1, "")
    assert sentence in " ".join(error.split())
