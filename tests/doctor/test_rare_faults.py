import numpy as np
import pytest

from mammo_core.doctor.rare_faults import HIGH, LEAST_SHARE, fault_probability

SOUND = np.random.default_rng(2).exponential(3.0, 2000) - 10
FAULTS = np.linspace(20, 60, 20)
SIMULATED = np.linspace(0, 80, 500)


def test_faults_are_separated_from_the_highest_sound_values():
    probability = fault_probability(np.concatenate([SOUND, FAULTS]), SIMULATED)
    assert (probability[2000:] > 0.95).all()
    assert (probability[:2000] > 0.8).sum() == 0


def test_sound_values_hold_no_fault():
    probability = fault_probability(SOUND, SIMULATED)
    assert probability.max() < 0.5
    assert not probability[np.quantile(SOUND, HIGH) >= SOUND].any()


def test_a_single_fault_is_believed():
    assert fault_probability(np.append(SOUND, 60.0), SIMULATED)[-1] > 0.99


def test_probability_is_the_share_of_faults_among_equal_densities():
    # All excesses are 1 and so is the scale in the end; faults are spread evenly over 10.
    values, simulated = np.repeat([0.0, 1.0], [760, 240]), np.full(10, 10.0)
    share, sound = LEAST_SHARE / 10, (1 - LEAST_SHARE) * np.exp(-1)
    assert fault_probability(values, simulated)[-1] == pytest.approx(share / (share + sound), rel=1e-6)


def test_many_faults_do_not_hide_each_other():
    many = np.concatenate([SOUND, np.linspace(20, 60, 200)])
    assert (fault_probability(many, SIMULATED)[2000:] > 0.9).all()


@pytest.mark.parametrize(
    ("values", "simulated"),
    [
        ([], [1.0]),
        ([1.0, 2.0], []),
        ([1.0, 1.0], [2.0]),
        ([-np.inf] * 3 + [5.0], [2.0]),
        ([1.0, 2.0, 3.0, 9.0], [0.0]),  # faults are no higher than sound values
    ],
)
def test_nothing_is_probable_without_values_to_compare(values, simulated):
    assert not fault_probability(np.array(values), np.array(simulated)).any()
