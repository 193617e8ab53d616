import pandas as pd

from builders.marks import make_mark
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.mark_lesions import count_as_lesions, mark_table, marks_csv, with_marks

IMAGES = pd.DataFrame({"image_id": ["7", "8", "9"], "label": [1, 0, 1]})


def test_marks_as_a_lesions_csv_are_read_as_lesions(tmp_path):
    marks = [
        make_mark(1, top=10.2, left=20.8, bottom=49.1, right=80.5, pixel_mm=(0.1, 0.1)),
        make_mark(2, finding="benign", shape="ellipse", kind="calcifications"),
        make_mark(3, finding="unsure", author="=1+1"),
    ]
    (tmp_path / "lesions.csv").write_text(marks_csv(marks))
    table = read_lesions(tmp_path).table
    assert table is not None
    assert table["malignant"].tolist() == [1, 0]  # the reader of the third one was unsure
    assert table.loc[0, ["top", "left", "bottom", "right", "size_mm"]].tolist() == [10, 20, 50, 81, 6.0]
    assert table["kind"].tolist() == ["mass", "calcifications"]
    written = pd.read_csv(tmp_path / "lesions.csv")
    assert written["author"].tolist() == ["Ann", "Ann", "'=1+1"]  # no formula for a spreadsheet
    assert written["time"].tolist() == ["2026-01-02T03:04:05Z"] * 3
    assert written["finding"].tolist() == ["malignant", "benign", "unsure"]


def test_table_without_marks_has_all_columns():
    assert list(mark_table([]).columns) == list(mark_table([make_mark()]).columns)


def test_malignant_marks_on_positive_images_count_as_lesions():
    marks = [
        make_mark(1, "7"),
        make_mark(2, "7"),
        make_mark(3, "7", finding="benign"),
        make_mark(4, "8"),  # its image is labelled negative
        make_mark(5, "x"),
    ]
    counted = count_as_lesions(marks, IMAGES)
    assert counted.marks == tuple(marks[:2])
    assert counted.note == (
        "2 malignant marks count as lesions, on 1 image. "
        "2 more don't count: their images are not among the positive images here."
    )
    assert count_as_lesions(marks[3:4], IMAGES).note == (
        "0 malignant marks count as lesions, on 0 images. "
        "1 more doesn't count: its image is not among the positive images here."
    )


def test_marks_that_are_not_malignant_need_no_note():
    counted = count_as_lesions([make_mark(1, finding="unsure")], IMAGES)
    assert (counted.marks, counted.note) == ((), None)


def test_lesions_with_marks_are_those_of_both():
    lesions = with_marks({}, [make_mark(1)])
    joined = with_marks(lesions, [make_mark(2), make_mark(3, "9", top=5.0)])
    assert {image: len(table) for image, table in joined.items()} == {"7": 2, "9": 1}
    assert joined["9"].loc[0, ["top", "left", "bottom", "right"]].tolist() == [5, 20, 50, 80]
    assert with_marks(lesions, []).keys() == {"7"}
