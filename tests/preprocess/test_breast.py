import numpy as np
import pytest

from builders.breasts import picture
from mammo_core.errors import ImageError
from mammo_core.preprocess.breast import _span, bounding_box, chest_right, find_breast

SKIN = 0.08


def box(pixels: np.ndarray) -> list[float]:
    return bounding_box(pixels, find_breast(pixels.astype(np.float32), SKIN))


def test_find_breast_mask_equals_the_breast():
    pixels = picture()
    assert np.array_equal(find_breast(pixels, SKIN).mask, pixels > 0)


def test_find_breast_core_mask_and_neighbourhood_are_nested():
    breast = find_breast(picture(), SKIN)
    assert not (breast.core & ~breast.mask).any()
    assert not (breast.mask & ~breast.near).any()
    assert breast.core.sum() < breast.mask.sum() < breast.near.sum()
    assert breast.air < breast.skin <= breast.edge


def test_bounding_box_encloses_the_breast():
    top, left, bottom, right = box(picture())
    assert left == 0
    assert (top, bottom) == pytest.approx((20, 180), abs=1.5)
    assert right == pytest.approx(90, abs=1.5)


def test_span_edges_are_subpixel():
    assert _span(np.array([0, 4, 10, 10, 2, 0.0]), 5) == pytest.approx((1.5 + 1 / 6, 4.125))
    assert _span(np.array([8, 9, 3.0]), 5) == pytest.approx((0, 2.5 - 1 / 3))  # no fraction at the frame's edge
    assert _span(np.array([0, 5.0]), 5) == pytest.approx((1.5, 2))


def test_bounding_box_follows_the_edge_by_subpixels():
    fine = [picture(800, 600, width=width) for width in (0.6, 0.602, 0.604, 0.606)]  # 0.3 pixels more each, of 4 × 4
    steps = np.diff([box(pixels.reshape(200, 4, 150, 4).mean((1, 3)))[3] for pixels in fine])
    assert (steps > 0).all()
    assert steps.max() < 0.75


@pytest.mark.parametrize("level", [0, 300, 4095])
@pytest.mark.parametrize("width", [1, 6])
def test_find_breast_ignores_burned_in_borders(level, width):
    pixels = picture()
    framed = np.pad(pixels, width, constant_values=level)
    assert np.array_equal(find_breast(framed, SKIN).mask[width:-width, width:-width], find_breast(pixels, SKIN).mask)


@pytest.mark.parametrize("level", [200, 4095])
def test_find_breast_ignores_markers(level):
    pixels = picture()
    marked = pixels.copy()
    marked[5:15, 120:145] = level  # a letter in the air
    marked[:, 130] = level  # a line through the frame
    assert np.array_equal(find_breast(marked, SKIN).mask, find_breast(pixels, SKIN).mask)


@pytest.mark.parametrize("air", [0, 120, 800])
def test_find_breast_ignores_the_air_level(air):
    pixels = picture() + air
    assert np.array_equal(find_breast(pixels, SKIN).mask, picture() > 0)


def test_find_breast_ignores_noise_in_air():
    noise = np.random.default_rng(0).normal(100, 12, (200, 150)).astype(np.float32)
    breast = find_breast(picture() + noise, SKIN)
    assert np.mean(breast.mask == (picture() > 0)) > 0.995


def test_find_breast_fills_holes():
    pixels = picture()
    pixels[95:105, 20:30] = 0
    assert find_breast(pixels, SKIN).mask[95:105, 20:30].all()


def test_bounding_box_of_a_breast_that_fills_the_frame():
    row, column = np.mgrid[:60, :40]
    pixels = (1500 + 500 * np.sin(row / 9) + 300 * np.cos(column / 7)).astype(np.float32)
    top, left, bottom, right = box(pixels)
    assert (bottom - top) * (right - left) > 0.5 * pixels.size


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((50, 40)), "one grey level"),
        (np.full((50, 40), 700.0), "one grey level"),
        (np.random.default_rng(1).integers(0, 4096, (80, 60)), "noise"),
        (np.pad(np.arange(1000, 1036).reshape(6, 6), 60), "too small|stands out|nothing but"),
        (np.pad(np.eye(12) * 900 + 800, ((4, 60), (4, 60))), "too small|stands out|noise"),
    ],
    ids=["black", "grey", "noise", "a speck", "a letter"],
)
def test_find_breast_in_a_blank_frame_raises_image_error(pixels, words):
    with pytest.raises(ImageError, match=words) as caught:
        find_breast(pixels.astype(np.float32), SKIN)
    assert caught.value.reason == "blank"


def test_chest_right_is_decided_by_mass():
    mask = picture() > 0
    assert not chest_right(mask)
    assert chest_right(mask[:, ::-1])


@pytest.mark.parametrize("width", [1, 4, 10])
@pytest.mark.parametrize("sides", ["left", "right", "all"])
def test_bounding_box_ignores_noisy_borders(width, sides):
    pixels = picture()
    burned = np.random.default_rng(0).normal(3800, 15, (pixels.shape[0] + 2 * width, pixels.shape[1] + 2 * width))
    burned[width:-width, width:-width] = pixels
    rows = slice(None) if sides == "all" else slice(width, -width)
    columns = {"left": slice(None, -width), "right": slice(width, None), "all": slice(None)}[sides]
    framed, offset = burned[rows, columns], {"left": (0, width), "right": (0, 0), "all": (width, width)}[sides]
    expected = np.add(box(pixels), offset * 2).tolist()
    assert box(framed) == pytest.approx(expected, abs=1)


def test_bounding_box_ignores_a_very_bright_marker():
    pixels = picture() * 0.2  # its darkest tissue as dark as in fatty breasts
    marked = pixels.copy()
    marked[5:30, 110:145] = 4095
    assert box(marked) == pytest.approx(box(pixels), abs=1)


def test_bounding_box_with_implant_includes_surrounding_tissue():
    pixels = picture() * 0.3
    row, column = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    implant = (row - 100) ** 2 + (column - 30) ** 2 < 40**2
    assert box(np.where(implant, 3900, pixels)) == pytest.approx(box(pixels), abs=2)
