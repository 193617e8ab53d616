import shutil
from dataclasses import replace

import pytest

from builders.predicted_images import decoded_image
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.pseudonyms import patient_key
from mammo_core.prediction.lookup import complete_labels, known_views

SECRET = bytes(32)
NOTHING_STATED = decoded_image(None, None, patient=None)


def test_known_views_come_from_the_tables_of_all_data_sets(workspace, phantoms):
    shutil.copytree(phantoms, workspace.data / "demo")
    row = read_catalogue(phantoms).table.iloc[0]
    views = known_views(workspace, [f"somewhere/{row['image_id']}.dcm", "other.dcm"])
    assert views == {row["image_id"]: (row["laterality"], row["view"])}


def test_known_views_follow_a_changed_table_and_skip_an_unreadable_one(workspace, phantoms):
    folder = workspace.data / "demo"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text("patient_id,image_id,laterality,view\n1,77,R,CC\n")
    assert known_views(workspace, ["77"]) == {"77": ("R", "CC")}
    shutil.copyfile(folder / "train.csv", folder / "test.csv")
    (folder / "train.csv").write_text("no table\n")
    assert known_views(workspace, ["77"]) == {}


@pytest.mark.parametrize(
    ("file", "patient"), [("1863/77.dcm", "1863"), ("holiday/77.dcm", None), ("77.dcm", None), ("1863/a.dcm", None)]
)
def test_complete_labels_takes_the_patient_from_the_folder_of_the_rsna_layout(file, patient):
    completed = complete_labels(NOTHING_STATED, file, {"77": ("R", "CC")}, SECRET)
    assert completed.patient == (patient and patient_key(patient, SECRET))


def test_complete_labels_fills_in_only_what_the_file_does_not_state():
    views = {"77": ("R", "CC")}
    filled = complete_labels(NOTHING_STATED, "77.dcm", views, SECRET)
    assert (filled.laterality, filled.view) == ("R", "CC")
    stated = replace(NOTHING_STATED, patient="p", laterality="L", view="MLO")
    assert complete_labels(stated, "1863/77.dcm", views, SECRET) == stated
