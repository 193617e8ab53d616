"""Predictions → metrics with intervals over patients, compared with baselines."""
