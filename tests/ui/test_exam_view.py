import numpy as np
import pytest

from builders.app import plain, show_component
from builders.predicted_images import decoded_image, image_prediction
from mammo_core.prediction.image_results import UnreadableImage
from mammo_core.prediction.viewing import HungImage, ViewedImage, ViewSettings
from ui.exam_view import describe_image, show_image, show_rows

PICTURE = np.full((8, 6), 9, np.uint8)
VIEWED = ViewedImage(PICTURE, (8, 6), True, None, "The breast can't be found.", {"Modality": "MG"}, ("Inverted.",))
SPECIAL = "a magnified view"
SETTINGS = ViewSettings()


def hung(content, key: str = "1", **attributes) -> HungImage:
    return HungImage("R CC", f"image {key}", key, b"", "R", content, **attributes)


def predicted(
    key: str = "1", ood_score: float = 0.5, special_kind: str | None = None, beyond_model: bool = False, **attributes
) -> HungImage:
    decoded = decoded_image("R", special_kind=special_kind) if special_kind else decoded_image("R")
    prediction = image_prediction(decoded, probability=0.25, ood_score=ood_score, beyond_model=beyond_model)
    return hung(prediction, key, special_kind=special_kind, **attributes)


@pytest.mark.parametrize(
    ("image", "line"),
    [
        (hung(VIEWED), ":small[R CC · image 1]"),
        (hung(VIEWED, cancer=True), ":small[R CC · image 1] · :orange-badge[cancer]"),
        (predicted(), ":small[R CC · image 1] · probability **0.25**"),
        (
            predicted(ood_score=1.5),
            ":small[R CC · image 1] · :grey[probability **0.25**] · :orange-badge[unlike the training images]",
        ),
        (
            predicted(special_kind=SPECIAL),
            f":small[R CC · image 1] · probability **0.25** · :gray-badge[{SPECIAL}, not counted]",
        ),
    ],
)
def test_describe_image_states_name_probability_and_badges(image, line):
    assert plain(describe_image(image)) == line


def test_show_rows_hangs_the_right_breast_first_and_keeps_the_place_of_a_missing_view():
    app = show_component(show_rows, [(predicted("1"), predicted("2")), (predicted("3"), None)], ViewSettings())
    lines = [plain(text.value) for text in app.markdown]
    assert [line.partition("]")[0] for line in lines] == [
        *(f":small[R CC · image {key}" for key in "123"),
        ":small[:gray[L CC missing",
    ]
    alternatives = [element.proto.imgs[0].alt for element in app.get("image")]
    assert alternatives.count("L CC is missing") == 1
    assert not app.warning


def test_images_and_their_buttons_have_names():
    app = show_component(show_image, predicted(), ViewSettings())
    assert [element.proto.imgs[0].alt for element in app.get("image")] == [
        "R CC, image 1, probability 0.25",
        "Network input of R CC",
    ]
    assert [button.label for button in app.button] == ["Enlarge R CC"]
    assert app.get("popover")[0].proto.popover.label == "Details of R CC"


def test_show_rows_out_of_distribution_warns_once():
    app = show_component(show_rows, [(predicted("1", 1.5), predicted("2", 1.5))], ViewSettings())
    assert [warning.value for warning in app.warning] == [
        "Some images differ too much from the training images. Ignore these probabilities."
    ]


def test_show_rows_beyond_the_model_says_no_decision_once_and_mutes_each_probability():
    app = show_component(show_rows, [(predicted("1", beyond_model=True), predicted("2", beyond_model=True))], SETTINGS)
    sentence = "No decision: this model has only seen synthetic images."
    captions = [plain(caption.value) for caption in app.caption]
    assert captions.count(f":material/block: {sentence}") == 1
    assert [plain(text.value) for text in app.markdown] == [
        f":small[R CC · image {key}] · :grey[probability **0.25**]" for key in "12"
    ]
    assert not app.warning


def test_show_rows_inputs_puts_the_model_input_beside_each_image():
    rows = [(predicted("1"), None)]
    without = show_component(show_rows, rows, ViewSettings())
    with_inputs = show_component(show_rows, rows, ViewSettings(inputs=True))
    assert len(with_inputs.get("image")) == len(without.get("image")) + 1


def test_show_image_without_a_prediction_states_why_and_its_details():
    app = show_component(show_image, hung(VIEWED), ViewSettings())
    assert [warning.value for warning in app.warning] == ["The breast can't be found."]
    assert [caption.value for caption in app.caption] == ["Inverted."]
    assert app.dataframe[0].value.to_numpy().ravel().tolist() == ["MG"]


def test_show_image_unreadable_is_a_warning_only():
    app = show_component(show_image, UnreadableImage("L CC · image 7", "7", "File missing."), ViewSettings())
    assert [plain(warning.value) for warning in app.warning] == ["**L CC · image 7**: File missing."]
    assert not app.get("image")


def test_show_image_zoom_button_opens_the_dialog(monkeypatch):
    zoomed = []
    monkeypatch.setattr("ui.exam_view.zoom", lambda image, settings: zoomed.append((image.key, settings)))
    settings = ViewSettings(width=300)
    app = show_component(show_image, hung(VIEWED), settings)
    app.button(key="zoom 1").click().run()
    assert zoomed == [("1", settings)]
