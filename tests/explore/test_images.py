import pandas as pd
import pytest

from mammo_core.explore.images import PAGE, page_count, page_of, sort_images

IMAGES = pd.DataFrame(
    {"image_id": list("abcd"), "cancer": pd.array([0, 1, None, 1], "Int8"), "age": [50.0, 40, 60, None]}
)


@pytest.mark.parametrize(
    ("order", "images"),
    [
        ("positive first", "bdac"),
        ("negative first", "abdc"),
        ("oldest first", "cabd"),
        ("youngest first", "bacd"),
        ("as in the table", "abcd"),
    ],
)
def test_sort_images_puts_unknown_values_last(order, images):
    assert "".join(sort_images(IMAGES, order)["image_id"]) == images


def test_sort_images_without_the_column_keeps_the_order():
    assert sort_images(IMAGES.drop(columns="age"), "oldest first")["image_id"].tolist() == list("abcd")


def test_pages_hold_all_images():
    many = pd.DataFrame({"image_id": range(PAGE + 3)})
    assert page_count(many) == 2
    assert page_of(many, 2)["image_id"].tolist() == [PAGE, PAGE + 1, PAGE + 2]
    assert page_count(many.head(0)) == 1
