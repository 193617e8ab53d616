import pytest

from mammo_core.dicom.sandbox_worker import _describe_origin


def test_describe_origin_names_the_line_and_not_the_text():
    with pytest.raises(ValueError, match="Jane") as caught:
        raise ValueError("Jane Doe")
    assert _describe_origin(caught.value) == "ValueError in test_sandbox_worker.py, line 8"
