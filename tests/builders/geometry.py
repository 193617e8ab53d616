"""Geometries: where a model input lies in its source."""

from mammo_core.documents.geometry import Geometry

Box = tuple[float, float, float, float]  # top, left, bottom, right, in source pixels


def geometry(
    source: tuple[int, int] = (8, 6),
    content: tuple[float, float] = (4, 3),
    crop: Box | None = None,
    *,
    flipped: bool = False,
    model_input: tuple[int, int] | None = None,
) -> Geometry:
    """Return the geometry of a crop that begins in the first row and column of its model input.

    Args:
        source: rows and columns of the file.
        content: rows and columns that the crop fills of the model input.
        crop: by default the whole frame.
        flipped: whether the crop was mirrored.
        model_input: its rows and columns; None for a square one.
    """
    top, left, bottom, right = crop or (0, 0, *source)
    input_rows, input_columns = model_input or (None, None)
    return Geometry(
        source_rows=source[0],
        source_columns=source[1],
        top=top,
        left=left,
        bottom=bottom,
        right=right,
        flipped=flipped,
        offset_row=0,
        offset_column=0,
        content_rows=content[0],
        content_columns=content[1],
        input_rows=input_rows,
        input_columns=input_columns,
    )
