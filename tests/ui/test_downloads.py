from types import SimpleNamespace

import pytest
import streamlit as st

from builders.app import show_component
from builders.models import write_model
from builders.predicted_images import exam_report
from ui import downloads


@pytest.fixture
def offered(monkeypatch) -> dict[str, tuple[object, str, str]]:
    """Return what is offered to download: contents, file name and media type by label."""
    files: dict[str, tuple[object, str, str]] = {}
    button = st.download_button

    def offer(label, data, name, kind, **options):
        files[label] = (data, name, kind)
        return button(label, data, name, kind, **options)

    monkeypatch.setattr(st, "download_button", offer)
    return files


@pytest.fixture
def bundle(tmp_path):
    return write_model(tmp_path / "mine")


def test_offer_exports_names_files_and_media_types(offered, bundle):
    app = show_component(downloads.offer_exports, exam_report(), bundle, 0.5)
    assert not app.exception
    assert {label: (name, kind) for label, (_, name, kind) in offered.items()} == {
        "CSV": ("predictions.csv", "text/csv"),
        "HTML report": ("report.html", "text/html"),
        "PNG": ("pictures.zip", "application/zip"),
        "DICOM": ("dicom.zip", "application/zip"),
    }
    assert [button.label for button in app.download_button] == list(offered)


@pytest.mark.parametrize("keep", [False, True])
def test_offer_exports_names_of_files_are_left_out_unless_kept(offered, bundle, monkeypatch, keep):
    archives = []
    monkeypatch.setattr(downloads, "sandbox", SimpleNamespace)
    monkeypatch.setattr(downloads, "dicom_archive", lambda *_, **options: archives.append(options))
    app = show_component(downloads.offer_exports, exam_report(), bundle, 0.5)
    app.checkbox(key="keep").set_value(keep).run()
    for label in ("CSV", "HTML report"):
        data = offered[label][0]
        text = data() if callable(data) else data
        assert ("letter" in text, "file 5" in text) == (keep, not keep), label
    assert ("date" in offered["CSV"][0]().partition("\n")[0].split(",")) == keep
    offered["DICOM"][0]()
    assert archives == [{"opacity": 0.5, "keep_identifiers": keep}]
