"""Pages show foreign text as it is: in names of files and data sets, and in values of tables."""

import json
import os

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from builders.app import open_page, show_component
from builders.archives import zipped
from builders.breasts import noisy_breast
from builders.dicom import build_dicom
from mammo_core.dicom.write import Header, dicom_bytes
from ui import link_dialog
from ui.literal import literal

IMAGE = "![x](http://host/p.png)"
FOREIGN = [IMAGE, "_1_", "$5$", ":red[x]", "<img src=x>", "[a](http://b)"]
FOLDER = "_1_ $5$ :red[x] [a](b) <img src=x>"  # a folder's name can't hold a slash


def texts_of(app: AppTest) -> list[str]:
    """Return every text of a page that Streamlit interprets as Markdown."""
    texts = []
    for element in [*app.main, *app.sidebar]:
        texts += [getattr(element, name, None) for name in ("label", "help", "caption", "delta")]
        if element.type in {
            "markdown",
            "caption",
            "error",
            "warning",
            "info",
            "success",
            "metric",
            "title",
            "subheader",
        }:
            texts.append(element.value)
        if element.type == "table":
            texts += [value for value in element.value.to_numpy().ravel() if isinstance(value, str)]
    return [text for text in texts if isinstance(text, str)]


def assert_literal(app: AppTest, *foreign: str) -> None:
    """Check that a page shows some texts, and none of them where it would be interpreted."""
    assert not app.exception
    texts = texts_of(app)
    for text in foreign:
        assert any(literal(text) in shown for shown in texts), text
        assert [shown for shown in texts if text in shown] == []


@pytest.fixture
def hostile(workspace):
    """Return a data set whose folder, views and densities are Markdown; each image of a patient is a file of its own."""
    folder = workspace.data / FOLDER
    lines = ["patient_id,image_id,laterality,view,age,cancer,density,site_id"]
    for patient in range(12):
        images = folder / "train_images" / str(patient)
        images.mkdir(parents=True)
        for number, side in enumerate("LR"):
            name = f"{patient}{number}"
            header = Header(patient=str(patient), image=name, laterality=side, view="CC", full=True)
            (images / f"{name}.dcm").write_bytes(dicom_bytes(noisy_breast(patient), header, "plain"))
            lines.append(
                f"{patient},{name},{side},{FOREIGN[patient % 6]},50,{patient % 2},{FOREIGN[patient % 6]},{FOREIGN[patient % 6]}"
            )
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    return workspace


@pytest.mark.skipif(os.name == "nt", reason="such a name of a folder is no name on Windows")
def test_data_page_hostile_names_and_values_are_literal(hostile):
    assert_literal(open_page("data"), FOLDER)


def test_overview_page_hostile_names_are_literal(hostile):
    assert_literal(open_page("overview"), FOLDER)


def test_explore_page_hostile_views_and_densities_are_literal(hostile):
    app = open_page("explore", url={"tab": "Groups"})
    assert not app.exception
    shown = texts_of(app)
    assert [text for text in shown for foreign in FOREIGN if foreign.upper() in text] == []
    assert any(literal(foreign.upper()) in text for text in shown for foreign in FOREIGN)
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    categories = [str(value) for figure in figures for trace in figure["data"] for value in trace.get("y", ())]
    assert any("&lt;IMG SRC=X&gt;" in category for category in categories)
    assert not any("<" in category for category in categories)


@pytest.mark.parametrize("patient", ["0", "3", "4"])
def test_exams_page_hostile_view_and_density_are_literal(hostile, patient):
    app = open_page("exams", url={"patient": patient, "show": "pictures"})
    foreign = FOREIGN[int(patient)].upper()
    assert_literal(app, foreign)


def test_link_folder_hostile_columns_are_literal(hostile):
    app = show_component(link_dialog.show_choices)
    app.text_input(key="link path").input(str(hostile.data / "![x](http:)"))
    app.button(key="check folder").click().run()
    assert_literal(app, "![x](http:)")
    assert app.error


def test_predict_page_hostile_members_of_a_zip_are_literal(viewed):
    app = open_page("predict")
    sound = build_dicom(noisy_breast(1), PatientID="_1_", ImageLaterality="L", ViewPosition="CC")
    members = {f"{name}.dcm": b"not an image" for name in FOREIGN} | {
        "**x**/:red[x] $5$.dcm": sound,
        "a": np.zeros(9).tobytes(),
    }
    app.file_uploader(key="files").set_value([("<b>.zip", zipped(members), "application/zip")]).run()
    assert_literal(app, *(f"{name}.dcm" for name in FOREIGN))
    assert_literal(app, "$5$.dcm")
