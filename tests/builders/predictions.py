"""Tables of predictions, one row per image."""

import numpy as np
import pandas as pd


def predictions(patients: int = 120, signal: float = 0.5, seed: int = 0) -> pd.DataFrame:
    """Return four images a patient; the right breast of every fourth patient is positive.

    Args:
        patients: how many.
        signal: by which the mean probability of positive images exceeds that of negative ones.
        seed: of probabilities and ages.
    """
    generator = np.random.default_rng(seed)
    table = pd.DataFrame({"patient_id": np.repeat(np.arange(patients), 4).astype(str)})
    table["image_id"] = [str(n) for n in range(len(table))]
    table["laterality"], table["view"] = ["L", "L", "R", "R"] * patients, ["CC", "MLO"] * 2 * patients
    table["label"] = ((np.arange(len(table)) // 4 % 4 == 0) & (table["laterality"] == "R")).astype(int)
    table["age"] = 58.0 + np.repeat(generator.integers(-10, 10, patients), 4)
    table["site_id"] = np.where(np.arange(len(table)) // 4 % 2 == 0, "1", "2")
    table["probability"] = np.clip(0.2 + signal * table["label"] + 0.1 * generator.standard_normal(len(table)), 0, 1)
    return table


def binormal_breasts(positive: int, negative: int, seed: int = 0, distance: float = 1.2) -> pd.DataFrame:
    """Return two breasts a patient, whose scores are correlated; of a patient with cancer the left one is positive.

    Args:
        positive: patients with cancer.
        negative: patients without.
        seed: of the scores.
        distance: by which the logits of positive breasts exceed those of negative ones, in standard deviations.
    """
    generator, count = np.random.default_rng(seed), positive + negative
    label = np.zeros(2 * count, int)
    label[: 2 * positive : 2] = 1
    logit = 0.7 * generator.standard_normal(count).repeat(2) + np.sqrt(0.51) * generator.standard_normal(2 * count)
    return pd.DataFrame(
        {
            "patient_id": np.arange(count).repeat(2).astype(str),
            "laterality": ["L", "R"] * count,
            "label": label,
            "probability": 1 / (1 + np.exp(-logit - distance * label)),
        }
    )
