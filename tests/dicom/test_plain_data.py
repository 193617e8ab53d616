import json
import pickle
import struct
import sys

import numpy as np
import pytest

from mammo_core.dicom import plain_data
from mammo_core.dicom.archive import Member
from mammo_core.dicom.plain_data import from_bytes, to_bytes
from mammo_core.dicom.zip_member import ZipMember
from mammo_core.documents.manifest import QuarantineRow
from mammo_core.errors import DataError


def message(document, *buffers):
    """Return bytes as a taken-over worker might make them."""
    parts = [json.dumps(document).encode(), *buffers]
    return struct.pack(f"<I{len(parts)}Q", len(parts), *map(len, parts)) + b"".join(parts)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        0.5,
        "Grüße \udc80",
        b"\x00\xff",
        (1, [2, (b"3",)]),
        {"a": (1,), 2: None},
        Member("a/b.dcm", 1, 2, 8, 3),
        ZipMember(b"abc", 1, 2, 0, 2),
        QuarantineRow(image_id="7", file=None, reason="missing", detail="Not there."),
    ],
)
def test_from_bytes_returns_the_value(value):
    result = from_bytes(to_bytes(value))
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize("dtype", ["u1", "<i2", "f4", "f8", "?"])
def test_from_bytes_returns_an_array_that_can_be_written(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    result = from_bytes(to_bytes((array, array[0, 1])))
    assert result[0].dtype == array.dtype
    assert np.array_equal(result[0], array)
    assert result[1] == array[0, 1]
    result[0][0, 0] = 1


def test_from_bytes_not_a_number_returns_one():
    assert np.isnan(from_bytes(to_bytes(float("nan"))))


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1, 2}, ValueError("x"), to_bytes])
def test_to_bytes_other_value_raises_type_error(value):
    with pytest.raises(TypeError):
        to_bytes(value)


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "builtins:eval",
        "subprocess:Popen",
        "mammo_core.storage.trash:Path",
        "mammo_core.dicom.plain_data:is_dataclass",
        "mammo_core.dicom.plain_data:json.loads",
        "mammo_core.dicom.plain_data:BaseModel",
        "mammo_core.nowhere:Record",
        "mammo_core.dicom.sandbox:Sandbox",
    ],
)
def test_from_bytes_other_than_a_record_raises_data_error(name):
    with pytest.raises(DataError):
        from_bytes(message({"kind": "record", "of": name, "content": {}}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 40,
        pickle.dumps(1),
        message({"kind": "bytes"}),
        message({"kind": "call"}),
        message({"no": "kind"}),
        message({"kind": "array", "type": "O", "shape": [1]}, bytes(8)),
        message({"kind": "array", "type": "u1", "shape": [9]}, bytes(8)),
        message({"kind": "array", "type": "u1", "shape": [-1, -8]}, bytes(8)),
        message({"kind": "record", "of": "mammo_core.dicom.archive:Member", "content": {"name": "x"}}),
    ],
)
def test_from_bytes_malformed_raises_data_error(data):
    with pytest.raises(DataError):
        from_bytes(data)


def test_from_bytes_deeply_nested_raises_data_error():
    deep = b'{"kind":"list","items":[' * 100_000 + b"]}" * 100_000
    with pytest.raises(DataError):
        from_bytes(struct.pack("<IQ", 1, len(deep)) + deep)


def test_record_is_taken_only_from_modules_that_are_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, "mammo_core.dicom.archive")
    with pytest.raises(DataError):
        from_bytes(to_bytes(Member("a", 0, 0, 0, 0)))
    assert "mammo_core.dicom.archive" not in plain_data.sys.modules
