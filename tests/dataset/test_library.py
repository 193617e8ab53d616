import os
import shutil

import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import (
    check_dataset,
    describe_source,
    example_exam,
    find_dataset,
    link_dataset,
    list_datasets,
)
from mammo_core.errors import DataError
from mammo_core.files import write_json
from mammo_core.settings import settings

CSV = "patient_id,image_id,laterality,view,cancer\n1,10,L,CC,0\n1,11,R,CC,1\n"


@pytest.fixture
def elsewhere(workspace):
    folder = workspace / "elsewhere" / "rsna"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text(CSV)
    return folder


def test_a_linked_folder_is_known_by_its_name_and_left_alone(elsewhere):
    before = sorted(elsewhere.rglob("*"))
    assert link_dataset("mine", elsewhere).path == elsewhere / "train.csv"
    assert [(one.name, one.synthetic, one.linked) for one in list_datasets()] == [("mine", False, True)]
    assert find_dataset("mine") == elsewhere / "train.csv"
    assert describe_source(read_catalogue(elsewhere))["dataset"] == "mine"
    assert sorted(elsewhere.rglob("*")) == before


def test_the_csv_that_was_linked_is_the_one_that_is_read(elsewhere):
    (elsewhere / "test.csv").write_text(CSV.replace("1,11,R,CC,1\n", ""))
    link_dataset("small", elsewhere / "test.csv")
    assert len(read_catalogue(find_dataset("small")).table) == 1


def test_a_folder_that_an_earlier_version_linked_is_still_known(elsewhere):
    write_json(settings().data / "old" / "linked.json", {"path": str(elsewhere)})
    assert find_dataset("old") == elsewhere


def test_a_data_set_changes_when_files_arrive(elsewhere):
    dataset = link_dataset("mine", elsewhere)
    before = dataset.version
    (elsewhere / "train_images").mkdir()
    os.utime(elsewhere / "train_images", (before + 5, before + 5))
    assert dataset.version > before


@pytest.mark.parametrize("name", ["../x", "a/b", "", "prepared", "-x", "a" * 61])
def test_a_name_that_is_no_folder_name_is_refused(elsewhere, name):
    with pytest.raises(DataError, match="not usable as a name"):
        link_dataset(name, elsewhere)


def test_a_name_is_given_once(elsewhere):
    link_dataset("mine", elsewhere)
    with pytest.raises(DataError, match="already a data set"):
        link_dataset("mine", elsewhere)


def test_a_folder_without_a_csv_is_refused_and_not_linked(workspace):
    with pytest.raises(DataError, match=r"holds no train\.csv"):
        link_dataset("mine", workspace)
    assert list_datasets() == []


def test_a_check_counts_images_without_files(elsewhere):
    found = check_dataset(read_catalogue(elsewhere)).set_index("what")["how many"]
    assert found["images listed"] == found["images whose file is missing"] == "2"
    assert found["positive images"] == "1"
    assert found["columns found"] == "patient_id, image_id, laterality, view, cancer"
    assert "age" in found["columns missing"]


def test_the_example_is_a_positive_patients_four_views(workspace, phantoms):
    assert example_exam() == []
    shutil.copytree(phantoms, workspace / "data" / "demo")
    exam = example_exam()
    assert all(path.read_bytes()[128:132] == b"DICM" for _, path in exam)
    table = read_catalogue(phantoms).table.set_index("image_id")
    rows = table.loc[[name.removesuffix(".dcm") for name, _ in exam]]
    assert rows["patient_id"].nunique() == 1
    assert sorted(rows["laterality"] + rows["view"]) == ["LCC", "LMLO", "RCC", "RMLO"]
    assert rows["cancer"].max() == 1
