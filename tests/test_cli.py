"""The command line's documents, with the real core beneath. Figures are checked against the CSV, not against the code."""

import errno
import json
import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from builders.jobs import SIZE, import_in_process
from builders.marks import draw
from builders.waiting import wait_until
from mammo_core import cli
from mammo_core.assessment.kept_evaluations import kept_evaluations
from mammo_core.assessment.score_match import labelled_images
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.store import open_store
from mammo_core.jobs.folder import JobFolder
from mammo_core.models.bundle import open_bundle
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.storage import atomic


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; returns (exit status, standard output, standard error)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mammo_core", *map(str, arguments)])
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        out, error = capsys.readouterr()
        return status, out, error

    return call


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


def test_evaluate_and_runs_json_documents(run, finished):
    _, out, _ = run("evaluate", "trained", "--json")
    document = json.loads(out)
    assert (document["model"], document["unit"]) == ("trained", "breast")
    assert document["data"] is None
    assert set(document["auc"]) == set(document["average_precision"]) == {"value", "low", "high"}
    assert set(document["pf1"]) == {"raw", "best", "best_threshold", "at_threshold"}
    assert set(document["operating_point"]) >= {"threshold", "sensitivity", "specificity", "recall_rate", "ppv"}
    assert set(document["baselines"]) >= {"prevalence", "age_only"}
    _, out, _ = run("runs", "--json")
    runs = {entry["run"]: entry for entry in json.loads(out)["runs"]}
    assert runs["trained"]["state"] == "finished"
    assert runs["trained"]["auc"] == document["auc"]
    assert runs["demo"]["active"]


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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("explore", "/nowhere"), "neither a folder, a CSV file nor a known data set"),
        (("import", "nothing"), "neither a folder"),
        (("train", "nothing"), "There is no prepared store 'nothing'"),
        (("evaluate", "nothing"), "There is no model 'nothing'"),
        (("predict", "/nowhere.dcm"), "There is no file or folder"),
        (("demo", "--out", "data/demo"), "holds a data set already"),
        (("resume", "trained"), "trained is finished; only a run that was stopped, failed or crashed can be resumed."),
        (("stop", "trained"), "trained is not running."),
    ],
)
def test_invalid_argument_prints_one_error_and_exits_with_status_1(run, finished, monkeypatch, arguments, sentence):
    monkeypatch.chdir(finished.data.parent)
    status, out, error = run(*arguments)
    assert (status, out) == (1, "")
    assert sentence in " ".join(error.split())
    assert "Traceback" not in error


def test_wrong_usage_exits_with_status_2(run):
    assert run("import")[0] == 2
    assert run("explore", "demo", "--jason")[0] == 2


@pytest.mark.parametrize("setting", ["epochs=40", "colour=red", "epochs", "network=huge"])
def test_train_invalid_setting_fails_before_creating_a_run(run, finished, setting):
    status, _, error = run("train", "demo", "--set", setting)
    assert status == 1
    assert setting.split("=")[0] in error
    assert [path.name for path in (finished.models).glob("*/work.json")] == ["work.json"]


def test_unwritable_output_or_unreadable_config_fails_before_starting(run, finished):
    image = next((finished.data / "demo" / "train_images").glob("*/*.dcm"))
    folder = finished.data / "[/old]"
    folder.mkdir(parents=True)
    for arguments, sentence in [
        (("predict", image, "--csv", folder), "[/old] is a folder. Give the name of a file."),
        (("predict", image, "--csv", image / "x.csv"), "x.csv can't be written"),
        (("train", "demo", "--config", folder), "[/old] can't be read"),
    ]:
        status, out, error = run(*arguments)
        assert (status, out) == (1, "")
        assert sentence in error
    (folder / "list.json").write_text("[1]")
    status, _, error = run("train", "demo", "--config", folder / "list.json")
    assert status == 1
    assert "must be a JSON object" in error


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


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_command_on_a_disk_that_refuses_is_one_line(run, workspace, monkeypatch, number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number), "/secret/name")

    monkeypatch.setattr(atomic.Path, "touch", fail)
    for arguments in (("demo", "--patients", "4"), ("demo", "--out", workspace.data / "other", "--patients", "4")):
        status, out, error = run(*arguments)
        assert (status, out) == (1, "")
        assert error.strip().startswith("Error: ")
        assert error.strip().count("\n") == 0
        assert "secret" not in error


class Refusal:
    """Has the file system refuse the n-th use of a file below a folder; Python reports each before it happens."""

    EVENTS = (
        "open",
        "os.listdir",
        "os.scandir",
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.utime",
        "os.truncate",
    )

    def __init__(self) -> None:
        self.folder, self.remaining = None, 0
        sys.addaudithook(self.hear)  # for good: no hook can be removed

    def hear(self, event: str, arguments: tuple) -> None:
        if self.folder and event in self.EVENTS and str(arguments[0]).startswith(self.folder):
            self.remaining -= 1
            if self.remaining == 0:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/secret/name")


@pytest.fixture(scope="module")
def refusal():
    return Refusal()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("explore", "demo", "--json"),
        ("runs", "--json"),
        ("evaluate", "trained", "--json"),
        ("resume", "trained"),
        ("stop", "trained"),
        ("import", "nothing"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_error_of_the_file_system_is_one_line(run, finished, refusal, arguments):
    for number in range(1, 200):
        refusal.folder, refusal.remaining = str(finished.data.parent), number
        try:
            status, _, error = run(*arguments)
        finally:
            refusal.folder = None
        assert status in (0, 1), number
        assert "Traceback" not in error
        assert "secret" not in error
        lines = [line for line in error.splitlines() if line.startswith("Error: ")]
        assert len(lines) == status, (number, error)
        if refusal.remaining > 0:
            break  # nothing was refused any more
    assert number > 1


def test_interruption_from_the_keyboard_is_one_line_and_status_130(run, workspace, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("mammo_core.jobs.process.run_in_process", interrupt)
    status, out, error = run("demo")
    assert (status, out, error.strip()) == (130, "", "Interrupted.")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_interrupted_command_ends_with_one_line_and_a_state(workspace):
    command = [sys.executable, "-m", "mammo_core", "demo", "--patients", "500"]
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a background process would inherit that it's ignored
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    folder = JobFolder(workspace.data / "demo")
    try:
        wait_until(lambda: folder.exists and folder.progress() is not None)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out, error.strip().splitlines()[-1]) == (130, "", "Interrupted.")
    assert "Traceback" not in error
    assert folder.written_state().state == "stopped"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other pipes")
def test_output_into_a_pipe_that_was_closed_is_no_traceback(workspace):
    command = [sys.executable, "-m", "mammo_core", "runs", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 1
    process.stderr.close()


def test_scheduler_that_ends_the_connection_is_one_line(run, workspace, monkeypatch):
    def reset(*_):
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    monkeypatch.setattr("mammo_core.jobs.process.run_in_process", reset)
    status, out, error = run("demo")
    assert (status, out) == (1, "")
    assert error.strip() == (
        "Error: The other side has ended the connection. Check the drive or the network connection and try again."
    )


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EROFS, "The file system is read-only"),
        (errno.EIO, "The drive reports an input or output error"),
    ],
)
def test_data_folder_that_refuses_writes_can_be_explored_and_its_import_is_one_line(
    run, prepared, monkeypatch, number, what
):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number), "/secret/name")

    explored, listed = run("explore", "demo", "--json")[1], run("runs", "--json")[1]
    monkeypatch.setattr(atomic.Path, "touch", fail)
    monkeypatch.setattr(atomic.tempfile, "TemporaryFile", fail)
    monkeypatch.setattr(os, "mkdir", fail)
    assert run("explore", "demo", "--json")[:2] == (0, explored)
    assert run("runs", "--json")[:2] == (0, listed)
    image = next((prepared.data / "demo" / "train_images").glob("*/*.dcm"))
    for arguments in (
        ("import", "demo", "--size", "96", "--workers", "1"),
        ("import", "demo", "--size", SIZE, "--workers", "1"),
        ("predict", image, "--csv", prepared.data / "out.csv"),
    ):
        status, out, error = run(*arguments)
        assert (status, out) == (1, "")
        (line,) = error.strip().splitlines()
        assert line.startswith("Error: ")
        assert what in line
        assert "secret" not in line
    assert open_store(prepared, "demo").manifest()["png"].notna().all()


def test_files_where_folders_are_needed_cost_only_their_own_rows(run, prepared):
    prepared.models.mkdir(exist_ok=True)
    for path in (prepared.models / "run", prepared.data / "set", prepared.prepared / "store"):
        path.write_bytes(b"")
    assert [entry["run"] for entry in json.loads(run("runs", "--json")[1])["runs"]] == ["demo"]
    assert run("explore", "demo", "--json")[0] == 0
    for arguments, sentence in (
        (("import", "demo", "--name", "store", "--size", SIZE), "A file "),
        (("resume", "run"), "run is not a training run"),
        (("stop", "run"), "run is not running"),
        (("evaluate", "run"), "There is no model 'run'"),
    ):
        status, out, error = run(*arguments)
        assert (status, out) == (1, "")
        (line,) = error.strip().splitlines()
        assert sentence in line


def test_runs_and_explore_beside_damaged_and_foreign_folders_show_the_others(run, workspace):
    for name, contents in {"nul": b"\0\0", "foreign": b"[]", "empty": b""}.items():
        for root in (workspace.models, workspace.data, workspace.prepared):
            (root / name).mkdir(parents=True)
            (root / name / "work.json").write_bytes(contents)
    (workspace.models / "folder" / "card.json").mkdir(parents=True)
    (workspace.prepared / "nul" / "contract.json").write_bytes(b"\0")
    status, out, _ = run("runs", "--json")
    states = {entry["run"]: entry["state"] for entry in json.loads(out)["runs"]}
    assert status == 0
    assert states == {"nul": "unreadable", "foreign": "unreadable", "empty": "unreadable", "demo": "shipped"}


@pytest.mark.skipif(sys.platform == "win32", reason="names are text on Windows")
def test_explore_and_runs_of_latin1_names_write_them_as_they_came(run, workspace):
    name = os.fsdecode(b"M\xfcller")
    for root, file in ((workspace.data, "train.csv"), (workspace.models, "work.json")):
        (root / name).mkdir(parents=True)
        (root / name / file).write_text("patient_id,image_id,laterality,view\n10,1,L,CC\n")
    status, out, _ = run("explore", workspace.data / name, "--json")
    assert (status, json.loads(out)["images"]) == (0, 1)
    assert run("explore", name, "--json")[1] == out
    status, out, _ = run("runs", "--json")
    assert json.loads(out)["runs"][0]["run"] == name
    assert json.loads(out)["runs"][0]["folder"] == str(workspace.models / name)


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
