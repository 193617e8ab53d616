import json

import pandas as pd

from builders.app import show_component
from mammo_core.dataset.catalogue import read_catalogue
from ui.exam_viewer import show_patient_viewer


def test_patient_without_files_gets_one_sentence():
    app = show_component(show_patient_viewer, None, pd.DataFrame({"file": [None, None]}), None, None)
    assert [info.value for info in app.info] == ["None of the 2 files of this exam is on this machine."]
    assert not app.get("bidi_component")


def test_views_have_addresses_that_do_not_name_their_files(imported):
    catalogue = read_catalogue(imported.data / "demo")
    table = catalogue.table
    images = table[table["patient_id"] == table["patient_id"].iloc[0]]
    app = show_component(show_patient_viewer, catalogue, images, None, None)
    (element,) = app.get("bidi_component")
    text = element.proto.mixed.json or element.proto.json
    cells = [cell for exam in json.loads(text)["layout"]["exams"] for row in exam["rows"] for cell in row]
    addresses = [cell["address"] for cell in cells if cell["address"]]
    assert len(set(addresses)) == images["file"].notna().sum()
    assert ".dcm" not in text
