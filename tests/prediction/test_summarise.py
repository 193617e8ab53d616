import io
import json

import pandas as pd

from builders.predicted_images import MODEL, decoded_image, exam_report, image_prediction
from mammo_core.documents.prediction import BreastPrediction, PatientPrediction
from mammo_core.prediction.image_results import NO_IDENTITY, ONLY_SYNTHETIC, UNLIKE, ImagePrediction
from mammo_core.prediction.summarise import summarise


def test_summarise_averages_breasts_and_takes_the_higher_breast():
    report = exam_report()
    assert report.breasts == (
        BreastPrediction(
            patient="p", laterality="L", images=1, probability=0.5, recall=True, out_of_distribution=False
        ),
        BreastPrediction(
            patient="p",
            laterality="R",
            images=2,
            probability=0.4375,
            recall=None,
            out_of_distribution=True,
            no_decision=UNLIKE,
        ),
    )
    assert report.patients == (
        PatientPrediction(
            patient="p", images=3, probability=0.5, recall=None, out_of_distribution=True, no_decision=UNLIKE
        ),
    )


def of(exam: str | None, date: str | None, probability: float, laterality: str = "R", **attributes) -> ImagePrediction:
    seed = round(1000 * probability)
    decoded = decoded_image(laterality, seed=seed, exam=exam, date=date, **attributes)
    return image_prediction(decoded, f"{seed}.dcm", probability=probability)


def test_summarise_predicts_each_exam_and_never_averages_priors_into_the_current_one():
    images = [
        of("first", "2019-05-02", 0.125),
        of("second", "2021-05-02", 0.25),
        of("current", "2023-05-02", 0.75),
        of("current", "2023-05-02", 0.5),
        of("current", "2023-05-02", 0.625, "L"),
    ]
    report = summarise(images, MODEL)
    assert [
        (one.exam, one.date, one.laterality, one.images, one.probability, one.recall) for one in report.breasts
    ] == [
        ("current", "2023-05-02", "L", 1, 0.625, True),
        ("current", "2023-05-02", "R", 2, 0.625, True),
        ("second", "2021-05-02", "R", 1, 0.25, False),
        ("first", "2019-05-02", "R", 1, 0.125, False),
    ]
    assert [(one.exam, one.date, one.images, one.probability) for one in report.patients] == [
        ("current", "2023-05-02", 3, 0.625),
        ("second", "2021-05-02", 1, 0.25),
        ("first", "2019-05-02", 1, 0.125),
    ]
    table = pd.read_csv(io.StringIO(report.to_csv()))
    assert table["prior_exam"].tolist() == [True, True, False, False, False]
    assert table["breast_probability"].tolist() == [0.125, 0.25, 0.625, 0.625, 0.625]
    assert "2021" not in report.to_csv()
    assert pd.read_csv(io.StringIO(report.to_csv(dates=True)))["date"].tolist()[0] == "2019-05-02"
    assert "breast p R, exam of 2021-05-02: 0.250, no recall" in list(report.lines())


def test_summarise_special_image_is_predicted_and_not_counted():
    magnified = of("current", None, 1.0, modifiers=("magnified",), special_kind="a magnified view")
    report = summarise([of("current", None, 0.25), magnified], MODEL)
    assert [(breast.images, breast.probability) for breast in report.breasts] == [(1, 0.25)]
    entry = report.to_document().images[1]
    assert (entry.probability, entry.counted, entry.modifiers) == (1.0, False, ("magnified",))
    assert entry.note == "This is a magnified view: it is shown and not counted."


def test_summarise_patients_of_one_exam_key_stay_apart():
    report = summarise([of("e", None, 0.25, patient="p"), of("e", None, 0.75, patient="q")], MODEL)
    assert [(one.patient, one.probability) for one in report.breasts] == [("p", 0.25), ("q", 0.75)]


def test_summarise_unknown_patients_of_different_exams_are_different_patients():
    report = summarise([of("e", None, 0.25, patient=None), of("f", None, 0.75, patient=None)], MODEL)
    assert [(one.patient, one.exam, one.probability) for one in report.patients] == [
        ("unknown", "e", 0.25),
        ("unknown", "f", 0.75),
    ]


def test_summarise_without_any_identity_predicts_no_breast_and_no_patient():
    report = summarise([of(None, None, 0.25, patient=None), of(None, "2021-03-04", 0.75, patient=None)], MODEL)
    assert (report.breasts, report.patients) == ((), ())
    assert [(entry.probability, entry.counted) for entry in report.to_document().images] == [
        (0.25, False),
        (0.75, False),
    ]
    assert report.to_document().images[0].note == NO_IDENTITY


def test_summarise_unknown_side_gives_no_breast_and_no_patient():
    report = summarise([image_prediction(decoded_image(None), "b.dcm")], MODEL)
    assert (report.breasts, report.patients) == ((), ())
    assert "b.dcm" in report.to_csv()


def test_summarise_file_that_the_model_has_no_business_with_has_no_decision():
    images = [
        image_prediction(decoded_image("R"), probability=1.0, beyond_model=True),
        image_prediction(decoded_image("R", "MLO", seed=1), probability=1.0),
        image_prediction(decoded_image("L", seed=2), probability=1.0),
        image_prediction(decoded_image("L", seed=3, patient="q"), probability=0.0, ood_score=2.0, beyond_model=True),
    ]
    report = summarise(images, MODEL)
    assert [(one.patient, one.laterality, one.recall, one.no_decision) for one in report.breasts] == [
        ("p", "L", True, None),
        ("p", "R", None, ONLY_SYNTHETIC),
        ("q", "L", None, ONLY_SYNTHETIC),
    ]
    assert [(one.recall, one.no_decision) for one in report.patients] == [(None, ONLY_SYNTHETIC)] * 2
    table = pd.read_csv(io.StringIO(report.to_csv()))
    assert table["breast_recall"].isna().tolist() == [True, True, False, True]
    assert table["no_decision"].fillna("").tolist() == [ONLY_SYNTHETIC, "", "", ONLY_SYNTHETIC]
    assert "breast p R: 1.000, no decision: this model has only seen synthetic images" in list(report.lines())
    assert json.loads(json.dumps(report.to_document().to_json()))["patients"][0]["recall"] is None
