"""Keras callbacks of a training run: one concept a file."""
