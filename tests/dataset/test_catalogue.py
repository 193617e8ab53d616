import os

import pandas as pd
import pytest

from mammo_core.dataset.catalogue import COLUMNS, read_catalogue, read_other_columns
from mammo_core.errors import DataError
from mammo_core.storage.path_text import text_path

HEADER = "patient_id,image_id,laterality,view,cancer\n"


def folder_with(tmp_path, text, name="train.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path


def write_file(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return str(path)


def test_read_catalogue_rsna_layout(tmp_path):
    root = folder_with(tmp_path, HEADER + "10,1,L,CC,0\n10,2,R,mlo,1\n")
    first = write_file(tmp_path, "train_images/10/1.dcm")
    catalogue = read_catalogue(root)
    assert catalogue.table["file"].tolist()[0] == first
    assert catalogue.table["file"].isna().tolist() == [False, True]
    assert catalogue.missing_files == 1
    assert catalogue.table["view"].tolist() == ["CC", "MLO"]
    assert catalogue.table["cancer"].tolist() == [0, 1]
    assert catalogue.columns == ("patient_id", "image_id", "laterality", "view", "cancer")


@pytest.mark.parametrize("image_id", ["1", "1.2.840.99.1"])  # the second is a UID
@pytest.mark.parametrize(
    "layout",
    ["train_images/{}.dcm", "train_images/other/{}.dcm", "train_images/10/{}", "10/{}.dcm", "{}.dcm", "{}"],
)
def test_read_catalogue_finds_files_in_other_layouts(tmp_path, image_id, layout):
    root = folder_with(tmp_path, HEADER + f"10,{image_id},L,CC,0\n")
    file = write_file(tmp_path, layout.format(image_id))
    assert read_catalogue(root).table["file"].tolist() == [file]


def test_read_catalogue_test_csv_is_unlabelled(tmp_path):
    root = folder_with(tmp_path, "patient_id,image_id,laterality,view,age\n10,1,L,CC,61\n", "test.csv")
    file = write_file(tmp_path, "test_images/10/1.dcm")
    catalogue = read_catalogue(root)
    assert not catalogue.labelled
    assert catalogue.table["file"].tolist() == [file]
    assert catalogue.table["age"].tolist() == [61.0]


def test_read_catalogue_types_all_rsna_columns(tmp_path):
    root = folder_with(
        tmp_path,
        "site_id,patient_id,image_id,laterality,view,age,cancer,biopsy,invasive,BIRADS,implant,density,machine_id,"
        "difficult_negative_case\n2,010,1,L,CC,,0,0,0,,0,,29,False\n1,10,2,R,CC,89.0,1,1,0,0.0,1,b,49,True\n",
    )
    table = read_catalogue(root).table
    assert table["patient_id"].tolist() == ["010", "10"]
    assert table["BIRADS"].isna().tolist() == [True, False]
    assert table["difficult_negative_case"].tolist() == [0, 1]
    assert table["density"].tolist()[1] == "B"
    assert pd.isna(table["age"].tolist()[0])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "isn't readable as a CSV"),
        ("patient_id,image_id\n1,2\n", "lacks the columns laterality, view"),
        (HEADER, "lists no images"),
        (HEADER + "10,1,L,CC,0\n10,1,R,CC,0\n", "lists 1 image_id more than once"),
        (
            HEADER + "1_2,3,L,CC,0\n1,2_3,R,CC,0\n",
            "1 images share the prepared file name .* with another image .first in line 3",
        ),
        (HEADER + "10,1,X,CC,0\n", "laterality are not usable, the first in line 2"),
        (
            HEADER + "10,1,L,CC,0\n10,2,L,CC,maybe\n",
            r"cancer are not usable, the first in line 3 \(value 'maybe'\)",
        ),
        (HEADER + "../../etc,1,L,CC,0\n", "patient_id are not usable"),
        (HEADER + "10,1,L,,0\n", "view are not usable"),
        (HEADER + '10,1,L,CC,0\n10,"2', "isn't readable as a CSV"),
    ],
)
def test_read_catalogue_malformed_csv_raises_data_error(tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        read_catalogue(folder_with(tmp_path, text))


def test_read_catalogue_error_omits_patient_identifier(tmp_path):
    with pytest.raises(DataError) as caught:
        read_catalogue(folder_with(tmp_path, HEADER + "Jane Doe,1,L,CC,0\n"))
    assert "Jane" not in str(caught.value)


def test_read_catalogue_missing_folder_or_csv_raises_data_error(tmp_path):
    with pytest.raises(DataError, match="There is no folder"):
        read_catalogue(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no train\.csv"):
        read_catalogue(tmp_path)


def test_read_catalogue_never_takes_files_of_other_patients(tmp_path):
    root = folder_with(tmp_path, HEADER + "10,1,L,CC,0\n11,2,R,CC,1\n10,3,R,CC,0\n10,4,L,MLO,0\n")
    third = write_file(tmp_path, "train_images/10/3.dcm")
    fourth = write_file(tmp_path, "train_images/10/series/4.dcm")
    for name in ("train_images/99/1.dcm", "train_images/10/2.dcm"):
        write_file(tmp_path, name)
    files = read_catalogue(root).table["file"]
    assert files.isna().tolist() == [True, True, False, False]
    assert files.tolist()[2:] == [third, fourth]


def test_read_catalogue_ignores_an_unreadable_second_csv(tmp_path):
    (tmp_path / "notes.csv").write_text('"' + "x" * 200_000)
    assert len(read_catalogue(folder_with(tmp_path, HEADER + "10,1,L,CC,0\n", "labels.csv")).table) == 1


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + "10,1,L,CC,0\n",
        '"patient_id","image_id","laterality","view","cancer"\n"10","1","L","CC","0"\n',
        HEADER.replace(",", ", ") + "10, 1, L, CC, 0\n",
    ],
    ids=["from Excel", "quoted", "spaces"],
)
def test_read_catalogue_csv_dialects(tmp_path, text):
    (table,) = read_catalogue(folder_with(tmp_path, text, "labels.csv")).table.to_dict("records")
    assert (table["patient_id"], table["image_id"], table["cancer"]) == ("10", "1", 0)


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_read_catalogue_other_separators_are_read_with_a_note(tmp_path, separator, name):
    text = "patient_id,image_id,laterality,view,age\n".replace(",", separator) + "10|1|L|CC|57,5\n".replace(
        "|", separator
    )
    catalogue = read_catalogue(folder_with(tmp_path, text))
    assert catalogue.table.loc[0, ["patient_id", "image_id", "age"]].tolist() == ["10", "1", 57.5]
    assert catalogue.notes[0] == f"train.csv separates its columns by {name}, and was read so."


@pytest.mark.parametrize(("extra", "noted"), [(",", False), (",x", True)])
def test_read_catalogue_rows_with_more_values_than_names_keep_their_columns(tmp_path, extra, noted):
    catalogue = read_catalogue(folder_with(tmp_path, HEADER + f"10,1,L,CC,0{extra}\n10,2,R,CC,1{extra}\n"))
    assert catalogue.table["image_id"].tolist() == ["1", "2"]
    assert catalogue.table["cancer"].tolist() == [0, 1]
    note = "train.csv: rows have more values than the header has names; those beyond are left out."
    assert (note in catalogue.notes) == noted


def test_read_catalogue_column_names_in_another_spelling_are_known(tmp_path):
    text = "Patient_ID,Image ID,LATERALITY,View,Cancer,birads\n10,1,L,CC,1,4\n"
    row = read_catalogue(folder_with(tmp_path, text)).table.iloc[0]
    assert row[["patient_id", "image_id", "view", "cancer", "BIRADS"]].tolist() == ["10", "1", "CC", 1, 4]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_read_catalogue_utf_16_with_or_without_its_mark_is_read(tmp_path, encoding):
    (tmp_path / "train.csv").write_bytes((HEADER + "10,1,L,CC,0\n").encode(encoding))
    assert read_catalogue(tmp_path).table["image_id"].tolist() == ["1"]


def test_read_catalogue_parses_age_birads_and_null_variants(tmp_path):
    text = HEADER.replace("cancer", "cancer,age,BIRADS,density") + "10,1,L,CC,NULL,055Y,4a,N/A\n"
    (row,) = read_catalogue(folder_with(tmp_path, text)).table.to_dict("records")
    assert (row["age"], row["BIRADS"]) == (55.0, 4)
    assert pd.isna(row["cancer"])
    assert pd.isna(row["density"])


@pytest.mark.parametrize("column", ["image_id", "laterality"])
def test_read_catalogue_error_omits_possible_names_and_birth_dates(tmp_path, column):
    row = {"patient_id": "10", "image_id": "1", "laterality": "L", "view": "CC", "cancer": "0", "age": "50"}
    row[column] = "DOE^JANE 19500312"
    with pytest.raises(DataError, match=f"{column} are not usable, the first in line 2") as caught:
        read_catalogue(folder_with(tmp_path, ",".join(row) + "\n" + ",".join(row.values()) + "\n"))
    assert "1950" not in str(caught.value)


@pytest.mark.parametrize(
    "column", ["exam_id", "study_id", "StudyInstanceUID", "Study_UID", "AccessionNumber", "acc_anon"]
)
def test_read_catalogue_column_of_exams_becomes_exam_id(tmp_path, column):
    text = f"patient_id,image_id,laterality,view,{column}\n10,1,L,CC,a\n10,2,L,CC,b\n10,3,L,CC,\n"
    table = read_catalogue(folder_with(tmp_path, text)).table
    assert table["exam_id"].fillna("missing").tolist() == ["a", "b", "missing"]
    assert table["exam_date"].isna().all()


def test_read_catalogue_date_tells_exams_apart_where_no_identifier_does(tmp_path):
    rows = "10,1,L,CC,20210304\n10,2,L,CC,2019-03-04 00:00:00\n10,3,L,CC,unknown\n"
    table = read_catalogue(folder_with(tmp_path, "patient_id,image_id,laterality,view,study_date\n" + rows)).table
    assert table["exam_id"].tolist() == ["20210304", "2019-03-04 00:00:00", "unknown"]
    assert table["exam_date"].fillna("missing").tolist() == ["2021-03-04", "2019-03-04", "missing"]


def test_read_catalogue_without_a_column_of_exams_has_no_exam_id(tmp_path):
    table = read_catalogue(folder_with(tmp_path, HEADER + "10,1,L,CC,0\n")).table
    assert set(table.columns) == set(COLUMNS)


@pytest.mark.parametrize(
    ("column", "value", "expected", "sentence"),
    [
        (
            "age",
            "90+",
            None,
            "age are not usable, the first in line 3; expected years from 0 to 130.",
        ),
        (
            "age",
            "131",
            None,
            "age are not usable, the first in line 3; expected years from 0 to 130.",
        ),
        (
            "BIRADS",
            "7",
            None,
            "BIRADS are not usable, the first in line 3 (value '7'); expected 0 to 6.",
        ),
        (
            "biopsy",
            "yes",
            None,
            "biopsy are not usable, the first in line 3 (value 'yes'); expected 0 or 1.",
        ),
        ("BIRADS", "BI-RADS 4", 4, None),
        ("BIRADS", "3.0", 3, None),
    ],
)
def test_read_catalogue_odd_value_of_optional_column_is_missing_and_named(tmp_path, column, value, expected, sentence):
    write_file(tmp_path, "train_images/10/1.dcm")
    text = HEADER.replace("cancer", f"cancer,{column}") + f"10,1,L,CC,0,1\n10,2,R,CC,1,{value}\n"
    catalogue = read_catalogue(folder_with(tmp_path, text))
    read = catalogue.table[column].tolist()[1]
    assert pd.isna(read) if expected is None else read == expected
    assert catalogue.table[column].tolist()[0] == 1
    assert catalogue.table["cancer"].tolist() == [0, 1]
    expected_note = f"train.csv: 1 of 2 values of {sentence} They count as missing."
    assert catalogue.notes == ((expected_note,) if sentence else ())


def test_read_catalogue_note_omits_a_birth_date(tmp_path):
    text = HEADER.replace("cancer", "age") + "10,1,L,CC,DOE^JANE 19500312\n"
    catalogue = read_catalogue(folder_with(tmp_path, text))
    assert "age are not usable" in catalogue.notes[0]
    assert "1950" not in catalogue.notes[0]


@pytest.mark.parametrize("side", ["B", "", "n/a", "both", "X"])
def test_read_catalogue_row_without_a_usable_side_is_counted_and_the_others_are_read(tmp_path, side):
    write_file(tmp_path, "train_images/10/1.dcm")
    text = HEADER + f"10,1,L,CC,0\n10,2,{side},CC,1\n11,3,right,MLO,0\n"
    catalogue = read_catalogue(folder_with(tmp_path, text))
    assert catalogue.table["laterality"].fillna("missing").tolist() == ["L", "missing", "R"]
    assert [image.has_side for image in catalogue.images()] == [True, False, True]
    assert catalogue.notes == (
        "train.csv: 1 of 3 values of laterality are not usable, the first in line 3; expected L or R. "
        "Such an image belongs to no breast and is left out.",
    )


@pytest.mark.parametrize("separator", [",", ";"])
def test_read_catalogue_separator_line_of_excel_is_followed(tmp_path, separator):
    text = f"sep={separator}\r\n" + (HEADER + "10,1,L,CC,0\n10,2,L,CC,x\n").replace(",", separator)
    with pytest.raises(DataError, match="cancer are not usable, the first in line 4"):
        read_catalogue(folder_with(tmp_path, text))
    good = folder_with(tmp_path, text.replace("x", "1"), "labels.csv")
    (good / "train.csv").unlink()
    assert read_catalogue(good).table["image_id"].tolist() == ["1", "2"]


def test_read_catalogue_rows_of_commas_are_left_out_and_counted(tmp_path):
    write_file(tmp_path, "train_images/10/1.dcm")
    text = HEADER + "10,1,L,CC,0\n,,,,\n , ,,,\n10,2,L,MLO,1\n,,,,\n"
    catalogue = read_catalogue(folder_with(tmp_path, text))
    assert catalogue.table["image_id"].tolist() == ["1", "2"]
    assert catalogue.table.index.tolist() == [0, 1]
    assert catalogue.notes == ("train.csv: 3 empty rows are left out.",)


def test_read_catalogue_identifiers_made_numbers_are_kept_and_find_their_files(tmp_path):
    file = write_file(tmp_path, "train_images/10006/462822612.dcm")
    catalogue = read_catalogue(folder_with(tmp_path, HEADER + "10006.0,462822612.0,L,CC,0\n"))
    (row,) = catalogue.table.to_dict("records")
    assert (row["patient_id"], row["image_id"], row["file"]) == ("10006.0", "462822612.0", file)


def test_read_catalogue_latin1_table_is_read_with_a_note(tmp_path):
    write_file(tmp_path, "train_images/10/1.dcm")
    (tmp_path / "train.csv").write_bytes(
        (HEADER.replace("cancer", "site_id") + "10,1,L,CC,K\xf6ln\n").encode("latin-1")
    )
    catalogue = read_catalogue(tmp_path)
    assert catalogue.table["site_id"].tolist() == ["Köln"]
    assert catalogue.notes == ("train.csv is not UTF-8 and was read as Western European (cp1252).",)


def test_read_catalogue_without_any_file_says_what_is_expected(tmp_path):
    (note,) = read_catalogue(folder_with(tmp_path, HEADER + "10,1,L,CC,0\n")).notes
    assert note.startswith(f"None of the 1 images has a file in {tmp_path}. Expected: ")


def test_read_catalogue_folders_pipes_and_broken_links_beside_the_table_are_passed_over(tmp_path):
    folder_with(tmp_path, HEADER + "10,1,L,CC,0\n", "labels.csv")
    (tmp_path / "x.csv").mkdir()
    (tmp_path / "train.csv").mkdir()
    (tmp_path / "other.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "._labels.csv").write_text(HEADER + "10,1,L,CC,0\n")
    os.mkfifo(tmp_path / "pipe.csv")
    assert read_catalogue(tmp_path).csv.name == "labels.csv"


def test_read_catalogue_latin1_folder_is_storable_and_leads_to_the_file(tmp_path):
    root = tmp_path / os.fsdecode(b"M\xfcller")
    file = root / "train_images" / os.fsdecode(b"10\xe4") / "1.dcm"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    (text,) = read_catalogue(folder_with(root, HEADER + "10,1,L,CC,0\n")).table["file"]
    text.encode()
    assert text_path(text).read_bytes() == b"x"


def test_read_catalogue_same_names_in_each_patients_folder_are_different_files(tmp_path):
    files = [write_file(tmp_path, f"train_images/{patient}/1-1.dcm") for patient in ("A", "B")]
    write_file(tmp_path, "train_images/A/1-2.dcm")
    catalogue = read_catalogue(folder_with(tmp_path, HEADER + "A,1-1,L,CC,0\nB,1-1,L,CC,1\n"))
    assert catalogue.table["image_id"].tolist() == ["A_1-1", "B_1-1"]
    assert catalogue.table["file"].tolist() == files
    assert catalogue.notes == (
        "train.csv: image_id repeats from patient to patient; patient_id_image_id takes its place.",
    )


STUDIES = "patient_id,image_id,laterality,view,study_id,study_date\n"
ONE_EXAM = "train.csv: each image of 1 patients has an exam of its own; those of one day are taken as one exam."


@pytest.mark.parametrize(
    ("rows", "exams"),
    [
        ("p,1,L,CC,a,\np,2,R,CC,b,\np,3,R,MLO,c,\n", ["a", "a", "a"]),
        ("p,1,L,CC,a,20210304\np,2,L,CC,b,20210304\n", ["a", "a"]),
        ("p,1,L,CC,a,\np,2,L,CC,b,\n", ["a", "b"]),  # a view repeats: perhaps of several years
        ("p,1,L,CC,a,20210304\np,2,R,CC,b,20230304\n", ["a", "b"]),
        ("p,1,L,CC,a,20210304\np,2,R,CC,b,\n", ["a", "b"]),
        ("p,1,L,CC,a,\np,2,R,CC,a,\np,3,R,MLO,b,\n", ["a", "a", "b"]),
        ("p,1,L,CC,a,\nq,2,R,CC,b,\n", ["a", "b"]),
        (
            "p,1,L,CC,a,20210304\np,2,R,CC,b,20210304\np,3,L,CC,c,20230304\np,4,R,CC,d,20230304\n",
            ["a", "a", "c", "c"],
        ),
    ],
)
def test_read_catalogue_study_of_its_own_for_every_image_is_one_exam(tmp_path, rows, exams):
    catalogue = read_catalogue(folder_with(tmp_path, STUDIES + rows))
    assert catalogue.table["exam_id"].tolist() == exams
    assert (ONE_EXAM in catalogue.notes) == (len(set(exams)) < len(exams) and exams != ["a", "a", "b"])


def test_read_other_columns_returns_what_no_catalogue_holds(tmp_path):
    text = "patient_id,image_id,laterality,view,age,study_id,path,race,Thickness mm\n"
    root = folder_with(tmp_path, text + "10,1,L,CC,60,s,a.dcm, white ,45\n11,1,R,CC,60,s,b.dcm,,50\n")
    others = read_other_columns(root / "train.csv")
    assert list(others) == ["patient_id", "image_id", "race", "Thickness mm"]
    assert others["image_id"].tolist() == read_catalogue(root).table["image_id"].tolist() == ["10_1", "11_1"]
    assert others["Thickness mm"].tolist() == ["45", "50"]
    assert (others["race"].iloc[0], others["race"].isna().iloc[1]) == ("white", True)
