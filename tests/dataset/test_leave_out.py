import pytest

from builders.doctor import pair, report
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.leave_out import (
    describe_leave_out,
    leave_out,
    leave_out_csv,
    leave_out_path,
    leave_out_table,
    read_leave_out,
    read_leave_out_csv,
    take_back,
    used_images,
)
from mammo_core.dataset.store import open_store
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.errors import DataError


@pytest.fixture
def store(prepared):
    return open_store(prepared, "demo")


def test_images_on_the_list_are_not_used_and_come_back(store):
    first, second = store.manifest()["image_id"].astype(str)[:2]
    leave_out(store.data_root, store.source(), {first: " blank  image ", second: "cut off"})
    used = used_images(store)
    assert used.left_out == 2
    assert set(store.manifest()["image_id"]) - set(used.table["image_id"]) == {first, second}
    assert used.table.index.tolist() == list(range(len(used.table)))
    assert used.notes() == ["2 images are left out, by the data set's list."]
    assert read_leave_out(store.data_root, store.source()).reasons == {first: "blank image", second: "cut off"}
    take_back(store.data_root, store.source(), [first])
    assert used_images(store).notes() == ["1 image is left out, by the data set's list."]
    take_back(store.data_root, store.source(), [second, "unknown"])
    assert used_images(store).notes() == []


def test_a_second_reason_replaces_the_first(store):
    leave_out(store.data_root, store.source(), {"7": "blank"})
    assert leave_out(store.data_root, store.source(), {"7": "cut off", "8": "blank"}).reasons == {
        "7": "cut off",
        "8": "blank",
    }


def test_without_a_reason_nothing_is_put_on_the_list(store):
    with pytest.raises(DataError, match="Give a reason"):
        leave_out(store.data_root, store.source(), {"7": " "})
    assert not leave_out_path(store.data_root, store.source()).exists()


def test_the_list_is_of_the_data_set_and_not_of_another(store):
    leave_out(store.data_root, store.source(), {"7": "blank"})
    other = store.source().model_copy(update={"csv": "other/train.csv"})
    assert read_leave_out(store.data_root, other).images == ()


def test_patients_who_share_an_exposure_count_as_one(store):
    first, second = store.manifest()["patient_id"].astype(str).unique()[:2]
    shared = pair(patient_a=second, patient_b=first)
    report("demo").model_copy(update={"duplicates": (shared,)}).write(store.folder / DoctorReport.file_name)
    used = used_images(store)
    assert used.joined == 1
    assert set(used.groups[used.table["patient_id"] == second]) == {first}
    assert used.notes() == ["1 patient shares an image with another one, and no split parts them."]


def test_a_list_survives_its_csv(store):
    listed = leave_out(store.data_root, store.source(), {"7": "blank", "8": "=cut, off"})
    text = leave_out_csv(listed)
    assert text.splitlines()[0] == "image_id,reason,since"
    assert '"\'=cut, off"' in text  # no formula
    assert read_leave_out_csv(text.encode()) == {"7": "blank", "8": "=cut, off"}


def test_a_list_of_image_ids_alone_is_enough():
    assert read_leave_out_csv("image_id\n7\n8\n".encode("utf-16")) == {"7": "by the list", "8": "by the list"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"id\n7\n", "needs a column image_id"),
        (b"", "needs a column image_id"),
        (b"image_id,reason\n,blank\n", "has no image_id"),
        (b"image_id\n" + b"7" * 200_000, "isn't readable"),
    ],
)
def test_a_list_that_is_none_gets_one_sentence(data, sentence):
    with pytest.raises(DataError, match=sentence):
        read_leave_out_csv(data)


def test_a_list_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("mammo_core.dataset.leave_out.MAX_CSV_BYTES", 10)
    with pytest.raises(DataError, match="larger"):
        read_leave_out_csv(b"image_id\n12345\n")


def test_a_list_with_a_cell_that_no_csv_has_is_refused():
    with pytest.raises(DataError, match="isn't readable as a CSV"):
        read_leave_out_csv(b"image_id," + b"x" * 200_000)


def test_table_for_display_has_the_latest_first_and_tells_what_is_unknown(store):
    catalogue = read_catalogue(store.read_csv_path())
    first = catalogue.table.iloc[0]
    leave_out(store.data_root, store.source(), {str(first["image_id"]): "blank"})
    listed = leave_out(store.data_root, store.source(), {"unknown": "cut off"})
    table = leave_out_table(listed, catalogue)
    assert table.columns.tolist() == ["image_id", "patient_id", "laterality", "view", "reason", "since"]
    assert table["reason"].tolist() == ["cut off", "blank"]
    assert table["patient_id"].isna().tolist() == [True, False]
    assert table["patient_id"].iloc[1] == first["patient_id"]
    assert describe_leave_out(leave_out_table(listed, catalogue)) == (
        "2 images of 1 patient are left out: import, training, evaluation and folds pass over them. "
        "The data set's table doesn't name 1 of them."
    )


def test_empty_list_is_described(store):
    catalogue = read_catalogue(store.read_csv_path())
    listed = read_leave_out(store.data_root, store.source())
    assert describe_leave_out(leave_out_table(listed, catalogue)) == "No image of this data set is left out."
    assert leave_out_table(listed, catalogue).empty


def test_one_image_is_described_in_the_singular(store):
    catalogue = read_catalogue(store.read_csv_path())
    listed = leave_out(store.data_root, store.source(), {str(catalogue.table["image_id"].iloc[0]): "blank"})
    assert describe_leave_out(leave_out_table(listed, catalogue)) == (
        "1 image of 1 patient is left out: import, training, evaluation and folds pass over it."
    )
