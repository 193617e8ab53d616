import base64
import json
import zlib

import numpy as np
import pytest

from builders.breasts import breast
from builders.dicom import build_dicom, build_lookup_table
from mammo_core.dicom.display import display
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.read import read
from mammo_core.documents.viewer import DisplayPreset, ViewDescription
from mammo_core.errors import ImageError
from mammo_core.prediction.view_pixels import (
    FIRST_HIGHEST_CODE,
    FIRST_SIDE,
    HIGHEST_CODE,
    LAST_SIDE,
    LENGTH,
    ViewPixels,
    code_scale,
    deflate_codes,
    list_presets,
    read_view_pixels,
)


def restore(deflated: bytes, rows: int, columns: int) -> np.ndarray:
    """Return the codes, as the viewer restores them."""
    high, low = np.frombuffer(zlib.decompress(deflated), np.uint8).reshape(2, rows, columns).astype(np.uint16)
    folded = high << 8 | low
    residuals = (folded >> 1) ^ -(folded & 1)
    return residuals.cumsum(axis=0, dtype=np.uint16).cumsum(axis=1, dtype=np.uint16)


def values_of(view: ViewPixels) -> np.ndarray:
    """Return the modality values that the viewer shows."""
    description = view.description
    codes = restore(view.deflated, description.rows, description.columns)
    return description.lowest + description.step * codes


def grey_levels(view: ViewPixels, preset: DisplayPreset) -> np.ndarray:
    """Return the grey levels of the viewer, written out from the standard (PS3.3 C.11.2)."""
    values, description = values_of(view), view.description
    raw = values if description.inversion_sum is None else description.inversion_sum - values
    if preset.function == "TABLE":
        entries = np.frombuffer(base64.b64decode(preset.entries), "<u2")
        indices = np.clip(np.round(raw) - preset.first, 0, len(entries) - 1).astype(int)
        shares = entries[indices] / (2**preset.bits - 1)
    elif preset.function == "SIGMOID":
        shares = 1 / (1 + np.exp(-4 * (raw - preset.centre) / preset.width))
    elif preset.function == "LINEAR":
        shares = np.clip((raw - (preset.centre - 0.5)) / (preset.width - 1) + 0.5, 0, 1)
    else:
        shares = np.clip((raw - preset.centre) / preset.width + 0.5, 0, 1)
    return np.round((shares if description.inversion_sum is None else 1 - shares) * 255)


@pytest.mark.parametrize("codes", [[[0, 65535], [65535, 0]], [[7]], [[1, 2, 3]], [[5], [4], [60000]]])
def test_codes_come_back_as_they_were(codes):
    array = np.array(codes, np.uint16)
    assert np.array_equal(restore(deflate_codes(array), *array.shape), array)


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"WindowCenter": "1500", "WindowWidth": "2600"},
        {"WindowCenter": "1500", "WindowWidth": "2600", "PhotometricInterpretation": "MONOCHROME1"},
        {"WindowCenter": "1500", "WindowWidth": "2600", "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": "1500", "WindowWidth": "60", "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": "1500", "WindowWidth": "40", "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": "150.5", "WindowWidth": "260", "RescaleSlope": "0.1", "RescaleIntercept": "3"},
        {"WindowCenter": "-1500", "WindowWidth": "2600", "RescaleSlope": "-1", "RescaleIntercept": "0"},
        {"VOILUTSequence": [build_lookup_table(list(range(0, 65536, 32)), 1000)]},
        {
            "VOILUTSequence": [build_lookup_table(list(range(0, 65536, 32)), 1000)],
            "PhotometricInterpretation": "MONOCHROME1",
        },
        {"WindowCenter": "-9000", "WindowWidth": "10"},  # hides everything
    ],
)
@pytest.mark.parametrize("complete", [False, True])
def test_first_preset_gives_the_levels_of_the_servers_picture(elements, complete):
    pixels = np.kron(breast(700, 520), np.ones((3, 3), np.uint16))  # more than the first picture shows
    source = build_dicom(pixels, **elements)
    view = read_view_pixels(source, complete)
    expected = display(read(source, LAST_SIDE if complete else FIRST_SIDE))
    assert view.description.complete is complete
    assert np.abs(grey_levels(view, view.description.presets[0]) - expected).max() <= 1


def test_stored_values_arrive_exactly_at_full_resolution():
    pixels = np.array([[0, 1, 4095], [17, 65535, 300]], np.uint16)
    view = read_view_pixels(build_dicom(pixels, bits=16), True)
    assert np.array_equal(values_of(view), pixels)


def test_presets_are_the_files_then_all_values_and_the_breast():
    source = build_dicom(
        breast(),
        WindowCenter=["1500", "2000"],
        WindowWidth=["2600", "3000"],
        VOILUTSequence=[build_lookup_table([0, 65535], 299)],
    )
    presets = list_presets(read(source))
    assert [(one.name, one.function) for one in presets] == [
        ("Window 1", "LINEAR"),
        ("Window 2", "LINEAR"),
        ("VOI LUT", "TABLE"),
        ("All values", "LINEAR_EXACT"),
        ("Breast", "LINEAR_EXACT"),
    ]
    assert (presets[2].first, presets[2].bits, base64.b64decode(presets[2].entries)) == (299, 16, b"\0\0\xff\xff")
    top = int(breast().max())
    assert (presets[3].centre, presets[3].width) == (top / 2, top)


def test_windows_of_monochrome1_hold_before_it_is_inverted():
    plain = list_presets(read(build_dicom(breast())))
    inverted = list_presets(read(build_dicom(4095 - breast(), PhotometricInterpretation="MONOCHROME1")))
    assert [one.centre for one in inverted] == [4095 - one.centre for one in plain]
    assert [one.width for one in inverted] == [one.width for one in plain]


@pytest.mark.parametrize("level", [0, 7])
def test_constant_image_has_a_window_and_lies_as_it_is(level):
    view = read_view_pixels(build_dicom(np.full((8, 6), level, np.uint16)), True)
    assert all(preset.width > 0 for preset in view.description.presets)
    assert (view.description.box, view.description.chest_left) == (None, None)
    assert (values_of(view) == level).all()


def test_code_is_finer_for_a_narrow_window_and_coarser_for_a_wide_range():
    narrow = read(build_dicom(breast(), WindowCenter="1500", WindowWidth="51"))
    assert code_scale(narrow, list_presets(narrow), HIGHEST_CODE) == (0.0, 51 / 255)
    wide = Mammogram(np.array([[-70000, -69999, 70000]], np.float32), 0, 1, 3)
    lowest, step = code_scale(wide, list_presets(wide), HIGHEST_CODE)
    assert step > 2
    assert lowest <= -70000
    assert (70000 - lowest) / step <= 65535


def test_first_picture_of_16_bits_has_fewer_codes_unless_a_window_or_a_table_needs_more():
    def step(width: float, **elements: object) -> float:
        pixels = np.arange(0, 65536, 8, dtype=np.uint16).reshape(64, 128)
        mammogram = read(build_dicom(pixels, bits=16, WindowCenter="30000", WindowWidth=str(width), **elements))
        return code_scale(mammogram, list_presets(mammogram), FIRST_HIGHEST_CODE)[1]

    assert step(60000) == pytest.approx(65528 / FIRST_HIGHEST_CODE)
    assert step(2040) == 2040 / 255 / 4
    assert step(60000, VOILUTSequence=[build_lookup_table([0, 65535], 299)]) == 1


def test_description_states_breast_spacing_and_side():
    pixels = np.ascontiguousarray(breast()[:, ::-1])
    source = build_dicom(pixels, ImagerPixelSpacing=["0.1", "0.1"], PatientOrientation=["A", "L"])
    description = read_view_pixels(source, True).description
    assert description.chest_left is False
    top, left, bottom, right = description.box
    assert 0 <= top < bottom <= 96
    assert 0 < left < right == 72
    assert (description.pixel_mm, description.directions) == ((0.1, 0.1), ("A", "L"))
    assert (description.complete, description.limited) == (True, False)


def test_image_with_more_pixels_than_browsers_draw_is_reduced_and_says_so():
    view = read_view_pixels(build_dicom(np.tile(np.arange(4, dtype=np.uint16), (8200, 2))), True)
    assert (view.description.rows, view.description.reduction) == (4100, 1)
    assert (view.description.complete, view.description.limited) == (True, True)


def test_reduced_image_says_so_from_the_first_resolution_on():
    columns = np.tile(np.arange(4, dtype=np.uint16), (8200, 2))
    assert read_view_pixels(build_dicom(columns), False).description.limited
    assert not read_view_pixels(build_dicom(columns[:8000]), False).description.limited


def test_message_holds_length_description_and_pixels():
    view = read_view_pixels(build_dicom(breast()), True)
    message = view.to_message()
    (length,) = LENGTH.unpack_from(message)
    text, rest = message[LENGTH.size : LENGTH.size + length], message[LENGTH.size + length :]
    assert ViewDescription.model_validate(json.loads(text)) == view.description
    assert rest == view.deflated


def test_no_dicom_file_is_refused():
    with pytest.raises(ImageError, match="isn't a DICOM file"):
        read_view_pixels(b"no image" * 100, False)
