"""Choose the precision of a training: mixed on GPUs, full elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mammo_core.learning._tensorflow import keras, tf
from mammo_core.learning.networks import FEATURES, OUTPUT

FULL, MIXED = "float32", "mixed_bfloat16"  # policies of Keras; bfloat16 has float32's range, so losses need no scaling
MIN_CAPABILITY = (8, 0)  # compute capability of the GPUs that calculate fast in bfloat16 (Ampere and later)


def training_precision(capabilities: Sequence[tuple[int, int] | None]) -> str:
    """Return the policy of a training on a machine's GPUs.

    Args:
        capabilities: compute capability of each GPU; None where unknown. Without a GPU there are none.

    Returns:
        `MIXED` if there are GPUs and all calculate in bfloat16, otherwise `FULL`.
    """
    fast = [capability is not None and capability >= MIN_CAPABILITY for capability in capabilities]
    return MIXED if fast and all(fast) else FULL


def gpu_capabilities() -> list[tuple[int, int] | None]:
    """Return the compute capability of each GPU that TensorFlow sees."""
    gpus = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("compute_capability") for gpu in gpus]


def set_precision(network: keras.Model, policy: str) -> None:
    """Let the layers below a network's features calculate in another precision.

    The weights stay float32, and so do the features, all that is computed from them, and the outputs. Call this before the
    network is compiled.
    """
    for layer in _layers_below_features(network):
        layer.dtype_policy = keras.DTypePolicy(policy)


@contextmanager
def full_precision(network: keras.Model) -> Iterator[None]:
    """Give a network its full precision for the time of the `with` block.

    A network that is saved there predicts in full precision on every machine.
    """
    layers = _layers_below_features(network)
    policies = [layer.dtype_policy for layer in layers]
    set_precision(network, FULL)
    try:
        yield
    finally:
        for layer, policy in zip(layers, policies, strict=True):
            layer.dtype_policy = policy


def _layers_below_features(network: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers, also of nested models, that come before the features."""
    below: list[keras.layers.Layer] = []
    for layer in network.layers:
        if layer.name in (FEATURES, OUTPUT):
            break
        below += _layers_below_features(layer) if isinstance(layer, keras.Model) else [layer]
    return below
