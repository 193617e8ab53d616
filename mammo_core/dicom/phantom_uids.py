"""Sign synthetic mammograms by the root of their UIDs, and recognise them by it."""

import hashlib
import uuid

from pydicom.dataset import Dataset

UUID_ROOT = "2.25."  # a UUID-derived UID needs no registration (PS3.5 B.2)
PHANTOM_ROOT = f"{UUID_ROOT}{uuid.uuid5(uuid.NAMESPACE_DNS, 'phantoms.mammo-workbench').int}."
MAX_UID = 64  # characters (PS3.5 9.1)


def phantom_uid(*parts: str) -> str:
    """Return the UID of a phantom, its study or its series; equal for equal parts."""
    digits = 10 ** (MAX_UID - len(PHANTOM_ROOT))
    return f"{PHANTOM_ROOT}{_digest(*parts) % digits}"


def is_phantom(dataset: Dataset) -> bool:
    """Return whether the phantom generator made an image.

    SOP Instance UID (0008,0018) has its root. Phantoms of earlier versions are recognised by Study Instance UID (0020,000D),
    which they derive from Patient ID (0010,0020).
    """
    if str(dataset.get("SOPInstanceUID") or "").startswith(PHANTOM_ROOT):
        return True
    patient, study = str(dataset.get("PatientID") or ""), str(dataset.get("StudyInstanceUID") or "")
    return bool(patient) and study == f"{UUID_ROOT}{_digest('study', patient)}"


def _digest(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:16], "big")
