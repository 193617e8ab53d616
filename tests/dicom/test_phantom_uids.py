import hashlib

from pydicom.dataset import Dataset
from pydicom.uid import UID

from builders.breasts import breast
from builders.dicom import build_dicom
from mammo_core.dicom.phantom_uids import PHANTOM_ROOT, is_phantom, phantom_uid
from mammo_core.dicom.read import read
from mammo_core.dicom.write import Header, dicom_bytes


def test_phantom_uid_is_valid_stable_and_its_own():
    uids = {phantom_uid("image", str(number)) for number in range(100)}
    assert len(uids) == 100
    assert all(UID(one).is_valid and one.startswith(PHANTOM_ROOT) for one in uids)
    assert phantom_uid("image", "1") in uids


def test_read_recognises_a_phantom_and_no_other_file():
    assert read(dicom_bytes(breast(), Header("7", "70", "L", "CC"), "plain")).synthetic
    assert not read(build_dicom(breast(), SOPInstanceUID="1.2.840.113619.2.5.1")).synthetic
    assert not read(build_dicom(breast())).synthetic


def test_is_phantom_of_an_earlier_version_by_its_study():
    dataset = Dataset()
    dataset.PatientID, dataset.SOPInstanceUID = "7", "2.25.1"
    digest = hashlib.sha256(b"study/7").digest()[:16]
    dataset.StudyInstanceUID = f"2.25.{int.from_bytes(digest, 'big')}"
    assert is_phantom(dataset)
    dataset.PatientID = "8"
    assert not is_phantom(dataset)
