"""Sort and page the images that the filters keep."""

import pandas as pd

ORDERS = {  # by name: column and whether its highest values come first; others keep the table's order
    "positive first": ("cancer", True),
    "negative first": ("cancer", False),
    "oldest first": ("age", True),
    "youngest first": ("age", False),
    "as in the table": (None, False),
}
PAGE = 24  # images


def sort_images(images: pd.DataFrame, order: str) -> pd.DataFrame:
    """Sort images by one of `ORDERS`.

    Unknown values come last, equal ones stay in the table's order.
    """
    column, descending = ORDERS[order]
    if column is None or column not in images:
        return images
    return images.sort_values(column, ascending=not descending, kind="stable", na_position="last")


def page_count(images: pd.DataFrame) -> int:
    """Return the number of pages, at least 1."""
    return max(1, -(-len(images) // PAGE))


def page_of(images: pd.DataFrame, page: int) -> pd.DataFrame:
    """Return the images of a page, counted from 1."""
    return images.iloc[(page - 1) * PAGE : page * PAGE]
