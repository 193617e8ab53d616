import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from builders.dicom import build_dicom, build_lookup_table
from mammo_core.dicom.lookup_table import LookupTable
from mammo_core.dicom.read import read
from mammo_core.dicom.voi import apply_voi_lut
from mammo_core.errors import ImageError

RAMP = np.array([[0, 100, 200, 300], [400, 500, 600, 4095]], np.uint16)


def test_lut_clamps_to_its_first_and_last_entry():
    table = LookupTable(10, np.array([0, 100, 255], np.float32), 8)
    assert table.look_up(np.array([0, 10, 11, 12, 99], np.float32)).tolist() == [0, 0, 100, 255, 255]
    assert apply_voi_lut(np.array([12], np.float32), table).tolist() == [1.0]


def test_lut_too_short_raises_for_modality_and_is_ignored_for_voi():
    item = build_lookup_table([1, 2, 3])
    item.add_new("LUTDescriptor", "US", [40, 0, 16])
    with pytest.raises(ImageError, match="descriptor"):
        read(build_dicom(RAMP, ModalityLUTSequence=[item]))
    assert read(build_dicom(RAMP, VOILUTSequence=[item, Dataset()])).windows == ()


def test_big_endian_lut_data():
    item = Dataset()
    item.LUTDescriptor = [3, 0, 16]
    item.add_new("LUTData", "OW", np.array([10, 20, 30], ">u2").tobytes())
    item.ModalityLUTType = "US"
    stored = np.array([[0, 1], [2, 2]], np.uint16)
    mammogram = read(build_dicom(stored, uid.ExplicitVRBigEndian, ModalityLUTSequence=[item]))
    assert mammogram.pixels.tolist() == [[10, 20], [30, 30]]
