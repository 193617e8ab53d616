import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mammo_core.preprocess.side_marker import read_side_marker

AIR, RATIO = 100.0, 4


def letters(text: str, size: int, *, framed: bool = False, mirrored: bool = False) -> np.ndarray:
    """Return air with a word in it, float32 (640, 480)."""
    image = Image.new("L", (480, 640))
    pen = ImageDraw.Draw(image)
    pen.text((200, 60), text, fill=255, font=ImageFont.load_default(size))
    if framed:
        left, top, right, bottom = pen.textbbox((200, 60), text, font=ImageFont.load_default(size))
        for column, tick in ((left - size // 2, 3), (right + size // 2, -3)):
            pen.line(
                [(column + tick, top - 4), (column, top - 4), (column, bottom + 4), (column + tick, bottom + 4)], 255
            )
    pixels = np.asarray(image, np.float32) * 10 + AIR
    return np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels


def read(pixels: np.ndarray) -> str:
    rows, columns = pixels.shape
    coarse = pixels.reshape(rows // RATIO, RATIO, columns // RATIO, RATIO).mean(axis=(1, 3))
    return read_side_marker(pixels, coarse > AIR + 50, RATIO, AIR)


@pytest.mark.parametrize("size", [12, 17, 30])
@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("text", ["R-MLO", "LCC", "R CC", "LMLO", "R ML", "L-XCCL", "RMLOID"])
def test_letter_before_a_view_is_read_as_it_is_and_mirrored(text, framed, size):
    assert read(letters(text, size, framed=framed)) == text[0]
    assert read(letters(text, size, framed=framed, mirrored=True)) == f"mirrored {text[0]}"


@pytest.mark.parametrize("text", ["CC", "MLO", "XCCL", "R", "L", "RIGHT", "LEFT", "LATERAL", "R 2026", "CCL", "MLO-R"])
def test_other_words_are_illegible(text):
    for size in (12, 17, 30):
        assert read(letters(text, size)) == read(letters(text, size, mirrored=True)) == "illegible"


def test_words_that_contradict_each_other_are_illegible():
    both = letters("R-CC", 17)
    both[300:500] = letters("L-CC", 17)[20:220]
    assert read(both) == "illegible"


def test_the_same_word_twice_is_read():
    both = letters("R-CC", 17)
    both[300:500] = letters("RMLO", 17)[20:220]
    assert read(both) == "R"


def test_letters_are_read_in_noise():
    noise = np.random.default_rng(3).normal(0, 120, (640, 480)).astype(np.float32)
    assert read(letters("L-MLO", 17) + noise * (letters("L-MLO", 17) > AIR)) == "L"


def test_letters_reduced_to_five_pixels_are_read():
    pixels = letters("RCC", 14, framed=True)
    reduced = pixels.reshape(320, 2, 240, 2).mean(axis=(1, 3))
    assert read(reduced) == "R"


def test_air_is_illegible():
    assert read(np.full((640, 480), AIR, np.float32)) == "illegible"


def test_spots_strokes_and_textures_are_illegible():
    for seed in range(40):
        generator = np.random.default_rng(seed)
        pixels = np.full((640, 480), AIR, np.float32)
        top, left = generator.integers(0, 500), generator.integers(0, 380)
        texture = generator.random((generator.integers(8, 60), generator.integers(20, 100)))
        part = pixels[top : top + texture.shape[0], left : left + texture.shape[1]]
        part += 2000 * (texture > generator.uniform(0.3, 0.9))
        assert read(pixels) == "illegible"
