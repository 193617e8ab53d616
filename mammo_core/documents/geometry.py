"""The position of a model input in its source.

Each prepared PNG and each row of a manifest records it.
"""

from mammo_core.documents.base import Document

Pixels = int | float  # JSON keeps the difference: an edge at the source's border is an integer


class Geometry(Document):
    """The position of a model input in its source: crop, mirroring and scale.

    Attributes:
        source_rows: rows of the file, in pixels.
        source_columns: columns of the file, in pixels.
        top: upper edge of the crop, in source pixels and fractions of them.
        left: left edge of the crop, likewise.
        bottom: lower edge of the crop, likewise.
        right: right edge of the crop, likewise.
        flipped: whether the crop was mirrored, so that the chest wall lies at the left.
        offset_row: row of the model input in which the crop begins, in its pixels.
        offset_column: column of the model input in which the crop begins, in its pixels.
        content_rows: height of the crop in the model input; the longer side is the input's size.
        content_columns: width of the crop in the model input.
    """

    source_rows: int
    source_columns: int
    top: Pixels
    left: Pixels
    bottom: Pixels
    right: Pixels
    flipped: bool
    offset_row: Pixels
    offset_column: Pixels
    content_rows: Pixels
    content_columns: Pixels
