import json
import os
from dataclasses import replace

import pytest

from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import (
    describe_dataset,
    describe_missing,
    describe_source,
    find_dataset,
    free_name,
    image_bytes,
    link_dataset,
    list_datasets,
    summarise_dataset,
    unreadable_datasets,
    warn_of_missing,
)
from mammo_core.errors import DataError, InvalidName
from mammo_core.storage.json_files import write_json
from mammo_core.workspace import Workspace

CSV = "patient_id,image_id,laterality,view,cancer\n1,10,L,CC,0\n1,11,R,CC,1\n"


@pytest.fixture
def elsewhere(workspace, tmp_path):
    folder = tmp_path / "elsewhere" / "rsna"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text(CSV)
    return folder


def test_link_dataset_registers_the_folder_and_leaves_it_unchanged(elsewhere):
    before = sorted(elsewhere.rglob("*"))
    assert link_dataset(Workspace.from_environment(), "mine", elsewhere).path == elsewhere / "train.csv"
    assert [
        (dataset.name, dataset.synthetic, dataset.linked) for dataset in list_datasets(Workspace.from_environment())
    ] == [("mine", False, True)]
    assert find_dataset(Workspace.from_environment(), "mine") == elsewhere / "train.csv"
    assert describe_source(Workspace.from_environment(), read_catalogue(elsewhere)).dataset == "mine"
    assert sorted(elsewhere.rglob("*")) == before


def test_link_dataset_keeps_the_given_csv(elsewhere):
    (elsewhere / "test.csv").write_text(CSV.replace("1,1", "2,2"))
    link_dataset(Workspace.from_environment(), "held-out", elsewhere / "test.csv")
    assert read_catalogue(find_dataset(Workspace.from_environment(), "held-out")).csv == elsewhere / "test.csv"
    assert describe_source(Workspace.from_environment(), read_catalogue(elsewhere / "test.csv")).dataset == "held-out"


def test_find_dataset_reads_links_of_earlier_versions(workspace, elsewhere):
    write_json(workspace.data / "old" / "linked.json", {"path": str(elsewhere)})
    assert find_dataset(workspace, "old") == elsewhere


def test_list_datasets_own_folder_is_not_linked(workspace):
    (workspace.data / "own").mkdir(parents=True)
    (workspace.data / "own" / "train.csv").write_text(CSV)
    assert [(dataset.name, dataset.linked) for dataset in list_datasets(workspace)] == [("own", False)]


def test_dataset_version_changes_when_files_are_added(elsewhere):
    dataset = link_dataset(Workspace.from_environment(), "mine", elsewhere)
    versions = [dataset.version(), dataset.version()]
    (elsewhere / "train_images" / "1").mkdir(parents=True)
    versions.append(dataset.version())
    (elsewhere / "train_images" / "2").mkdir()
    versions.append(dataset.version())
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


def test_dataset_version_changes_with_an_older_table_of_the_same_size(elsewhere):
    dataset = link_dataset(Workspace.from_environment(), "mine", elsewhere)
    before, table = dataset.version(), elsewhere / "train.csv"
    text = table.read_text()
    older = elsewhere.parent / "older.csv"
    older.write_text(text.replace(",L,", ",R,"))
    os.utime(older, (1000, 1000))
    os.replace(older, table)
    assert len(table.read_text()) == len(text)
    assert dataset.version() != before


def test_dataset_version_passes_over_broken_links(elsewhere):
    dataset = link_dataset(Workspace.from_environment(), "mine", elsewhere)
    target = elsewhere.parent / "nowhere.csv"
    (elsewhere / "other.csv").symlink_to(target)
    (elsewhere / "x.csv").mkdir()
    (elsewhere / "loop_images").symlink_to("loop_images")
    before = dataset.version()
    (elsewhere / "x.csv" / "y").touch()  # in a folder that isn't a table
    assert dataset.version() == before
    target.write_text(CSV)  # now the link leads to one
    assert dataset.version() != before


def test_size_of_counts_existing_files(elsewhere):
    (elsewhere / "train_images" / "1").mkdir(parents=True)
    (elsewhere / "train_images" / "1" / "10.dcm").write_bytes(b"12345")
    assert image_bytes(read_catalogue(elsewhere)) == 5


@pytest.mark.parametrize("name", ["../x", "a/b", "", "prepared", "-x", "a" * 81])
def test_link_dataset_invalid_name_raises_invalid_name(elsewhere, name):
    with pytest.raises(InvalidName, match="not usable as a name"):
        link_dataset(Workspace.from_environment(), name, elsewhere)


def test_link_dataset_duplicate_name_raises_data_error(elsewhere):
    link_dataset(Workspace.from_environment(), "mine", elsewhere)
    with pytest.raises(DataError, match="already a data set"):
        link_dataset(Workspace.from_environment(), "mine", elsewhere)


def test_link_dataset_without_csv_raises_data_error(workspace, tmp_path):
    with pytest.raises(DataError, match=r"holds no train\.csv"):
        link_dataset(workspace, "mine", tmp_path)
    assert list_datasets(workspace) == []


def test_check_dataset_counts_missing_files(elsewhere):
    values = summarise_dataset(read_catalogue(elsewhere)).set_index("item")["value"]
    assert values["images listed"] == values["missing files"] == "2"
    assert values["positive images"] == "1"
    assert values["columns found"] == "5 of 14 known ones"
    assert values["CSV used"] == "train.csv"
    assert "age" in values["columns missing"]


def test_find_dataset_prefers_a_link_to_a_local_folder(elsewhere, monkeypatch, tmp_path):
    (tmp_path / "here" / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    link_dataset(Workspace.from_environment(), "data", elsewhere)
    assert find_dataset(Workspace.from_environment(), "data") == elsewhere / "train.csv"


@pytest.mark.parametrize("text", ["[1]", "no json", "{}"])
def test_link_dataset_ignores_foreign_dataset_json(elsewhere, text):
    (elsewhere / "dataset.json").write_text(text)
    assert not link_dataset(Workspace.from_environment(), "mine", elsewhere).synthetic
    assert [dataset.synthetic for dataset in list_datasets(Workspace.from_environment())] == [False]
    assert describe_source(Workspace.from_environment(), read_catalogue(elsewhere)).generator is None


def test_list_datasets_leaves_out_a_damaged_link(elsewhere):
    workspace = Workspace.from_environment()
    link_dataset(workspace, "good", elsewhere)
    link_dataset(workspace, "bad", elsewhere)
    (workspace.data / "bad" / "linked.json").write_text("{")
    assert [dataset.name for dataset in list_datasets(workspace)] == ["good"]
    (name, error), *others = unreadable_datasets(workspace).items()
    assert (name, others) == ("bad", [])
    assert "linked.json isn't readable as JSON" in str(error)
    assert find_dataset(workspace, "good") == elsewhere / "train.csv"


def test_describe_dataset_counts_images_patients_and_bytes(elsewhere):
    assert describe_dataset(read_catalogue(elsewhere), 1_550_000) == "2 images of 1 patients · 1.6 MB"


@pytest.mark.parametrize("extra", [{"colour": "red"}, {"schema_version": 2}])
def test_is_synthetic_remains_true_for_dataset_json_of_another_version(elsewhere, extra):
    (elsewhere / "dataset.json").write_text(json.dumps({"synthetic": True, "generator": {"seed": 1}, **extra}))
    source = describe_source(Workspace.from_environment(), read_catalogue(elsewhere))
    assert (source.synthetic, source.generator) == (True, None)


def test_describe_missing_calls_a_file_of_demo_data_left_out_on_purpose(elsewhere):
    catalogue = read_catalogue(elsewhere)  # two images, without a file
    assert describe_missing(catalogue, synthetic=False) == "2 of 2 files missing"
    assert warn_of_missing(catalogue).startswith("2 of 2 images have no file here.")
    one = replace(catalogue, table=catalogue.table.assign(file=["/there", None]))
    assert describe_missing(one, synthetic=True) == "1 file left out on purpose"
    assert warn_of_missing(one) is None
    assert describe_missing(replace(one, table=one.table.assign(file="/there")), synthetic=True) is None


def test_free_name_is_the_next_that_nothing_has(workspace):
    assert free_name(workspace, "demo") == "demo"
    for name in ("demo", "demo-2"):
        (workspace.data / name).mkdir(parents=True)
    assert free_name(workspace, "demo") == "demo-3"
