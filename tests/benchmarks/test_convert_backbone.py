import io
import os
import pickle
import struct
import sys
import types

import numpy as np
import pytest

from benchmarks.convert_backbone import MAGIC, PROTOCOL, read_state, source_names
from mammo_core.errors import ModelError

VALUES = np.arange(6, dtype=np.float32)


class Tensor:
    """A stand-in that is pickled as PyTorch pickles a tensor."""

    def __init__(self, *view):
        self.view = view

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (sys.modules["torch"].FloatStorage(), *self.view)


class StatePickler(pickle.Pickler):
    def persistent_id(self, obj):
        storage = sys.modules["torch"].FloatStorage
        return ("storage", storage, "7", "cpu", len(VALUES), None) if isinstance(obj, storage) else None


@pytest.fixture
def torch(monkeypatch):
    """Stand-ins for the two names of PyTorch that a file of weights mentions."""

    def _rebuild_tensor_v2():
        raise AssertionError("only its name is pickled")

    storage = type("FloatStorage", (), {"__module__": "torch"})
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    for name, content in {
        "torch": {"FloatStorage": storage},
        "torch._utils": {"_rebuild_tensor_v2": _rebuild_tensor_v2},
    }.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)


def state_file(state):
    """Return a file in PyTorch's format before version 1.6, at its beginning."""
    stream = io.BytesIO()
    for part in (MAGIC, PROTOCOL, {"little_endian": True}):
        pickle.dump(part, stream, protocol=2)
    StatePickler(stream, protocol=2).dump(state)
    pickle.dump(["7"], stream, protocol=2)
    stream.write(struct.pack("<q", len(VALUES)) + VALUES.tobytes())
    stream.seek(0)
    return stream


def test_read_state_follows_offset_and_steps_of_each_tensor(torch):
    state = read_state(state_file({"rows": Tensor(0, (2, 3), (3, 1)), "columns": Tensor(1, (2, 2), (1, 3))}))
    assert state["rows"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert state["columns"].tolist() == [[1, 4], [2, 5]]


def test_read_state_tensor_beyond_its_values_raises_model_error(torch):
    with pytest.raises(ModelError, match="reaches beyond its values"):
        read_state(state_file({"rows": Tensor(1, (2, 3), (3, 1))}))


def test_read_state_refuses_any_other_function(torch):
    with pytest.raises(ModelError, match=r"wants posix\.getcwd|wants nt\.getcwd"):
        read_state(state_file({"harmful": os.getcwd}))


def test_read_state_other_format_raises_model_error():
    with pytest.raises(ModelError, match=r"isn't in PyTorch's format before version 1\.6"):
        read_state(io.BytesIO(pickle.dumps(1)))


def test_source_names_maps_every_layer_to_another_name():
    names = source_names()
    assert names["block2_expand_bn"] == "_blocks.1._bn0"
    assert len(set(names.values())) == len(names)
