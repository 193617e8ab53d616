import re

from mammo_core.evaluation.report import FIGURES
from mammo_core.evaluation.tables import format_ci
from mammo_core.figures.model_report import card_tables, report_html
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.workspace import Workspace


def test_report_html_is_self_contained(finished):
    bundle = open_bundle(model_folder(Workspace.from_environment(), "trained"))
    page = report_html(bundle)
    assert page.startswith("<!doctype html>")
    assert bundle.evaluation()["verdict"] in page
    assert "synthetic images only" in page
    assert "Not a medical device" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?http", page)


def test_card_tables_show_hashes_parts_and_metrics(finished):
    bundle = open_bundle(model_folder(Workspace.from_environment(), "trained"))
    tables = card_tables(bundle.card)
    assert set(tables["Files and their SHA-256"]["what"]) == {
        "model.keras", "contract.json", "predictions.parquet", "evaluation.json", "reference.npz",
        "learnt.parquet",
    }  # fmt: skip
    assert tables["Data, by part"]["part"].tolist() == ["train", "validation", "test"]
    report = bundle.evaluation()
    (merits,) = (
        table for title, table in tables.items() if title.startswith(f"Figures of merit on {report['n']} breasts")
    )
    assert merits["value"].tolist() == [format_ci(report[name]) for name in FIGURES]
