from builders.predicted_images import decoded_image, image_prediction
from mammo_core.prediction.exam_order import exam_dates, order_exams, prior_exams

DATES = {
    ("p", "new"): "2023-05-02",
    ("p", "old"): "2019-05-02",
    ("unknown", "a"): "2020-01-01",
    ("unknown", "b"): "2021-01-01",
}


def test_exam_dates_are_the_latest_of_each_exam_with_a_date():
    exams = [("e", "2021-03-04"), ("e", "2021-03-05"), ("e", None), ("f", None)]
    images = [image_prediction(decoded_image(exam=exam, date=date)) for exam, date in exams]
    assert exam_dates(images) == {("p", "e"): "2021-03-05"}


def test_prior_exams_are_older_than_the_newest_of_a_known_patient():
    assert prior_exams(DATES) == {("p", "old")}


def test_order_exams_newest_first_within_a_patient_and_without_a_date_last():
    keys = [("q", "only"), ("p", None), ("p", "old"), ("p", "new")]
    assert order_exams(keys, DATES) == [("q", "only"), ("p", "new"), ("p", "old"), ("p", None)]
