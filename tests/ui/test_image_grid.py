import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image

from builders.app import show_component, widget, without_error
from mammo_core.explore.images import PAGE
from ui.image_grid import show_images


@pytest.fixture
def links(monkeypatch):
    """The links that a component makes: outside the app there is no page to link to."""
    made = []
    monkeypatch.setattr(st, "page_link", lambda page, **options: made.append((page, options)))
    return made


def images(number: int) -> pd.DataFrame:
    cancer = pd.array([int(index == number - 1) for index in range(number)], "Int8")
    return pd.DataFrame(
        {"patient_id": "p*1*", "image_id": [f"i{index}" for index in range(number)], "laterality": "R", "view": "CC",
         "age": 50.0, "cancer": cancer, "file": None}
    )  # fmt: skip


def test_show_images_has_a_page_of_thumbnails_that_open_in_exams(tmp_path, links):
    Image.fromarray(np.full((32, 32), 99, np.uint8)).save(tmp_path / "x.png")
    table = images(PAGE + 5)
    prepared = {f"i{index}": tmp_path / "x.png" for index in range(PAGE + 4)}
    prepared[f"i{PAGE + 4}"] = tmp_path / "x.png"
    app = without_error(show_component(show_images, table.drop(index=3), prepared, {"site_id": ["1"]}))
    assert len(app.get("image")) == PAGE
    page, link = links[0]
    assert (page, link["label"]) == ("pages/exams.py", "R CC :orange-badge[positive]")  # positive ones first
    assert link["query_params"] == {"patient": "p*1*", "site_id": ["1"]}
    assert link["help"] == r"Open patient p\*1\*, 50 years in Exams"
    assert links[1][1]["label"] == "R CC :blue-badge[negative]"
    assert [caption.value for caption in app.caption] == [f"1–{PAGE} of {PAGE + 4} images"]


def test_show_images_without_any_file_says_so():
    app = without_error(show_component(show_images, images(2), {}, {}))
    assert app.info[0].value.startswith("None of these 2 images has its file on this machine")


def test_show_images_names_a_missing_prepared_image(tmp_path, links):
    app = without_error(show_component(show_images, images(1), {"i0": tmp_path / "gone.png"}, {}))
    assert "The prepared image can't be read" in app.caption[-1].value
    assert widget(app, "selectbox", "Sort by").value == "positive first"
