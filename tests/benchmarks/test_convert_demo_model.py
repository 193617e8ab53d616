import numpy as np
import pytest

from benchmarks.convert_demo_model import convert
from builders.networks import earlier_pretrained, predict_eagerly, randomise_texture, shared_network
from mammo_core.errors import ModelError
from mammo_core.learning.cam_network import CamNetwork
from mammo_core.learning.networks import STANDARDISED, has_texture_of_blocks
from mammo_core.preprocess.prepare import to_tensor

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 64, 64), dtype=np.uint8)


def test_converted_network_predicts_the_same_and_standardises_its_texture():
    earlier = earlier_pretrained()
    earlier.get_layer("body").set_weights(shared_network("pretrained").get_layer("body").get_weights())
    network = convert(earlier, IMAGES)
    assert has_texture_of_blocks(network)
    expected, output = CamNetwork(earlier).run(IMAGES), CamNetwork(network).run(IMAGES)
    assert output.raw_probability == pytest.approx(expected.raw_probability, abs=1e-6)
    assert output.embedding == pytest.approx(expected.embedding, abs=1e-5)
    assert output.cam == pytest.approx(expected.cam, abs=1e-5)
    standardised = network.get_layer(STANDARDISED)
    values = predict_eagerly(type(network)(network.input, standardised.output), to_tensor(IMAGES))
    assert values.mean(axis=0) == pytest.approx(np.zeros(values.shape[1]), abs=1e-3)


def test_convert_refuses_texture_that_counts_and_the_present_kind():
    earlier = earlier_pretrained()
    randomise_texture(earlier)
    with pytest.raises(ModelError, match="classifies by its texture, too"):
        convert(earlier, IMAGES)
    with pytest.raises(ModelError, match="has the present head already"):
        convert(shared_network("pretrained"), IMAGES)
