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

CSV = "patient_id,image_id,laterality,view,cancer\n1,10,L,CC,0\n1,11,R,CC,1\n"


@pytest.fixture
def elsewhere(workspace):
    folder = workspace / "elsewhere" / "rsna"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text(CSV)
    return folder


def test_a_linked_folder_is_known_by_its_name_and_left_alone(elsewhere):
    before = sorted(elsewhere.rglob("*"))
    assert link_dataset("mine", elsewhere).path == elsewhere
    assert [(dataset.name, dataset.synthetic) for dataset in list_datasets()] == [("mine", False)]
    assert find_dataset("mine") == elsewhere
    assert describe_source(read_catalogue(elsewhere))["dataset"] == "mine"
    assert sorted(elsewhere.rglob("*")) == before


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
