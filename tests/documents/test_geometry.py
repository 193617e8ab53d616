import json

import pytest
from pydantic import ValidationError

from builders.geometry import geometry
from mammo_core.documents.geometry import Geometry

FULL_FRAME = geometry((8, 8), (4, 4))


def test_geometry_json_keeps_integers_and_fractions_as_earlier_versions_wrote_them():
    crop = geometry((8, 8), (4.0, 4), (1.5, 0, 8, 8))
    assert json.dumps(crop.to_json()) == (
        '{"source_rows": 8, "source_columns": 8, "top": 1.5, "left": 0, "bottom": 8, "right": 8, "flipped": false, '
        '"offset_row": 0, "offset_column": 0, "content_rows": 4.0, "content_columns": 4}'
    )


def test_geometry_json_of_a_rectangle_states_its_rows_and_columns():
    rectangle = geometry((8, 8), (4, 4), model_input=(8, 4))
    assert json.dumps(rectangle.to_json()).endswith('"content_columns": 4, "input_rows": 8, "input_columns": 4}')
    assert rectangle.input_shape == (8, 4)
    assert FULL_FRAME.input_shape == (4, 4)


def test_geometry_incomplete_json_is_refused():
    with pytest.raises(ValidationError):
        Geometry.model_validate({"source_rows": 8})
