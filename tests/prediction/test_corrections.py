from dataclasses import replace

import pandas as pd

from builders.predicted_images import decoded_image, image_prediction
from mammo_core.prediction.corrections import CorrectionTable
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import Correction
from mammo_core.prediction.image_results import UnreadableImage

IMAGES = (
    UnreadableImage("letter", "l", "no"),
    image_prediction(decoded_image("R", "CC", 1), "a"),
    image_prediction(replace(decoded_image(None, "XX", 2, None), notes=("Cropped.", "Mirrored.")), "b"),
)
TABLE = CorrectionTable.of(ExamReport("m", 0.5, IMAGES))


def edit(row: int, **values: str) -> pd.DataFrame:
    rows = TABLE.rows.to_dict("records")
    rows[row] |= values
    return pd.DataFrame(rows)


def test_table_lists_predicted_images_with_their_numbers():
    assert TABLE.rows.to_dict("records") == [
        {"number": 2, "file": "a", "patient": "p", "side": "R", "view": "CC", "changes": "none"},
        {"number": 3, "file": "b", "patient": "unknown", "side": "?", "view": "XX", "changes": "Cropped. Mirrored."},
    ]
    assert TABLE.digests == ("1", "2")
    assert TABLE.has_unknown
    assert TABLE.views == ["?", "AT", "CC", "FB", "ISO", "LM", "LMO", "ML", "MLO", "SIO", "XCCL", "XCCM", "XX"]


def test_changes_of_an_unedited_table_are_empty():
    assert TABLE.changes(TABLE.rows) == {}


def test_changes_contain_only_the_edited_row():
    assert TABLE.changes(edit(1, patient=" Ann ", side="L")) == {"2": Correction("Ann", "L", "XX")}
    assert TABLE.changes(edit(0, patient="unknown", view="?")) == {"1": Correction(None, "R", None)}


def test_changes_contain_rows_that_were_corrected_before():
    assert TABLE.changes(TABLE.rows, {"1"}) == {"1": Correction("p", "R", "CC")}
