import shutil

from mammo_core.assessment.model_table import model_table, read_report
from mammo_core.documents.job import RunSummary
from mammo_core.documents.report import EvaluationReport
from mammo_core.evaluation.tables import format_ci
from mammo_core.models.bundle import EVALUATION
from mammo_core.models.registry import DEMO, model_folder, write_note
from mammo_core.workspace import Workspace

COLUMNS = [
    "model", "active", "AUC by breast (95 % CI)", "gain over age (95 % CI)", "verdict", "data", "created", "state", "network",
    "epochs", "note", "settings",
]  # fmt: skip


def demo_run(workspace: Workspace) -> RunSummary:
    folder = model_folder(workspace, DEMO)
    auc = EvaluationReport.read(folder / EVALUATION).auc
    return RunSummary(run=DEMO, state="shipped", epochs=3, auc=auc, active=True, folder=str(folder))


def test_model_table_has_a_row_for_each_run_with_and_without_a_model(workspace):
    empty = workspace.models / "empty"
    empty.mkdir(parents=True)
    unfinished = RunSummary(run="empty", state="running", epochs=None, auc=None, active=False, folder=str(empty))
    demo = demo_run(workspace)
    report = EvaluationReport.read(model_folder(workspace, DEMO) / EVALUATION)
    table = model_table(workspace, [unfinished, demo])
    assert list(table) == COLUMNS
    rows = table.set_index("model").astype(object)
    assert rows.loc[DEMO, "AUC by breast (95 % CI)"] == format_ci(demo.auc)
    assert rows.loc[DEMO, ["active", "state", "epochs", "verdict"]].tolist() == ["active", "shipped", 3, report.verdict]
    assert rows.loc["empty", "state"] == "running"
    assert rows.loc["empty", ["active", "network", "data", "epochs", "verdict", "settings"]].isna().all()


def test_model_table_without_runs_is_empty(workspace):
    assert model_table(workspace, []).empty


def test_model_table_shows_the_note(workspace):
    shutil.copytree(model_folder(workspace, DEMO), workspace.models / "noted")
    write_note(workspace, "noted", " a first try ")
    run = demo_run(workspace).model_copy(update={"run": "noted"})
    assert model_table(workspace, [run])["note"].tolist() == ["a first try"]


def test_model_table_reads_each_report_once(workspace, monkeypatch):
    run = demo_run(workspace)
    read, paths = EvaluationReport.read, []
    monkeypatch.setattr(EvaluationReport, "read", lambda path: paths.append(path) or read(path))
    model_table(workspace, [run])
    assert [path.parent.name for path in paths] == [DEMO]


def test_read_report_damaged_or_missing_is_none(tmp_path):
    assert read_report(tmp_path) is None
    for name in ("card.json", EVALUATION):
        (tmp_path / name).write_text("{")
    assert read_report(tmp_path) is None
