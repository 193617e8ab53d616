"""Divide the rows of some work into batches for workers."""

from collections.abc import Sequence
from typing import TypeVar

FIRST_BATCHES = 4  # of one row each, then as many of two, of four and so on: the first results come soon

Row = TypeVar("Row")


def divide(rows: Sequence[Row], most: int) -> list[list[Row]]:
    """Divide rows into batches that grow up to `most` rows."""
    batches: list[list[Row]] = []
    start = 0
    while start < len(rows):
        size = min(most, 2 ** (len(batches) // FIRST_BATCHES))
        batches.append(list(rows[start : start + size]))
        start += size
    return batches
