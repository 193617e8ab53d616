import numpy as np
import pytest

from builders.doctor import manifest
from mammo_core.doctor.breast_projection import (
    DIMENSIONS,
    LEAST_BETWEEN,
    cross_fitted_projections,
    describe_breasts,
    sums_of,
)


def test_features_and_measures_are_standardised_in_each_view_by_itself():
    table = manifest([{"view": view} for view in ("CC", "MLO", "CC", "MLO")])
    features = np.array([[1.0], [10.0], [3.0], [30.0]], np.float16)
    described = describe_breasts(table, features, np.zeros((4, 64, 64), np.uint8))
    assert described.shape == (4, 14)
    assert described[:, 0].tolist() == [-1, -1, 1, 1]
    assert not described[:, 1:].any()  # all images alike


def test_only_the_rows_of_the_table_are_described():
    table = manifest([{}, {}, {}]).iloc[1:]
    features = np.array([[99.0], [1.0], [3.0]], np.float16)
    assert describe_breasts(table, features, np.zeros((3, 64, 64), np.uint8))[:, 0].tolist() == [-1, 1]


def test_measures_are_of_the_breast_and_not_of_the_background():
    dark, bright, large = np.zeros((3, 64, 64), np.uint8)
    dark[:8, :4], bright[:8, :4], large[:16, :4] = 50, 150, 100
    table = manifest([{}, {}, {"crop": (10, 0, 790, 200)}])
    described = describe_breasts(table, np.zeros((3, 1), np.float16), np.stack([dark, bright, large]))
    height, width, area, mean, deviation = described[:, 1:6].T
    assert not height.any()
    assert np.allclose(width, area)
    assert width[2] < width[0] == width[1]
    assert np.argsort(mean).tolist() == [0, 2, 1]
    assert not deviation.any()
    rows, columns, pixels = described[:, 11:].T
    assert rows[2] == pixels[2] == pytest.approx(np.sqrt(2))
    assert not columns.any()


def breasts(count=200, seed=1):
    """Return two images a breast: one number that a breast has, among many that are noise."""
    generator = np.random.default_rng(seed)
    of_breast = np.repeat(np.arange(count), 2)
    values = generator.normal(size=(2 * count, 40)).astype(np.float32)
    values[:, 7] = 0.2 * values[:, 7] + generator.normal(size=count)[of_breast]
    return values, of_breast


def test_parts_hold_each_image_once_and_a_patient_on_one_side_only():
    values, of_breast = breasts()
    groups = of_breast // 2
    parts = [projected.part for projected in cross_fitted_projections(values, of_breast, groups)]
    assert sorted(np.concatenate(parts)) == list(range(400))
    assert sum(len(np.unique(groups[part])) for part in parts) == len(np.unique(groups))


def test_what_the_images_of_a_breast_share_varies_between_breasts():
    values, of_breast = breasts()
    for projected in cross_fitted_projections(values, of_breast, of_breast):
        assert projected.vectors.shape == (400, DIMENSIONS)
        first, second = projected.vectors[projected.part[::2]], projected.vectors[projected.part[1::2]]
        best = int(projected.between.argmax())
        assert projected.between[best] > 5 * np.sort(projected.between)[-2]
        assert np.corrcoef(first[:, best], second[:, best])[0, 1] > 0.8
        rest = np.setdiff1d(np.arange(400), projected.part)
        apart = projected.vectors[rest[::2]] - projected.vectors[rest[1::2]]
        assert np.allclose((apart**2).mean(axis=0) / 2, 1, atol=1e-3)


def test_patients_do_not_teach_the_projection_of_their_own_images():
    values, of_breast = breasts()
    first = next(iter(cross_fitted_projections(values, of_breast, of_breast)))
    changed = values.copy()
    changed[first.part] = 9 * changed[first.part][::-1]
    other = next(iter(cross_fitted_projections(changed, of_breast, of_breast)))
    rest = np.setdiff1d(np.arange(400), first.part)
    assert np.array_equal(first.vectors[rest], other.vectors[rest])
    assert np.array_equal(first.between, other.between)


def test_constant_features_give_finite_vectors():
    values, of_breast = breasts()
    for projected in cross_fitted_projections(np.zeros_like(values), of_breast, of_breast):
        assert not projected.vectors.any()
        assert projected.between == pytest.approx(LEAST_BETWEEN)


def test_sums_of_rows_by_code():
    sums, counts = sums_of(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1, 0, 1]))
    assert sums.tolist() == [[3, 4], [6, 8]]
    assert counts.tolist() == [1, 2]
