import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from builders.breasts import breast
from mammo_core.dicom.truncation import truncate_codestream

PIXELS = breast(200, 150)  # 12 bits


def by_pillow(progression="LRCP", **options):
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(
        stream, format="JPEG2000", no_jp2=True, num_resolutions=4, progression=progression, **options
    )
    return stream.getvalue()


def reduced(data, halvings):
    """Return what Pillow decodes at 1/2**halvings."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.reduce = halvings
        return np.asarray(picture)


def lossless(pixels=PIXELS, bits=12):
    return bytes(
        imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True, bitspersample=bits, resolutions=4)
    )


@pytest.mark.parametrize("halvings", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progression": "RLCP"},
        {"progression": "RPCL"},
        {"progression": "RPCL", "precinct_size": (64, 64)},
        {"progression": "RLCP", "quality_layers": [40, 20, 0]},
        {"irreversible": True},
        {"comment": b"a remark"},
    ],
    ids=str,
)
def test_truncate_codestream_equals_reduced_decoding(options, halvings):
    data = by_pillow(**options)
    stream = truncate_codestream(data, halvings)
    assert stream is not None
    assert np.array_equal(imagecodecs.jpeg2k_decode(stream), reduced(data, halvings))


def test_truncate_codestream_tiles():
    data = by_pillow(tile_size=(64, 64))
    halved = imagecodecs.jpeg2k_decode(truncate_codestream(data, 2))
    full = imagecodecs.jpeg2k_decode(data)[: 4 * 50, : 4 * 37].reshape(50, 4, 37, 4).mean((1, 3))
    assert halved.shape == (50, 38)
    assert np.abs(halved[:, :37] - full).mean() < 60
    assert truncate_codestream(by_pillow(tile_size=(62, 62)), 2) is None


@pytest.mark.parametrize("planes", [1, 2, 3, 4])
@pytest.mark.parametrize("halvings", [0, 1, 2])
def test_truncate_codestream_without_bit_planes_divides_values(planes, halvings):
    data = lossless()
    all_planes = imagecodecs.jpeg2k_decode(truncate_codestream(data, halvings)).astype(int)
    quotient = imagecodecs.jpeg2k_decode(truncate_codestream(data, halvings, planes)).astype(int)
    assert np.abs(quotient - all_planes / 2**planes).max() < 6
    assert np.abs(quotient - all_planes / 2**planes).mean() < 1.5


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(by_pillow("CPRL"), id="resolutions not in order"),
        pytest.param(by_pillow("LRCP", quality_layers=[40, 20, 0]), id="layers before resolutions"),
        pytest.param(bytes(imagecodecs.htj2k_encode(PIXELS)), id="high throughput"),
    ],
)
def test_truncate_codestream_unsupported_returns_none(data):
    assert truncate_codestream(data, 1) is None


def test_truncate_codestream_irreversible_keeps_bit_planes():
    data = by_pillow(irreversible=True)
    assert truncate_codestream(data, 1) is not None
    assert truncate_codestream(data, 1, 1) is None


def test_truncate_codestream_too_many_levels_or_planes_returns_none():
    data = lossless()
    assert truncate_codestream(data, 4) is None
    assert truncate_codestream(data, 0, 13) is None


def test_truncate_codestream_tile_specific_parameters_returns_none():
    data = lossless()
    tile = data.index(struct.pack(">HH", 0xFF90, 10))
    (length,) = struct.unpack_from(">I", data, tile + 6)
    own = struct.pack(">HHBBB", 0xFF5D, 5, 0, 0x40, 0x60)  # QCC
    changed = data[: tile + 6] + struct.pack(">I", length + len(own)) + data[tile + 10 : tile + 12] + own
    assert truncate_codestream(changed + data[tile + 12 :], 1) is None


def test_truncate_codestream_drops_unneeded_data():
    data = lossless(np.random.default_rng(0).integers(0, 4096, (512, 512)).astype(np.uint16))
    stream = truncate_codestream(data, 3)
    assert len(stream) < len(data) / 8
    assert np.array_equal(imagecodecs.jpeg2k_decode(stream), reduced(data, 3) >> 4)
