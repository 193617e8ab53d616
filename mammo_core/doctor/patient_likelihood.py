"""Compare how well an image fits the images of patients.

Two-covariance model (Brümmer and De Villiers 2010): vectors of one patient vary by 1 about a mean, which itself varies between
patients. A logarithm of a likelihood ratio says how much better an image fits a patient than it fits anybody.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Expectation:
    """What the images of each of m patients lead to expect of another one.

    The log likelihood ratio of a vector v is constant + linear · v - square · v².

    Attributes:
        constant: float32 (m,).
        linear: float32 (m, k).
        square: float32 (m, k).
    """

    constant: np.ndarray
    linear: np.ndarray
    square: np.ndarray

    def log_ratios(self, vectors: np.ndarray) -> np.ndarray:
        """Return the log likelihood ratios of each vector and patient.

        Args:
            vectors: float32 (q, k).

        Returns:
            float32 (q, m).
        """
        factors = np.concatenate([self.linear, -self.square], axis=1)  # (m, 2 k)
        ratios = np.concatenate([vectors, vectors**2], axis=1) @ factors.T
        ratios += self.constant
        return np.asarray(ratios)

    def paired_log_ratios(self, vectors: np.ndarray) -> np.ndarray:
        """Return the log likelihood ratio of the n-th vector and the n-th patient.

        Args:
            vectors: float32 (m, k).

        Returns:
            float32 (m,).
        """
        return np.asarray(self.constant + (vectors * self.linear - vectors**2 * self.square).sum(axis=1))

    def take(self, rows: np.ndarray) -> "Expectation":
        """Return the same of some patients."""
        return Expectation(self.constant[rows], self.linear[rows], self.square[rows])


def expect(sums: np.ndarray, counts: np.ndarray, between: np.ndarray) -> Expectation:
    """Return what images of patients lead to expect of another one.

    Args:
        sums: float (m, k), sum of each patient's vectors.
        counts: int (m,), number of these; nothing is expected where it is 0.
        between: float (k,), variance between patients.
    """
    known = between / (between * counts[:, np.newaxis] + 1)  # (m, k), variance of a patient's mean, given its images
    mean, variance, usual = known * sums, known + 1, between + 1
    constant = -0.5 * (np.log(variance / usual) + mean**2 / variance).sum(axis=1)
    square = 0.5 * (1 / variance - 1 / usual)
    return Expectation(*(each.astype(np.float32) for each in (constant, mean / variance, square)))
