"""Estimate how likely unusually high values are faults.

Sound values above a high quantile fall off at least as fast as an exponential distribution. Where that leads to expect fewer than
there are, the others are faults, whose values are about evenly spread up to those of simulated ones.
"""

import numpy as np

HIGH = 0.75  # quantile above which values are compared: few faults are below it, and few sound values far above it
HIGHEST = 0.95  # quantile of the simulated values up to which faults are spread
LEAST_SHARE, MOST_SHARE = 0.01, 0.9  # of the values above: a single fault can be believed, and not all are faults
FIRST_SHARE = 0.2  # from which the estimate starts
ROUNDS = 200  # of expectation and maximisation


def fault_probability(values: np.ndarray, simulated: np.ndarray) -> np.ndarray:
    """Return the probability that each value is a fault's.

    Args:
        values: float (n,); -inf where nothing speaks for a fault.
        simulated: float (m,), of simulated faults.

    Returns:
        float64 (n,), 0 up to the quantile `HIGH`.
    """
    probability = np.zeros(len(values))
    if not len(values) or not len(simulated):
        return probability
    start = np.quantile(values, HIGH, method="higher")
    above = values > start
    range_of_faults = np.quantile(simulated, HIGHEST) - start
    if np.isfinite(start) and above.any() and range_of_faults > 0:
        probability[above] = _separate((values[above] - start).astype(float), float(range_of_faults))
    return probability


def _separate(excess: np.ndarray, range_of_faults: float) -> np.ndarray:
    """Return the probability of each fault, by expectation and maximisation.

    Args:
        excess: float (n,), positive.
        range_of_faults: over which faults are evenly spread.
    """
    scale = -float(np.quantile(excess, 0.25)) / np.log(0.75)  # the lowest are sound
    share, fault = FIRST_SHARE, np.zeros(len(excess))
    for _ in range(ROUNDS):
        sound = (1 - share) * np.exp(-excess / scale) / scale
        fault = share / range_of_faults / (share / range_of_faults + sound)
        scale = max(float(((1 - fault) * excess).sum() / (1 - fault).sum()), 1e-6)
        share = float(np.clip(fault.mean(), LEAST_SHARE, MOST_SHARE))
    return fault
