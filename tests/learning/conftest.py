"""Trainings without their export, and with a thin body."""

import pytest


@pytest.fixture
def exported(monkeypatch):
    """Return the runs that are exported from now on; their models are neither evaluated nor saved."""
    from mammo_core.learning import trainer

    runs = []

    def export(trained, stop_signal, on_phase):
        runs.append(trained)
        return trained.data

    monkeypatch.setattr(trainer, "export_model", export)
    return runs


@pytest.fixture
def thin_body(monkeypatch):
    """Make each block of the pretrained networks that are built one convolution, with the same random weights.

    TensorFlow then traces a training in a tenth of the time. Maps, heads, phases and files stay those of the product.
    """
    from mammo_core.learning import efficientnet, networks
    from mammo_core.learning._tensorflow import keras, layers

    def block(x, name, stage, stride):
        return layers.Conv2D(stage.filters, 1, strides=stride, use_bias=False, name=f"{name}_project")(x)

    def seeded(image):
        keras.utils.set_random_seed(0)
        return efficientnet.efficientnet_lite0(image)

    monkeypatch.setattr(efficientnet, "_block", block)
    monkeypatch.setattr(networks, "efficientnet_lite0", seeded)
    monkeypatch.setattr(networks, "load_imagenet_weights", lambda model: None)
