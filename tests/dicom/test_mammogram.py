import numpy as np

from mammo_core.dicom.mammogram import Mammogram


def test_mammogram_repr_omits_patient():
    mammogram = Mammogram(np.zeros((2, 2), np.float32), 0, 2, 2, patient="10042")
    assert "10042" not in repr(mammogram)
