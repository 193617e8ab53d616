import stat
import subprocess
import sys

import numpy as np
import pytest

from mammo_core.dicom import Mammogram, mammogram, patient_key


@pytest.fixture
def installation(workspace):
    mammogram._secret.cache_clear()
    yield workspace
    mammogram._secret.cache_clear()


def test_a_patients_key_is_short_stable_and_its_own(installation):
    assert patient_key("10042") == patient_key("10042")
    assert patient_key("10042") != patient_key("10043")
    assert len(patient_key("10042")) == 12
    assert int(patient_key("10042"), 16) >= 0


def test_other_processes_of_this_installation_agree(installation):
    code = "from mammo_core.dicom import patient_key; print(patient_key('10042'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == patient_key("10042")


def test_another_installation_gives_another_key(installation):
    first = patient_key("10042")
    (installation / "data" / ".patient-key").unlink()
    mammogram._secret.cache_clear()
    assert patient_key("10042") != first


def test_the_secret_is_the_owners_alone(installation):
    patient_key("10042")
    path = installation / "data" / ".patient-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32
    assert [item.name for item in path.parent.iterdir()] == [".patient-key"]


def test_the_patient_is_not_in_the_representation():
    found = Mammogram(np.zeros((2, 2), np.float32), 0, 2, 2, patient="10042")
    assert "10042" not in repr(found)
