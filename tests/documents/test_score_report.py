from builders.predictions import predictions
from builders.scores import csv_bytes, image_scores, labelled_set
from mammo_core.assessment.score_evaluation import evaluate_scores
from mammo_core.assessment.score_file import guess_columns, open_score_file, read_scores
from mammo_core.assessment.score_match import match_scores


def test_reports_list_every_unit_from_images_to_patients(workspace):
    table = predictions(patients=24)
    file = open_score_file(csv_bytes(image_scores(table)))
    scores = read_scores(file, guess_columns(file.names))
    report = evaluate_scores(match_scores(workspace, labelled_set(workspace, table), scores), resamples=20)
    assert [(unit, figures.n) for unit, figures in report.reports().items()] == [
        ("image", 96),
        ("breast", 48),
        ("patient", 24),
    ]
    assert report.reports()["breast"] is report
