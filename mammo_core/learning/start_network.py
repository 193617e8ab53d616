"""Build the network that a training begins with, on the devices of this machine."""

from mammo_core.learning._tensorflow import keras, tf
from mammo_core.learning.networks import build, load
from mammo_core.learning.plan import TrainingPlan
from mammo_core.learning.precision import gpu_capabilities, set_precision, training_precision


def build_network(plan: TrainingPlan) -> keras.Model:
    """Build the network, or load the start model.

    On GPUs it is trained in mixed precision.
    """
    if plan.start:
        network = load(plan.start.network_file)
    else:
        network = build(plan.config.network, plan.store.preprocessing.size, plan.config.backbone_weights)
    set_precision(network, training_precision(gpu_capabilities()))
    return network


def distribution_strategy() -> tf.distribute.Strategy:
    """Return the strategy that distributes the network over this machine's devices.

    It uses all GPUs if there are several.
    """
    several = len(tf.config.list_logical_devices("GPU")) > 1
    return tf.distribute.MirroredStrategy() if several else tf.distribute.get_strategy()
