"""The position of a model input in its source.

Each prepared PNG and each row of a manifest records it.
"""

from pydantic import JsonValue

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
        content_rows: height of the crop in the model input; the longer side of the crop is that of a square input.
        content_columns: width of the crop in the model input.
        input_rows: rows of the model input; None for a square one.
        input_columns: columns of the model input, likewise.
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
    input_rows: int | None = None
    input_columns: int | None = None

    @property
    def input_shape(self) -> tuple[int, int]:
        """Rows and columns of the model input."""
        if self.input_rows and self.input_columns:
            return self.input_rows, self.input_columns
        side = round(max(self.content_rows, self.content_columns))
        return side, side

    def to_json(self) -> dict[str, JsonValue]:
        """Return the geometry as JSON values.

        That of a square input is as earlier versions wrote it.
        """
        return self.model_dump(mode="json", exclude_none=True)
