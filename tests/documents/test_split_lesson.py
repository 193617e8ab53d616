import pytest

from builders.lessons import make_lesson
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.split_lesson import SplitFigures, SplitLesson, SplitOutcome


def figures(auc, accuracy=0.9, always_negative=0.9):
    return SplitFigures(
        images=100, positive=10, patients=40, accuracy=accuracy, always_negative=always_negative, auc=auc
    )


def lesson(own=0.9, unseen=0.6, interval=(None, None), **options):
    outcome = SplitOutcome(
        own=figures(Estimate(value=own), **options),
        unseen=figures(Estimate(value=unseen, low=interval[0], high=interval[1])),
        shared_patients=38,
    )
    return SplitLesson(store="demo", epochs=8, by_image=outcome, by_patient=outcome)


@pytest.mark.parametrize(("accuracy", "expected"), [(0.9, "about as much as"), (0.95, "more than"), (0.8, "less than")])
def test_describe_compares_the_accuracy_with_always_saying_negative(accuracy, expected):
    text = lesson(accuracy=accuracy).describe()[0]
    assert f"labels {100 * accuracy:.1f} % of its test images correctly" in text
    assert f"That is {expected} always saying “negative”, which is correct for 90.0 %" in text


@pytest.mark.parametrize(
    ("own", "unseen", "expected"),
    [
        (0.9, 0.6, "It was flattered by 0.30."),
        (0.6, 0.61, "On these images that made no difference worth naming."),
        (0.6, 0.7, "chance moved its AUC by 0.10 the other way."),
    ],
)
def test_describe_tells_how_much_the_split_by_image_flattered(own, unseen, expected):
    text = lesson(own, unseen).describe()[1]
    assert text.startswith("38 of the 40 patients of its test images have other images in its training part")
    assert f"Its AUC on them is {own:.2f}, and on patients it has never seen {unseen:.2f}." in text
    assert text.endswith(expected)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ((0.55, 0.65), "a 95 % interval of 0.55 to 0.65 that is more than chance, 0.50"),
        ((0.45, 0.65), "a 95 % interval of 0.45 to 0.65 that can't be told from chance, 0.50"),
        ((None, None), "too few patients for an interval"),
    ],
)
def test_describe_compares_the_unseen_patients_with_chance(interval, expected):
    assert expected in lesson(interval=interval).describe()[2]


def test_describe_without_both_labels_says_so():
    lesson = make_lesson(own=None, unseen=None)
    assert lesson.by_image.flattery is None
    assert ["too few images of either label" in text.lower() for text in lesson.describe()] == [False, True, True]
