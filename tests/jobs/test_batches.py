"""Batches of rows for workers."""

from mammo_core.jobs.batches import divide


def test_divide_makes_small_batches_first():
    batches = divide(range(50), 16)
    assert [len(batch) for batch in batches] == [1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8, 8, 6]
    assert [row for batch in batches for row in batch] == list(range(50))


def test_divide_makes_no_larger_batches_than_allowed():
    assert [len(batch) for batch in divide(range(20), 4)] == [1, 1, 1, 1, 2, 2, 2, 2, 4, 4]
    assert divide([], 4) == []
