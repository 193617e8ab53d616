from builders.app import show_component
from builders.predicted_images import MODEL, decoded_image, image_prediction
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.summarise import summarise
from ui.exam_list import choose_exam


def exams_of(*patients):
    images = [
        image_prediction(decoded_image("R", seed=seed, patient=patient), probability=probability)
        for seed, (patient, probability) in enumerate(patients)
    ]
    report = summarise(images, MODEL)
    return report, hang_exams(report.images)


def test_choose_exam_only_one_has_no_list():
    app = show_component(choose_exam, *exams_of(("p", 0.5)))
    assert app.session_state["result"].patient == "p"
    assert not app.dataframe


def test_choose_exam_begins_with_the_highest_probability_and_keeps_the_choice():
    report, exams = exams_of(("p", 0.25), ("q", 0.75))
    app = show_component(choose_exam, report, exams)
    assert app.dataframe[0].value["patient"].tolist() == ["q", "p"]
    assert app.session_state["result"].patient == "q"
    app = show_component(choose_with, report, exams, ("p", None))
    assert app.session_state["result"].patient == "p"


def choose_with(report, exams, key):
    import streamlit as st

    from ui.exam_list import CHOSEN, choose_exam

    st.session_state.setdefault(CHOSEN, key)
    return choose_exam(report, exams)
