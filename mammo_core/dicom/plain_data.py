"""Turn the results of a confined process into bytes, and such bytes into results.

Whoever has taken over a decoder chooses these bytes. Unlike a pickle, they can't name a function: they are JSON and buffers,
from which only values, arrays, and records of this package are made.
"""

import json
import math
import struct
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from mammo_core.errors import DataError

_KIND = "kind"  # the key that marks what JSON has no form for
_NUMBERS = "biuf"  # kinds of the arrays' types: no objects, no text
_PACKAGE = "mammo_core."
_COUNT = struct.Struct("<I")
_SIZE = struct.Struct("<Q")


def to_bytes(value: object) -> bytes:
    """Return a value as bytes, for `from_bytes`.

    Raises:
        TypeError: it holds something that is neither plain data nor a record of this package.
    """
    buffers: list[bytes] = []
    text = json.dumps(_to_json(value, buffers)).encode()
    parts = [text, *buffers]
    return b"".join([_COUNT.pack(len(parts)), *(_SIZE.pack(len(part)) for part in parts), *parts])


def from_bytes(data: bytes | bytearray) -> Any:
    """Return the value that `to_bytes` turned into bytes.

    Raises:
        DataError: the bytes are of another form, or name a type that isn't a record of this package.
    """
    try:
        (count,) = _COUNT.unpack_from(data)
        sizes = [_SIZE.unpack_from(data, _COUNT.size + index * _SIZE.size)[0] for index in range(count)]
        view, start, parts = memoryview(data), _COUNT.size + count * _SIZE.size, []
        for size in sizes:
            parts.append(view[start : start + size])
            start += size
        return _from_json(json.loads(bytes(parts[0])), parts[1:])
    except (struct.error, IndexError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DataError(f"A decoding process sent something unreadable ({type(error).__name__}).") from None


def _to_json(value: object, buffers: list[bytes]) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, bytes | bytearray):
        buffers.append(bytes(value))
        return {_KIND: "bytes"}
    if isinstance(value, np.ndarray | np.generic):
        return _array_to_json(value, buffers)
    if (content := _content(value)) is not None:
        name = f"{type(value).__module__}:{type(value).__qualname__}"
        return {_KIND: "record", "of": name, "content": {key: _to_json(item, buffers) for key, item in content.items()}}
    if isinstance(value, list | tuple | dict):
        items = value.items() if isinstance(value, dict) else value
        return {_KIND: type(value).__name__, "items": [_to_json(item, buffers) for item in items]}
    raise TypeError(f"no {type(value).__name__}")


def _array_to_json(value: "np.ndarray | np.generic", buffers: list[bytes]) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in _NUMBERS:
        raise TypeError(f"no array of {array.dtype}")
    buffers.append(array.tobytes())
    kind = "array" if isinstance(value, np.ndarray) else "number"
    return {_KIND: kind, "type": array.dtype.str, "shape": array.shape}


def _content(value: object) -> dict[str, Any] | None:
    """Return the fields of a record; None of another value.

    Records are dataclasses, documents and named tuples.
    """
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None


def _from_json(value: Any, buffers: Sequence[memoryview]) -> Any:
    """Return the value of a JSON document.

    Buffers are used up in the order in which they were made.
    """
    return _build(value, iter(buffers))


def _build(value: Any, buffers: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind = value[_KIND]
    if kind in ("bytes", "array", "number"):
        buffer = next(buffers, None)
        if buffer is None:
            raise KeyError(kind)
        if kind == "bytes":
            return bytes(buffer)
        array = _array(value, buffer)
        return array if kind == "array" else array[()]
    if kind == "record":
        content = {str(name): _build(item, buffers) for name, item in value["content"].items()}
        return _record_type(value["of"])(**content)
    items = [_build(item, buffers) for item in value["items"]]
    return {"list": list, "tuple": tuple, "dict": dict}[kind](items)


def _array(value: Any, buffer: memoryview) -> np.ndarray:
    dtype, shape = np.dtype(value["type"]), tuple(map(int, value["shape"]))
    if dtype.kind not in _NUMBERS or math.prod(shape) * dtype.itemsize != len(buffer):
        raise ValueError(shape)
    return np.frombuffer(buffer, dtype).reshape(shape).copy()


def _record_type(name: str) -> Any:
    """Return a record class of this package that is loaded already.

    Loading a module would run it.
    """
    module, _, qualified = name.partition(":")
    candidate = getattr(sys.modules[module], qualified) if module.startswith(_PACKAGE) else None
    is_tuple = isinstance(candidate, type) and issubclass(candidate, tuple) and hasattr(candidate, "_fields")
    is_document = isinstance(candidate, type) and issubclass(candidate, BaseModel)
    is_record = is_tuple or is_document or (isinstance(candidate, type) and is_dataclass(candidate))
    if not is_record or candidate.__module__ != module:  # not what the module itself has imported
        raise TypeError(name)
    return candidate
