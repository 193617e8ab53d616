import pandas as pd

from mammo_core.documents.prediction import BreastPrediction
from mammo_core.figures.exams import exam_score_figure

VALIDATION = pd.DataFrame(
    {
        "patient_id": list("abcd"),
        "laterality": list("LLRR"),
        "label": [0, 1, 0, 1],
        "probability": [0.1, 0.9, 0.2, 0.8],
    }
)


def breast(laterality: str, probability: float) -> BreastPrediction:
    return BreastPrediction(
        patient="p", laterality=laterality, images=2, probability=probability, recall=False, out_of_distribution=False
    )


def test_figure_marks_exam_breasts_among_validation_breasts():
    figure = exam_score_figure(VALIDATION, [breast("R", 0.25), breast("L", 0.75)], 0.5)
    assert {shape.x0 for shape in figure.layout.shapes} >= {0.25, 0.75}
    texts = " ".join(note.text or "" for note in figure.layout.annotations)
    assert "R 0.25" in texts
    assert "L 0.75" in texts


def test_label_above_four_fifths_stands_left_of_its_line():
    figure = exam_score_figure(VALIDATION, [breast("R", 0.25), breast("L", 0.98)], 0.5)
    anchors = {note.text: note.xanchor for note in figure.layout.annotations}
    assert (anchors["<b>R 0.25</b>"], anchors["<b>L 0.98</b>"]) == ("left", "right")
