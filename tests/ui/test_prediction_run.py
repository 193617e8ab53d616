from builders.app import show_component
from builders.predicted_images import MODEL, decoded_image, image_prediction
from mammo_core.prediction.exams import Correction
from mammo_core.prediction.image_results import UnreadableImage
from ui.prediction_run import progress_display

IMAGES = [image_prediction(decoded_image("R", seed=seed, patient=str(seed)), f"{seed}") for seed in range(3)]


def display(total, corrections=None):
    show = progress_display(MODEL, corrections)
    show([*IMAGES, UnreadableImage("x", "x", "No DICOM file.")], total)


def test_progress_counts_files_and_shows_the_predictions_so_far():
    app = show_component(display, 60)
    assert not app.exception
    assert [bar.proto.text for bar in app.get("progress")] == ["Predicted 4 of 60 files"]
    assert len(app.dataframe[0].value) == 3


def test_progress_of_one_exam_has_no_table():
    app = show_component(display, 4)
    assert [bar.proto.value for bar in app.get("progress")] == [100]
    assert not app.dataframe


def test_progress_shows_the_answers_with_the_corrections_that_the_user_has_set():
    app = show_component(display, 60, {"0": Correction("Z", "L", "CC")})
    table = app.dataframe[0].value.set_index("patient")
    assert sorted(table.index) == ["1", "2", "Z"]
    assert table.loc["Z", ["right", "left"]].isna().tolist() == [True, False]
