from dataclasses import replace

import numpy as np
import pytest

from mammo_core.phantoms.anatomy import Breast, make_breast, outline
from mammo_core.phantoms.canvas import make_canvas
from mammo_core.phantoms.tissue import Tissue, make_tissue

BREAST = make_breast(1, 7, "L", "B", False)


def tissue_of(breast: Breast, view: str = "CC", style: str = "flat") -> tuple[Tissue, np.ndarray]:
    """Return the tissue of a view and the pixels deep inside the breast, bool (rows, columns)."""
    canvas = make_canvas(outline(breast, view, np.random.default_rng(0)), 1.0)
    return make_tissue(canvas, breast, style, np.random.default_rng(1)), canvas.depth > 10


def test_make_tissue_same_random_numbers_are_reproducible():
    first, second = tissue_of(BREAST)[0], tissue_of(BREAST)[0]
    assert np.array_equal(first.bright, second.bright)


def test_make_tissue_fills_the_canvas_with_finite_values():
    tissue, deep = tissue_of(BREAST, "MLO")
    for layer in (tissue.bright, tissue.muscle, tissue.implant):
        assert layer.shape == deep.shape
        assert np.isfinite(layer).all()
    assert tissue.muscle[deep].min() > -0.2  # the bicubic enlargement overshoots the shares 0 and 1 at the edge
    assert tissue.muscle[deep].max() < 1.2


def test_make_tissue_denser_breast_is_brighter():
    means = []
    for density in "ABCD":
        tissue, deep = tissue_of(replace(BREAST, density=density))
        means.append(tissue.bright[deep].mean())
    assert means == sorted(means)
    assert means[3] > 1.3 * means[0]


@pytest.mark.parametrize(("view", "expected"), [("CC", False), ("MLO", True)])
def test_make_tissue_muscle_only_in_oblique_views(view, expected):
    muscle = tissue_of(BREAST, view)[0].muscle
    assert bool(muscle.any()) is expected
    assert bool(muscle.max() > 0.9) is expected


@pytest.mark.parametrize("implant", [False, True])
def test_make_tissue_implant_only_if_the_breast_has_one(implant):
    share = tissue_of(replace(BREAST, implant=implant))[0].implant
    assert bool(share.any()) is implant
    assert share.max() == (1 if implant else 0)


def test_make_tissue_contrast_style_has_a_brighter_skin():
    canvas = make_canvas(outline(BREAST, "CC", np.random.default_rng(0)), 1.0)
    skin = (canvas.depth > 0) & (canvas.depth < 2)
    flat, contrast = tissue_of(BREAST, style="flat")[0], tissue_of(BREAST, style="contrast")[0]
    assert contrast.bright[skin].mean() > flat.bright[skin].mean() + 0.05
