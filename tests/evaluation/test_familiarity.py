import numpy as np
import pytest

from mammo_core.errors import ModelError
from mammo_core.evaluation.familiarity import Reference, describe_inputs, fit_reference
from mammo_core.preprocess import Geometry

GENERATOR = np.random.default_rng(3)
MIXING = GENERATOR.standard_normal((6, 6))


def descriptors(count: int) -> np.ndarray:
    return GENERATOR.standard_normal((count, 6)) @ MIXING + 5


@pytest.fixture(scope="module")
def reference() -> Reference:
    return fit_reference(descriptors(800), descriptors(200))


def test_what_is_drawn_alike_is_familiar(reference):
    assert (reference.strangeness(descriptors(2000)) <= 1).mean() > 0.97


def test_a_combination_that_never_occurs_is_strange_though_each_value_is_usual(reference):
    usual = descriptors(2000)
    direction = np.linalg.svd(usual - usual.mean(axis=0))[2][-1]  # the direction in which they hardly vary
    odd = usual.mean(axis=0) + 8 * direction * (usual - usual.mean(axis=0)).std()
    assert reference.strangeness(odd[np.newaxis])[0] > 1


def test_a_value_that_never_varied_is_no_division_by_zero():
    constant = np.ones((50, 3))
    found = fit_reference(constant + GENERATOR.normal(0, [1, 1, 0], (50, 3)), constant)
    assert np.isfinite(found.strangeness(constant)).all()


def test_it_is_read_as_it_was_saved(reference, tmp_path):
    reference.save(tmp_path / "reference.npz")
    some = descriptors(5)
    assert np.array_equal(Reference.read(tmp_path / "reference.npz").strangeness(some), reference.strangeness(some))


def test_what_is_no_reference_is_one_sentence(tmp_path):
    (tmp_path / "reference.npz").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="isn't readable"):
        Reference.read(tmp_path / "reference.npz")


def test_descriptors_by_hand():
    image = np.zeros((1, 4, 4), np.uint8)
    image[0, :, :2] = 255
    place = Geometry(100, 80, 10, 0, 90, 40, False, 0, 0, 4, 2)
    (found,) = describe_inputs(image, [place], np.array([[7.0]]))
    assert found[:2] == pytest.approx([0.5, 1.0])  # the breast's share, and its mean
    assert found[-3:] == pytest.approx([np.log(2), 0.8, 7.0])
