import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from mammo_core.doctor.patient_likelihood import expect


def test_log_ratio_is_that_of_the_joint_normal_distributions():
    between, image, others = 3.0, 1.5, [0.5, 2.0]
    expected = expect(np.array([[sum(others)]]), np.array([2]), np.array([between]))
    same = multivariate_normal(cov=np.eye(3) + between).logpdf([image, *others])
    apart = norm.logpdf(image, 0, 2) + multivariate_normal(cov=np.eye(2) + between).logpdf(others)
    assert expected.log_ratios(np.array([[image]])) == pytest.approx(np.array([[same - apart]]), abs=1e-5)


def test_log_ratios_add_over_dimensions_and_pair_with_their_own_patient():
    generator = np.random.default_rng(3)
    sums, vectors = generator.normal(size=(4, 5)), generator.normal(size=(4, 5)).astype(np.float32)
    counts, between = np.array([1, 2, 3, 4]), np.array([0.1, 1.0, 2.0, 4.0, 8.0])
    expected = expect(sums, counts, between)
    ratios = expected.log_ratios(vectors)
    each = [expect(sums[:, [k]], counts, between[[k]]).log_ratios(vectors[:, [k]]) for k in range(5)]
    assert ratios == pytest.approx(np.sum(each, axis=0), abs=1e-4)
    assert expected.paired_log_ratios(vectors) == pytest.approx(np.diag(ratios), abs=1e-4)
    assert expected.take(np.array([2, 0])).log_ratios(vectors) == pytest.approx(ratios[:, [2, 0]], abs=1e-4)


def test_nothing_is_expected_of_a_patient_without_images():
    expected = expect(np.zeros((1, 2)), np.array([0]), np.array([1.0, 4.0]))
    assert expected.log_ratios(np.array([[3.0, -5.0]])) == pytest.approx(np.zeros((1, 1)), abs=1e-6)
