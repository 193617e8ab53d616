import numpy as np
import pytest

from mammo_core.phantoms.texture import enlarge, power_law, ridges, sample, splat


def test_power_law_noise_has_the_requested_exponent():
    noise = power_law((256, 256), 2.8, 0.5, np.random.default_rng(0))
    power = np.abs(np.fft.fft2(noise)) ** 2
    radius = np.round(np.hypot(*np.meshgrid(*[np.fft.fftfreq(256, 1 / 256)] * 2))).astype(int)
    cycles = np.arange(4, 60)
    mean = [power[radius == cycle].mean() for cycle in cycles]
    assert -np.polyfit(np.log(cycles), np.log(mean), 1)[0] == pytest.approx(2.8, abs=0.1)
    assert noise.mean() == pytest.approx(0, abs=1e-5)
    assert noise.std() == pytest.approx(1, abs=1e-5)


def test_sample_is_periodic_and_exact_at_pixels():
    tile = np.arange(12, dtype=np.float32).reshape(3, 4)
    rows, columns = np.array([[0.0, 3.0, 0.5]], np.float32), np.array([[1.0, 5.0, 0.0]], np.float32)
    assert sample(tile, rows, columns).tolist() == [[1.0, 1.0, 2.0]]


def test_ridges_are_one_at_zero_crossings():
    assert ridges(np.array([0.0, 0.5, -0.5], np.float32), 0.5).tolist() == pytest.approx([1, np.exp(-1), np.exp(-1)])


def test_splat_line_of_dots_has_height_one():
    x = np.arange(5, 95, dtype=np.float32)
    drawn = splat(x, np.full_like(x, 20.5), np.ones_like(x), (41, 100), 1.5)
    assert drawn[20:22, 50] == pytest.approx([0.93, 0.93], abs=0.03)  # between two rows
    assert drawn[0, 50] == 0


def test_splat_ignores_dots_outside_the_frame():
    x = np.array([-1, 3, 99], np.float32)
    assert splat(x, x, np.ones_like(x), (10, 10), 0.5).sum() == pytest.approx(0.5 * np.sqrt(2 * np.pi), rel=0.01)


def test_enlarge_preserves_a_uniform_field():
    assert np.allclose(enlarge(np.full((4, 5), 3, np.float32), (13, 17)), 3)
