import pandas as pd
import pytest

from builders.predictions import predictions
from builders.scores import csv_bytes, image_scores, labelled_set
from mammo_core.assessment.score_file import guess_columns, open_score_file, read_scores
from mammo_core.assessment.score_match import labelled_images, match_scores
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.patients import left_out_images
from mammo_core.errors import DataError


@pytest.fixture
def table():
    return predictions(patients=8)


@pytest.fixture
def match(workspace, table):
    """Return a function that matches a table of scores with the data set "set"."""
    catalogue = labelled_set(workspace, table)

    def call(scores: pd.DataFrame, unit=None):
        file = open_score_file(csv_bytes(scores))
        return match_scores(workspace, catalogue, read_scores(file, guess_columns(file.names), unit))

    return call


def breast_scores(table: pd.DataFrame) -> pd.DataFrame:
    return table.groupby(["patient_id", "laterality"], as_index=False)["probability"].mean()


def test_images_by_identifier_prepared_name_and_file(match, table, workspace):
    for names in (
        table["image_id"],
        table["patient_id"] + "_" + table["image_id"],
        table["patient_id"] + "/" + table["image_id"] + ".dcm",
        "C:\\data\\" + table["patient_id"] + "_" + table["image_id"] + ".PNG",
        table["image_id"] + ".0",
    ):
        scored = match(pd.DataFrame({"image_index": names, "malignant_pred": table["probability"]}).iloc[::-1])
        assert (scored.unit, scored.data, scored.notes) == ("image", "set", ())
        own = scored.table.set_index("image_id").loc[table["image_id"]]
        assert own["probability"].tolist() == pytest.approx(table["probability"].tolist())
        assert own["label"].tolist() == table["label"].tolist()


def test_an_image_that_is_named_like_the_files_of_another_project_matches_nothing(match, table):
    with pytest.raises(DataError, match=r"None of the 2 scores is of one of the images of set\. An image is named by"):
        match(pd.DataFrame({"image_index": ["0_L-CC", "0_R-CC"], "malignant_pred": [0.1, 0.2]}))


def test_images_whose_identifier_repeats_from_patient_to_patient(workspace):
    table = predictions(patients=8).assign(image_id=["1", "2", "3", "4"] * 8)
    catalogue = labelled_set(workspace, table)
    file = open_score_file(csv_bytes(table[["patient_id", "image_id", "probability"]]))
    scored = match_scores(workspace, catalogue, read_scores(file, guess_columns(file.names)))
    assert scored.table["probability"].tolist() == pytest.approx(table["probability"].tolist())


def test_unknown_and_missing_are_counted_in_notes(match, table):
    scores = image_scores(table).iloc[2:]
    scores.loc[2, "score"] = None
    stranger = pd.DataFrame({"image_id": ["x", None], "score": [0.5, 0.5]})
    scored = match(pd.concat([scores, stranger]))
    assert scored.notes == (
        "2 of 32 scores are of images that set doesn't have, and are left out.",
        "3 of 32 labelled images have no score, and are left out.",
    )
    assert len(scored.table) == 29


def test_same_score_twice_counts_once_and_different_ones_are_rejected(match, table):
    scores = image_scores(table)
    scored = match(pd.concat([scores, scores.iloc[:2]]))
    assert scored.notes == ("2 rows repeat the score of the same image, and count once.",)
    assert len(scored.table) == 32
    with pytest.raises(DataError) as error:
        match(pd.concat([scores, scores.iloc[:2].assign(score=0.9)]))
    assert str(error.value) == (
        "2 images have several different scores, the first again in line 34; each may have one."
    )


def test_image_of_another_patient_is_rejected(match, table):
    scores = table[["patient_id", "image_id", "probability"]].copy()
    scores.loc[1, "patient_id"] = "5"
    with pytest.raises(DataError, match=r"1 scores name another patient for their image .* first in line 3"):
        match(scores)


def test_breasts_by_patient_and_side(match, table):
    breasts = breast_scores(table)
    for sides in ({"L": "L", "R": "R"}, {"L": "left", "R": "RIGHT"}):
        scored = match(breasts.assign(laterality=breasts["laterality"].map(sides)))
        assert (scored.unit, len(scored.table), scored.notes) == ("breast", 16, ())
        assert scored.table["label"].sum() == 2
        assert scored.table["probability"].tolist() == pytest.approx(breasts["probability"].tolist())
    named = breasts.assign(
        prediction_id=breasts["patient_id"] + "_" + breasts["laterality"], cancer=breasts["probability"]
    )
    assert (
        match(named[["prediction_id", "cancer"]]).table["probability"].tolist() == scored.table["probability"].tolist()
    )


def test_breast_without_a_side_is_left_out(match, table):
    breasts = breast_scores(table)
    breasts.loc[0, "laterality"] = "B"
    assert match(breasts).notes[0] == "1 of 16 scores are of breasts that set doesn't have, and are left out."


def test_images_taken_for_breasts_have_several_scores(match, table):
    with pytest.raises(DataError, match=r"16 breasts have several different scores.* Give the scores of the images"):
        match(table[["patient_id", "image_id", "laterality", "probability"]], "breast")


def test_patients(match, table):
    scored = match(table.groupby("patient_id", as_index=False)["probability"].max())
    assert (scored.unit, len(scored.table), scored.table["label"].sum()) == ("patient", 8, 2)


def test_labels_of_the_file_are_compared_with_those_of_the_data_set(match, table):
    scores = image_scores(table).assign(label=table["label"])
    assert match(scores).notes == ("The file's own labels are those of the data set, for 32 images.",)
    scores.loc[:2, "label"] = 1
    scored = match(scores)
    assert scored.notes == (
        "The file's own labels differ from those of the data set for 2 of 32 images; the data set's are used.",
    )
    assert scored.table["label"].sum() == table["label"].sum()


def test_scores_of_one_label_are_rejected(match, table):
    with pytest.raises(
        DataError, match="all have the same label in set; an evaluation needs positive and negative ones"
    ):
        match(image_scores(table[table["label"] == 0]))


def test_images_without_label_or_side_are_counted_and_left_out(workspace, table):
    table["label"] = table["label"].astype("object")
    table.loc[4, "label"] = None
    table.loc[5, "laterality"] = None
    catalogue = labelled_set(workspace, table)
    file = open_score_file(csv_bytes(image_scores(table)))
    scored = match_scores(workspace, catalogue, read_scores(file, guess_columns(file.names)))
    assert len(scored.table) == 30
    assert scored.notes == (
        "2 scores are of images without a label, or of images that count for no breast, and are left out.",
    )
    unlabelled = labelled_set(workspace, table.assign(label=None), "unlabelled")
    with pytest.raises(DataError, match="has no labels"):
        labelled_images(workspace, unlabelled)


def test_images_that_an_import_leaves_out_are_left_out(prepared):
    catalogue = read_catalogue(prepared.data / "demo")
    special = left_out_images(prepared, catalogue)
    assert set(special).isdisjoint(labelled_images(prepared, catalogue)["image_id"])
    store = prepared.prepared / "demo" / "quarantine.parquet"
    quarantine = pd.read_parquet(store)
    spared = labelled_images(prepared, catalogue)["image_id"].iloc[0]
    row = quarantine.iloc[:1].assign(image_id=spared, reason="left_out", detail="This is a magnified view.")
    pd.concat([quarantine, row]).to_parquet(store, index=False)
    assert spared not in labelled_images(prepared, catalogue)["image_id"].tolist()


def two_exams(table: pd.DataFrame) -> pd.DataFrame:
    """Give patient 0 a second exam of the same four views."""
    again = table[table["patient_id"] == "0"].assign(image_id=["a", "b", "c", "d"], exam_id="2020", probability=0.05)
    return pd.concat([table.assign(exam_id="2024"), again], ignore_index=True)


def test_breasts_of_several_exams_need_the_exam(workspace, table):
    table = two_exams(table)
    catalogue = labelled_set(workspace, table)
    breasts = table.groupby(["patient_id", "exam_id", "laterality"], as_index=False)["probability"].mean()

    def match(scores: pd.DataFrame):
        file = open_score_file(csv_bytes(scores))
        return match_scores(workspace, catalogue, read_scores(file, guess_columns(file.names)))

    scored = match(breasts)
    assert (len(scored.table), scored.notes) == (18, ())
    old = scored.table[scored.table["exam_id"] == "2020"]
    assert old["probability"].tolist() == [0.05, 0.05]
    newest = breasts[breasts["exam_id"] == "2024"]
    without = match(newest.drop(columns="exam_id"))
    assert without.notes == (
        "4 of 18 breasts are left out: their patients have several exams, and the scores don't say of which they are.",
        "2 scores are of breasts without a label, or of images that count for no breast, and are left out.",
    )
    assert "0" not in set(without.table["patient_id"])
    unknown = match(breasts.assign(exam_id=breasts["exam_id"].replace("2020", "1999")))
    assert unknown.notes[0] == "2 of 18 scores are of breasts that set doesn't have, and are left out."


def test_rounded_numbers_of_a_spreadsheet_program_are_named(match):
    with pytest.raises(DataError, match="rounded; export them as text"):
        match(pd.DataFrame({"image_id": ["1.2E+12", "1.3E+12"], "score": [0.1, 0.2]}))


def test_sentences_quote_nothing_of_the_file(match, table):
    scores = image_scores(table).assign(image_id="Secret-" + table["image_id"])
    with pytest.raises(DataError) as error:
        match(scores)
    assert "Secret" not in str(error.value)
