import io
import zipfile

import pandas as pd
import pytest

from mammo_core.assessment import score_file
from mammo_core.assessment.score_file import (
    change_columns,
    guess_columns,
    open_score_file,
    read_patient_list,
    read_score_file,
    read_scores,
    scored_unit,
    split_patient_list,
)
from mammo_core.documents.score_report import ScoreColumns
from mammo_core.errors import ConfigError, DataError


def table_of(text: str | bytes, unit=None, patients=None, **columns: str):
    file = open_score_file(text.encode() if isinstance(text, str) else text)
    chosen = guess_columns(file.names).model_copy(update=columns)
    return read_scores(file, chosen, unit, patients)


def scores_of(text: str | bytes) -> list[float]:
    return table_of(text).rows["score"].tolist()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["image_id", "score"], {"image": "image_id", "score": "score"}),
        (["Patient ID", "Laterality", "Prediction"], {"patient": "Patient ID", "side": "Laterality", "score": "Prediction"}),
        (["patient_id", "probability"], {"patient": "patient_id", "score": "probability"}),
        (["patient_id", "study_id", "prob"], {"patient": "patient_id", "exam": "study_id", "score": "prob"}),
        (["prediction_id", "cancer"], {"breast": "prediction_id", "score": "cancer"}),  # RSNA's submissions
        (["image_id", "cancer", "pred"], {"image": "image_id", "label": "cancer", "score": "pred"}),
        (  # GMIC and the metarepository
            ["", "image_index", "benign_pred", "malignant_pred", "benign_label", "malignant_label"],
            {"image": "image_index", "score": "malignant_pred", "label": "malignant_label"},
        ),
        (  # breast_cancer_classifier
            ["index", "left_benign", "right_benign", "left_malignant", "right_malignant"],
            {"left": "left_malignant", "right": "right_malignant"},
        ),
        (["image_id", "score", "prediction"], {"image": "image_id"}),  # either could be meant
        (["patient_id", "left_score"], {"patient": "patient_id"}),  # one side only
        (["a", "b"], {}),
    ],
)  # fmt: skip
def test_guess_columns_by_their_names(names, expected):
    assert guess_columns(names) == ScoreColumns(**expected)


@pytest.mark.parametrize(
    ("columns", "unit"),
    [
        ({"image": "a", "patient": "b"}, "image"),
        ({"patient": "b", "side": "c"}, "breast"),
        ({"patient": "b", "left": "c", "right": "d"}, "breast"),
        ({"breast": "b"}, "breast"),
        ({"patient": "b"}, "patient"),
        ({"left": "c", "right": "d"}, None),
        ({}, None),
    ],
)
def test_scored_unit_is_the_finest_that_columns_name(columns, unit):
    assert scored_unit(ScoreColumns(**columns)) == unit


def test_change_columns_names_others_or_none():
    columns = change_columns(ScoreColumns(image="image_id", score="a"), ["score=my=score", "image="])
    assert columns == ScoreColumns(score="my=score")
    for change in ("score", "colour=a"):
        with pytest.raises(ConfigError, match="expected WHAT=NAME"):
            change_columns(columns, [change])


def test_read_scores_of_images_keeps_names_as_text_and_lines():
    table = table_of("image_id,score\n007,0.25\n\n010, 1e-3\n")
    assert table.unit == "image"
    assert table.rows["image"].tolist() == ["007", "010"]
    assert table.rows["score"].tolist() == [0.25, 0.001]
    assert table.rows["line"].tolist() == [2, 4]
    assert table.notes == ()


def test_read_scores_of_both_sides_gives_a_row_each():
    rows = table_of("patient_id,left_malignant,right_malignant\n1,0.1,0.2\n2,0.3,\n").rows
    by_breast = rows.set_index(["patient", "side"])["score"]
    assert by_breast.loc[[("1", "L"), ("1", "R"), ("2", "L")]].tolist() == [0.1, 0.2, 0.3]
    assert by_breast.isna().sum() == 1


def test_read_scores_of_breasts_named_in_one_column():
    table = table_of("prediction_id,cancer\n1_0_L,0.1\n10_R,0.2\n")
    assert table.unit == "breast"
    assert table.rows[["patient", "side"]].values.tolist() == [["1_0", "L"], ["10", "R"]]


def test_read_scores_without_patients_takes_them_from_a_list_in_order():
    text = "left_malignant,right_malignant\n0.1,0.2\n0.3,0.4\n"
    with pytest.raises(DataError, match="names no patients"):
        table_of(text)
    table = table_of(text, patients=["7", "9"])
    assert table.rows.sort_values(["patient", "side"])["score"].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert table.notes == ("The patient of each row comes from the list that was given, in its order.",)
    with pytest.raises(DataError, match="has 2 rows, and the list of patients 3"):
        table_of(text, patients=["7", "9", "11"])


def test_an_index_of_rows_is_no_patient():
    """NYU's index counts rows, and must not be taken for the patients of the same numbers."""
    with pytest.raises(DataError, match="names no patients"):
        table_of("index,left_malignant,right_malignant\n0,0.1,0.2\n1,0.3,0.4\n")


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"sep=;\nimage_id;score\n1;0,5\n2;1\n", "The scores are written with decimal commas, and were read so."),
        (b"image_id\tscore\n1\t0.5\n2\t1\n", "The file separates its columns by tabs, and was read so."),
        ("image_id,score\n1,0.5\n2,1\n".encode("utf-16"), None),
        ("\ufeffimage_id,score\r\n1,0.5\r\n2,1\r\n".encode(), None),
        (
            "image_id,score,Größe\n1,0.5,a\n2,1,ö\n".encode("cp1252"),
            "The file is not UTF-8 and was read as Western European (cp1252).",
        ),
    ],
)
def test_read_scores_of_other_encodings_and_separators(data, note):
    table = table_of(data)
    assert table.rows["score"].tolist() == [0.5, 1.0]
    assert table.rows["image"].tolist() == ["1", "2"]
    assert list(table.notes) == ([note] if note else [])


def test_decimal_points_between_semicolons_are_read_as_such():
    assert scores_of("image_id;score\n1;0.5\n2;1\n") == [0.5, 1.0]


@pytest.mark.parametrize("missing", ["", "NA", "nan", "NaN", "null"])
def test_missing_scores_are_missing(missing):
    table = table_of(f"image_id,score\n1,0.5\n2,{missing}\n")
    assert table.rows["score"].isna().tolist() == [False, True]


@pytest.mark.parametrize("wrong", ["high", "inf", "-Infinity", "0.5%", "1,234,5"])
def test_scores_that_are_no_finite_numbers_are_rejected_without_quoting_them(wrong):
    with pytest.raises(DataError) as error:
        table_of(f'image_id,score\n1,0.5\n2,"{wrong}"\n3,0.1\n')
    assert str(error.value) == "1 of 3 scores are no finite numbers, the first in line 3."


def test_labels_of_the_file_are_read():
    labels = table_of("image_id,score,label\n1,0.5,1\n2,0.5,0.0\n3,0.5,maybe\n").rows["label"]
    assert labels.iloc[:2].tolist() == [1, 0]
    assert pd.isna(labels.iloc[2])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("image_id,score,prediction\n1,0,0\n", "Which column holds the scores isn't clear"),
        ("name,score\n1,0\n", "Which column names the images, breasts or patients isn't clear"),
        ("image_id,score\n", "header line only"),
        ("image_id,score\n1,\n", "The column of scores is empty"),
        ("image_id,score\n1,0,93\n", "don't have the columns of its header line"),
        ('image_id,score\n"1,0\n', "isn't readable as a CSV file"),
        ("image_id,score,score\n1,0,0\n", "several columns of the name that was given for score"),
    ],
)
def test_unusable_files_are_one_sentence(text, sentence):
    with pytest.raises(DataError, match=sentence):
        table_of(text)


def test_chosen_columns_must_be_there_and_fit():
    text = "patient_id,left,right,p\n1,0,0,0\n"
    for columns, sentence in (
        ({"score": "gone"}, "no column of the name that was given for score"),
        ({"left": "left"}, "left and right go together"),
        ({"score": "p", "left": "left", "right": "right"}, "Choose either a column of scores, or those"),
    ):
        with pytest.raises(DataError, match=sentence):
            table_of(text, **columns)


def test_unit_may_be_coarser_where_columns_name_it():
    text = "image_id,patient_id,laterality,score\n1,7,L,0.5\n"
    assert [table_of(text, unit).unit for unit in ("image", "breast", "patient")] == ["image", "breast", "patient"]
    for text, unit in (
        ("patient_id,score\n1,0\n", "breast"),
        ("patient_id,laterality,score\n1,L,0\n", "image"),
        ("image_id,score\n1,0\n", "patient"),
    ):
        with pytest.raises(DataError, match=f"don't name the {unit} of each score"):
            table_of(text, unit)


def test_files_beyond_the_limits_are_rejected(monkeypatch, tmp_path):
    many = ",".join(f"c{n}" for n in range(101))
    with pytest.raises(DataError, match="101 columns; at most 100"):
        open_score_file(f"{many}\n".encode())
    monkeypatch.setattr(score_file, "MAX_ROWS", 2)
    assert len(table_of("image_id,score\n1,0\n2,0\n").rows) == 2
    with pytest.raises(DataError, match="more than 2 rows"):
        table_of("image_id,score\n1,0\n2,0\n3,0\n")
    monkeypatch.setattr(score_file, "MAX_BYTES", 10)
    (tmp_path / "a.csv").write_text("image_id,score\n1,0\n")
    for attempt in (lambda: read_score_file(tmp_path / "a.csv"), lambda: open_score_file(b"image_id,score\n1,0\n")):
        with pytest.raises(DataError, match="; at most "):
            attempt()


def test_files_that_are_no_csv_are_rejected():
    workbook = io.BytesIO()
    with zipfile.ZipFile(workbook, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    for data, sentence in (
        (workbook.getvalue(), "Save the sheet as CSV"),
        (b"", "is empty"),
        (b"\n\n", "isn't readable as a CSV file with a header line"),
        (b"a" * 100_000, "isn't readable as a CSV file with a header line"),
    ):
        with pytest.raises(DataError, match=sentence):
            open_score_file(data)


def test_read_score_file_missing_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_score_file(tmp_path)


def test_patient_list_has_a_patient_a_line(tmp_path):
    (tmp_path / "a.txt").write_text(" 7 \r\n9\n\n")
    assert read_patient_list(tmp_path / "a.txt") == ["7", "9"]
    assert split_patient_list("7\n\n9\n") == ["7", "", "9"]
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\xfd")
    for path, sentence in ((tmp_path / "gone", "There is no file"), (tmp_path / "b.txt", "can't be read as text")):
        with pytest.raises(DataError, match=sentence):
            read_patient_list(path)
