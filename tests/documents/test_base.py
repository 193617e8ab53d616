"""What all documents have in common."""

import pytest
from pydantic import ValidationError

from mammo_core.documents.metrics import _RECORDS
from mammo_core.documents.progress import Progress
from mammo_core.jobs.demo import DemoJob

SECRET = "patient-4711"


@pytest.mark.parametrize(
    ("validate", "value"),
    [
        (Progress.model_validate, {"done": SECRET, "total": 1}),
        (Progress.model_validate, {"done": 1, "total": 1, "other": SECRET}),
        (_RECORDS.validate_python, [{"kind": "start", "time": SECRET, "parts": {}}]),
        (_RECORDS.validate_python, [SECRET]),
        (DemoJob.model_validate, {"kind": "demo", "out": "demo", "patients": SECRET}),
        (DemoJob.model_validate, SECRET),
    ],
)
def test_validation_error_does_not_quote_its_input(validate, value):
    with pytest.raises(ValidationError) as caught:
        validate(value)
    assert SECRET not in str(caught.value)
