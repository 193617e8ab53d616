from dataclasses import replace

import numpy as np
import pytest

from mammo_core.phantoms.render import RenderJob, render
from mammo_core.phantoms.spec import BY_ID, DemoSpec

SPEC = DemoSpec(patients=1, seed=4, rows=192, columns=144, nuisances=False)
JOB = RenderJob(11, 22, "L", "CC", "C", True, False, 60.0, BY_ID["48"])


def test_render_same_job_is_reproducible():
    assert np.array_equal(render(JOB, SPEC).levels, render(JOB, SPEC).levels)
    assert not np.array_equal(render(JOB, SPEC).levels, render(replace(JOB, image=23), SPEC).levels)


@pytest.mark.parametrize("view", ["CC", "MLO", "AT"])
def test_render_pixel_values_resemble_a_mammogram(view):
    levels = render(replace(JOB, view=view), SPEC).levels
    assert levels.shape == (192, 144)
    assert levels.dtype == np.float32
    assert 0.3 < (levels == 0).mean() < 0.85
    assert levels.max() <= 4095
    assert 900 < np.median(levels[levels > 0]) < 1700


@pytest.mark.parametrize("side", ["L", "R"])
def test_render_chest_wall_is_on_the_side_of_the_laterality(side):
    picture = render(replace(JOB, laterality=side), SPEC)
    left, right = picture.levels[:, :8], picture.levels[:, -8:]
    assert picture.faces_left == (side == "R")
    assert ((left > 0).mean() > (right > 0).mean()) == (side == "L")


def test_render_machine_49_flips_some_images():
    spec = replace(SPEC, rows=64, columns=64, nuisances=True)
    faces = [render(replace(JOB, image=image, machine=BY_ID["49"]), spec).faces_left for image in range(16)]
    assert 2 < sum(faces) < 12


@pytest.mark.parametrize("view", ["CC", "MLO"])
@pytest.mark.parametrize("side", ["L", "R"])
def test_render_lesion_annotations_are_in_stored_image_pixels(view, side):
    job = replace(JOB, view=view, laterality=side)
    with_cancer, without = render(job, SPEC), render(replace(job, cancer=False), SPEC)
    drawn = with_cancer.lesions[-1]
    assert drawn.lesion.malignant
    assert 0 <= drawn.top < drawn.row < drawn.bottom <= 192
    assert 0 <= drawn.left < drawn.column < drawn.right <= 144
    side_mm = (drawn.bottom - drawn.top) * SPEC.pixel_mm
    assert drawn.lesion.size_mm * 0.9 < side_mm < drawn.lesion.size_mm * 1.6
    assert not any(other.lesion.malignant for other in without.lesions)


def test_render_implant_is_brighter_than_tissue():
    levels = render(replace(JOB, implant=True, cancer=False), SPEC).levels
    assert (levels > 2800).mean() > 0.05
