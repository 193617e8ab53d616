import numpy as np
import pytest

from mammo_core.phantoms.tone import LEVELS, PERCENTS, SPREAD, tone_curve


@pytest.mark.parametrize("style", ["contrast", "flat"])
def test_tone_curve_matches_the_target_percentiles(style, monkeypatch):
    monkeypatch.setitem(SPREAD, "B", 1.0)
    tissue = np.random.default_rng(0).normal(0.4, 0.1, (300, 300)).astype(np.float32)
    levels = tone_curve(tissue, np.ones(tissue.shape, bool), style, "B", 1.0).apply(tissue)
    percentiles = np.percentile(levels, PERCENTS[2:-1])
    assert percentiles == pytest.approx(LEVELS[style][2:-1], rel=0.03)


def test_tone_curve_is_monotonic_and_bounded():
    tissue = np.linspace(0, 1, 1000, dtype=np.float32)[None]
    curve = tone_curve(tissue, np.ones(tissue.shape, bool), "contrast", "D", 1.1)
    levels = curve.apply(np.linspace(-1, 5, 500, dtype=np.float32))
    assert (np.diff(levels) >= 0).all()
    assert levels.min() >= 0
    assert levels.max() <= 4095
