"""Compute statistics of a catalogue's table.

These are counts by unit, ages by label, rates by group, missing values and leaks.
"""
