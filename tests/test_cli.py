"""The command line's documents, with the real core beneath. Figures are checked against the CSV, not against the code."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest

from builders.jobs import SIZE
from builders.waiting import wait_until
from mammo_core.dataset.store import open_store
from mammo_core.jobs.folder import JobFolder
from mammo_core.storage import atomic


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
