"""Readers' marks: nothing is lost when several change them, and they stay with their data set."""

import subprocess
import sys

import pytest

from builders.marks import TIME, make_region, mark_id
from mammo_core.dataset.catalogue import read_catalogue
from mammo_core.dataset.library import describe_source, link_dataset, list_datasets
from mammo_core.dataset.marks import (
    MarkedImage,
    change_mark,
    describe_marks,
    mark_path,
    marks_on,
    read_marks,
    summarise_marks,
)
from mammo_core.documents.dataset import GeneratorSettings, StoreSource
from mammo_core.documents.marks import MarkChange
from mammo_core.errors import DataError, MarkConflict

SOURCE = StoreSource(csv="set/train.csv", dataset="set", synthetic=False)
IMAGE = MarkedImage("7", "3", "R", "CC")
WRITER = """
import sys
from builders.marks import make_region, mark_id
from mammo_core.dataset.marks import MarkedImage, change_mark
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.marks import MarkChange
from mammo_core.workspace import Workspace
from pathlib import Path

start = int(sys.argv[2])
source = StoreSource(csv="set/train.csv", dataset="set", synthetic=False)
workspace = Workspace(Path(sys.argv[1]), Path(sys.argv[1]))
for number in range(start, start + 10):
    change = MarkChange(id=mark_id(number), version=0, region=make_region(), author=f"reader {start}")
    change_mark(workspace, source, change, MarkedImage("7", "3", "R", "CC"))
"""


def change(number: int, version: int, author: str = "Ann", deleted: bool = False, **changes) -> MarkChange:
    region = None if deleted else make_region(**changes)
    return MarkChange(id=mark_id(number), version=version, region=region, author=author)


def test_mark_is_kept_with_author_time_and_what_the_table_says_of_its_image(workspace):
    assert read_marks(workspace, SOURCE) == ()
    change_mark(workspace, SOURCE, change(1, 0, author="  Ann  B. "), IMAGE, TIME)
    (mark,) = read_marks(workspace, SOURCE)
    assert (mark.author, mark.time, mark.version) == ("Ann B.", TIME, 1)
    assert (mark.patient_id, mark.image_id, mark.laterality, mark.view) == ("3", "7", "R", "CC")
    assert (mark.top, mark.left, mark.bottom, mark.right) == (10, 20, 50, 80)


def test_mark_is_changed_deleted_and_drawn_again(workspace):
    change_mark(workspace, SOURCE, change(1, 0), IMAGE)
    change_mark(workspace, SOURCE, change(2, 0, shape="ellipse"), IMAGE)
    change_mark(workspace, SOURCE, change(1, 1, author="Bob", finding="benign"), IMAGE)
    first, second = read_marks(workspace, SOURCE)
    assert (first.finding, first.author, first.version, second.shape) == ("benign", "Bob", 2, "ellipse")
    change_mark(workspace, SOURCE, change(1, 2, deleted=True), IMAGE)
    assert [mark.id for mark in read_marks(workspace, SOURCE)] == [second.id]
    change_mark(workspace, SOURCE, change(1, 0), IMAGE)  # what undoing a deletion sends
    assert [mark.id for mark in read_marks(workspace, SOURCE)] == [second.id, first.id]


@pytest.mark.parametrize(
    "late", [change(1, 1, finding="unsure"), change(1, 1, deleted=True), change(1, 0), change(2, 1)], ids=str
)
def test_change_of_what_another_has_changed_meanwhile_is_refused(workspace, late):
    change_mark(workspace, SOURCE, change(1, 0), IMAGE)
    change_mark(workspace, SOURCE, change(1, 1, author="Bob", finding="benign"), IMAGE)
    before = read_marks(workspace, SOURCE)
    with pytest.raises(MarkConflict, match="Somebody else"):
        change_mark(workspace, SOURCE, late, IMAGE)
    assert read_marks(workspace, SOURCE) == before


def test_mark_without_author_or_on_another_image_is_refused(workspace):
    with pytest.raises(DataError, match="Enter your name"):
        change_mark(workspace, SOURCE, change(1, 0, author=" "), IMAGE)
    change_mark(workspace, SOURCE, change(1, 0), IMAGE)
    with pytest.raises(DataError, match="stays on its image"):
        change_mark(workspace, SOURCE, change(1, 1, image="8"), MarkedImage("8", "3", "L", "CC"))
    with pytest.raises(DataError, match="stays on its image"):
        change_mark(workspace, SOURCE, change(1, 1, deleted=True), MarkedImage("8", "3", "L", "CC"))
    assert len(read_marks(workspace, SOURCE)) == 1


@pytest.mark.slow
def test_processes_that_draw_at_the_same_time_lose_nothing(workspace):
    command = [sys.executable, "-c", WRITER, str(workspace.data)]
    writers = [subprocess.Popen([*command, str(start)]) for start in (0, 100, 200)]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    expected = {mark_id(start + number) for start in (0, 100, 200) for number in range(10)}
    assert {mark.id for mark in read_marks(workspace, SOURCE)} == expected


def test_marks_lie_in_the_data_folder_and_never_with_the_images(workspace, phantoms):
    before = sorted(phantoms.rglob("*"))
    link_dataset(workspace, "demo", phantoms)
    source = describe_source(workspace, read_catalogue(phantoms))
    change_mark(workspace, source, change(1, 0), IMAGE)
    assert sorted(phantoms.rglob("*")) == before
    assert mark_path(workspace, source).parent == workspace.data / "lesion-marks"
    assert mark_path(workspace, source).name.startswith("demo-")
    assert [dataset.name for dataset in list_datasets(workspace)] == ["demo"]


def test_phantoms_generated_otherwise_have_other_marks(workspace):
    sources = [
        SOURCE.model_copy(update={"synthetic": True, "generator": GeneratorSettings(seed=seed)}) for seed in (1, 2)
    ]
    assert len({mark_path(workspace, source) for source in (SOURCE, *sources)}) == 3
    change_mark(workspace, sources[0], change(1, 0), IMAGE)
    assert read_marks(workspace, sources[1]) == ()


def test_name_of_the_marks_folder_is_no_data_sets(workspace, phantoms):
    from mammo_core.errors import InvalidName

    with pytest.raises(InvalidName):
        link_dataset(workspace, "lesion-marks", phantoms)


def test_damaged_file_is_one_sentence_and_stays(workspace):
    path = mark_path(workspace, SOURCE)
    path.parent.mkdir(parents=True)
    path.write_text('{"schema_version": 1, "marks": 5}')
    with pytest.raises(DataError, match="is not a file that this version wrote"):
        change_mark(workspace, SOURCE, change(1, 0), IMAGE)
    assert path.read_text() == '{"schema_version": 1, "marks": 5}'


def test_summary_counts_marks_images_and_what_they_state(workspace):
    for number, (image, finding) in enumerate([("7", "malignant"), ("7", "benign"), ("8", "malignant")]):
        of_image = MarkedImage(image, "3", "R", "CC")
        change_mark(workspace, SOURCE, change(number, 0, image=image, finding=finding), of_image)
    marks = read_marks(workspace, SOURCE)
    summary = summarise_marks("set", marks)
    assert (summary.marks, summary.images, summary.patients) == (3, 2, 1)
    assert (summary.findings, summary.kinds) == ({"malignant": 2, "benign": 1}, {"mass": 3})
    assert summary.authors == {"Ann": 3}
    assert describe_marks(summary) == "3 marks on 2 images: 1 benign, 2 malignant"
    assert describe_marks(summarise_marks("set", marks[:1])) == "1 mark on 1 image: 1 malignant"
    assert describe_marks(summarise_marks("set", ())) == ""
    assert [mark.image_id for mark in marks_on(marks, ["8"])] == ["8"]
