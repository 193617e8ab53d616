import numpy as np

from mammo_core.preprocess.marker_templates import OTHERS, SIDES, VIEWS, letter_templates, view_templates


def test_templates_have_mean_0_and_length_1():
    for templates in (letter_templates(9), view_templates(9)):
        assert np.allclose(templates.pixels.mean(axis=1), 0, atol=1e-6)
        assert np.allclose(np.linalg.norm(templates.pixels, axis=1), 1, atol=1e-5)


def test_a_template_is_most_like_itself():
    letters = letter_templates(12)
    plain = letters.pixels[0].reshape(letters.shape)  # the thinnest L
    correlations = letters.compare(plain - plain.min())
    assert correlations.shape == (2, len(SIDES) + len(OTHERS))
    assert np.unravel_index(correlations.argmax(), correlations.shape) == (0, 0)
    mirrored = letters.compare((plain - plain.min())[:, ::-1])
    assert np.allclose(mirrored, correlations[::-1], atol=1e-5)


def test_words_of_another_width_are_not_compared():
    assert (view_templates(10).compare(np.eye(10)) == -1).sum() >= len(VIEWS)  # CC is 1.9 times as wide as high
    assert (letter_templates(10).compare(np.eye(10, 40)) == -1).all()


def test_letters_above_the_limit_share_their_templates():
    assert np.array_equal(letter_templates(14).pixels, letter_templates(40).pixels)
