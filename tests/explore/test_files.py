import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.explore.files import sample_headers, split_columns


def test_split_columns_of_train_and_test_csv(tmp_path):
    (tmp_path / "train.csv").write_text("patient_id,image_id,cancer\n1,2,0\n")
    assert split_columns(tmp_path).to_dict("list") == {
        "column": ["patient_id", "image_id", "cancer"], "train.csv": [True, True, True]
    }  # fmt: skip
    (tmp_path / "test.csv").write_text("patient_id, image_id,prediction_id\n1,2,1_L\n")
    assert split_columns(tmp_path).to_dict("list") == {
        "column": ["patient_id", "image_id", "cancer", "prediction_id"],
        "train.csv": [True, True, True, False],
        "test.csv": [True, True, False, True],
    }
    assert split_columns(tmp_path / "elsewhere").empty


@pytest.fixture
def pictures(phantoms):
    return read_catalogue(phantoms).table


def test_sample_headers_of_existing_files(pictures):
    headers = sample_headers(pictures)
    assert len(headers) == pictures["file"].notna().sum()
    assert headers["image_id"].isin(pictures["image_id"]).all()
    readable = headers[headers["problem"].isna()]
    assert set(readable["rows"]) == {512}
    assert set(readable["columns"]) == {384}
    assert set(readable["photometric"]) <= {"MONOCHROME1", "MONOCHROME2"}


def test_sample_headers_is_reproducible(pictures):
    assert len(sample_headers(pictures, max_images=10)) == 10
    assert sample_headers(pictures, max_images=10).equals(sample_headers(pictures, max_images=10))


def test_sample_headers_unreadable_file_has_a_reason(pictures, tmp_path):
    (tmp_path / "text.dcm").write_text("hello")
    table = pictures.head(2).assign(file=[str(tmp_path / "text.dcm"), str(tmp_path / "gone.dcm")])
    headers = sample_headers(table)
    assert headers["problem"].tolist() == ["not_dicom", "missing"]
    assert headers["rows"].isna().all()


def test_sample_headers_without_files_is_empty(pictures):
    assert sample_headers(pictures.assign(file=None)).empty
