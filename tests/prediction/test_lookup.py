import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from builders.predicted_images import decoded_image
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dicom.pseudonyms import installation_secret, patient_key
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.lookup import FROM_NAME, ListedImage, complete_labels, known_views

SECRET = bytes(32)
NOTHING_STATED = decoded_image(None, None, patient=None)
ROOT = Path("/data/demo").absolute()
ROW = ListedImage("demo", ROOT, str(ROOT / "77.dcm"), patient_key("1863", SECRET), patient_key("77", SECRET), "R", "CC")
VIEWS = {"77": (ROW,)}


def upload(name: str) -> InputFile:
    return InputFile(name, b"", name)


def labels(decoded, file, views=VIEWS):
    completed = complete_labels(decoded, file, views, SECRET)
    return completed.laterality, completed.view, completed.notes


def test_known_views_come_from_the_tables_of_all_data_sets(workspace, phantoms):
    shutil.copytree(phantoms, workspace.data / "demo")
    row = read_catalogue(workspace.data / "demo").table.dropna(subset=["file"]).iloc[0]
    views = known_views(workspace, [f"somewhere/{row['image_id']}.dcm", "other.dcm"])
    secret = installation_secret(workspace)
    assert views == {
        row["image_id"]: (
            ListedImage(
                "demo",
                (workspace.data / "demo").absolute(),
                row["file"],
                patient_key(row["patient_id"], secret),
                patient_key(row["image_id"], secret),
                row["laterality"],
                row["view"],
            ),
        )
    }


def test_known_views_follow_a_changed_table_and_skip_an_unreadable_one(workspace, phantoms):
    folder = workspace.data / "demo"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text("patient_id,image_id,laterality,view\n1,77,R,CC\n")
    (row,) = known_views(workspace, ["77"])["77"]
    assert (row.laterality, row.view, row.file) == ("R", "CC", None)
    (folder / "train.csv").write_text("patient_id,image_id,laterality,view\n1,77,B,CC\n1,78,L,CC\n")
    assert list(known_views(workspace, ["77", "78"])) == ["78"]  # no side, so nothing to take from the table
    shutil.copyfile(folder / "train.csv", folder / "test.csv")
    (folder / "train.csv").write_text("no table\n")
    assert known_views(workspace, ["77"]) == {}


@pytest.mark.parametrize(
    ("file", "patient"),
    [
        ("1863/77.dcm", "1863"),
        ("Doe\\1863\\77.dcm", "1863"),
        ("holiday/77.dcm", None),
        ("77.dcm", None),
        ("1863/a.dcm", None),
        ("20210304/77.dcm", None),
        ("04032021/77.dcm", None),
        ("210304/77.dcm", None),
        ("Mass-Training_P_00001_LEFT_CC_1/1-1.dcm", "P_00001"),
    ],
)
def test_complete_labels_takes_the_patient_from_a_folder_that_names_one(file, patient):
    completed = complete_labels(NOTHING_STATED, upload(file), {}, SECRET)
    assert completed.patient == (patient and patient_key(patient, SECRET))


@pytest.mark.parametrize(
    ("name", "folder", "parents"),
    [
        ("a/1.dcm", "a", []),
        ("./a/b\\1.dcm", "a/b", ["a"]),
        ("a/20210304/1.dcm", None, ["a"]),
        ("2021-03-04/1.dcm", None, []),
        ("1.dcm", None, []),
    ],
)
def test_complete_labels_folder_may_stand_for_a_person_unless_it_is_a_day(name, folder, parents):
    completed = complete_labels(NOTHING_STATED, upload(name), {}, SECRET)
    assert completed.folder == (folder and patient_key(folder, SECRET))
    assert completed.parents == tuple(patient_key(parent, SECRET) for parent in parents)


def test_complete_labels_other_patient_with_a_listed_name_takes_nothing_from_the_table():
    other = replace(NOTHING_STATED, patient="p", identifier="p", instance="i")
    assert labels(other, upload("77.dcm")) == (None, None, ())
    assert labels(other, InputFile("77.dcm", Path("/elsewhere/77.dcm"), "k")) == (None, None, ())
    assert labels(NOTHING_STATED, upload("77.dcm")) == (None, None, ())


@pytest.mark.parametrize(
    ("decoded", "file"),
    [
        (replace(NOTHING_STATED, patient="p", identifier=ROW.patient), upload("77.dcm")),
        (replace(NOTHING_STATED, instance=ROW.instance), upload("77.dcm")),
        (NOTHING_STATED, upload("1863/77.dcm")),
        (NOTHING_STATED, InputFile("77.dcm", Path(ROW.file), "k")),
    ],
    ids=["patient", "SOP instance", "patient's folder", "file of the data set"],
)
def test_complete_labels_listed_image_takes_side_and_view_with_a_note(decoded, file):
    note = "Side and view come from the table of the data set demo."
    assert labels(decoded, file) == ("R", "CC", (note,))


def test_complete_labels_other_file_in_the_data_set_takes_nothing():
    other = InputFile("77.dcm", ROOT / "other" / "77.dcm", "k")
    assert labels(NOTHING_STATED, other) == (None, None, ())
    missing = {"77": (replace(ROW, file=None),)}
    assert labels(NOTHING_STATED, other, missing)[:2] == ("R", "CC")


def test_complete_labels_contradiction_of_header_and_table_is_left_open():
    stated = replace(NOTHING_STATED, identifier=ROW.patient, laterality="L", view="MLO")
    assert labels(stated, upload("77.dcm")) == (
        None,
        None,
        (
            "The header states the side L, the table of the data set demo R; it is left open.",
            "The header states the view MLO, the table of the data set demo CC; it is left open.",
        ),
    )


def test_complete_labels_axillary_tail_agrees_with_the_oblique_view_it_modifies():
    tail = {"77": (replace(ROW, view="AT"),)}
    stated = replace(NOTHING_STATED, identifier=ROW.patient, laterality="R", view="MLO", modifiers=("axillary tail",))
    assert labels(stated, upload("77.dcm"), tail) == ("R", "MLO", ())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mass-Training_P_00001_LEFT_CC_1.dcm", ("L", "CC", (FROM_NAME,))),
        ("Mass-Training_P_00001_RIGHT_MLO/1-1.dcm", ("R", "MLO", (FROM_NAME,))),
        ("R-MLO.dcm", ("R", "MLO", (FROM_NAME,))),
        ("cc.dcm", (None, None, ())),
        ("R_CC/1-1.dcm", (None, None, ())),
    ],
)
def test_complete_labels_reads_side_and_view_from_a_name_that_states_both(name, expected):
    assert labels(NOTHING_STATED, upload(name), {}) == expected


def test_complete_labels_keeps_what_the_file_states():
    stated = replace(NOTHING_STATED, patient="p", laterality="L", view="MLO")
    assert labels(stated, upload("1863/RCC.dcm"), {}) == ("L", "MLO", ())
