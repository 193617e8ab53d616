import re

import pytest

from mammo_core.evaluation.tables import format_ci
from mammo_core.figures.model_report import card_tables, report_html
from mammo_core.models.bundle import open_bundle
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS


@pytest.fixture(scope="module")
def bundle():
    return open_bundle(SHIPPED_MODELS / DEMO)


def test_report_html_is_self_contained(bundle):
    page = report_html(bundle, bundle.evaluation())
    assert page.startswith("<!doctype html>")
    assert bundle.evaluation().verdict in page
    assert "synthetic images only" in page
    assert "Not a medical device" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?http", page)


def test_card_tables_show_hashes_parts_and_metrics(bundle):
    tables = card_tables(bundle.card)
    assert set(tables["Files and their SHA-256"]["item"]) == {
        "model.keras", "contract.json", "predictions.parquet", "evaluation.json", "ood_detector.npz",
        "training_images.parquet",
    }  # fmt: skip
    assert tables["Data, by part"]["part"].tolist() == ["train", "validation", "test"]
    report = bundle.evaluation()
    (merits,) = (
        table for title, table in tables.items() if title.startswith(f"Figures of merit on {report.n} breasts")
    )
    assert merits["value"].tolist() == [format_ci(figure) for figure in report.figures_of_merit().values()]
