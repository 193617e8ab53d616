"""A DICOM file with a sentinel in every text element, and the search for it wherever the application writes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
from pydicom.datadict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.tag import Tag

from builders.breasts import noisy_breast
from builders.dicom import build_dicom
from mammo_core.dicom.header import TECHNICAL
from mammo_core.dicom.phantom_uids import phantom_uid

SENTINEL = "Zyxwquark"  # occurs nowhere else
BIRTH = "19231117"
TEXT = {"PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE"}
NAMED = {"PatientID", "IssuerOfPatientID"}  # given below, as these tell images apart
GROUPS = (0x0008, 0x0010, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040)


def sentinel_file(seed: int = 1) -> bytes:
    """Return a readable mammogram whose text elements, private ones too, all hold the sentinel."""
    elements: dict[str, object] = {}
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        if vr in TEXT and tag >> 16 in GROUPS and not retired and keyword not in {*TECHNICAL, *NAMED}:
            elements[keyword] = DataElement(Tag(tag), vr, f"{SENTINEL}^{SENTINEL}" if vr == "PN" else SENTINEL)
    elements["private creator"] = DataElement(Tag(0x00110010), "LO", SENTINEL)
    elements["private"] = DataElement(Tag(0x00111001), "LO", SENTINEL)
    elements["SpecificCharacterSet"] = "ISO_IR 100"
    return build_dicom(
        noisy_breast(seed),
        **elements,
        PatientID=f"{SENTINEL}-{seed}",
        IssuerOfPatientID=SENTINEL,
        PatientBirthDate=BIRTH,
        ImageLaterality="L",
        ViewPosition="CC",
        StudyInstanceUID=phantom_uid("study", str(seed)),
        SOPInstanceUID=phantom_uid("image", str(seed)),
    )


def sentinels_in(text: str | bytes) -> list[str]:
    """Return which of the sentinels a text holds, in any spelling."""
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    return [word for word in (SENTINEL.lower(), BIRTH) if word in text.lower()]


def files_with_sentinels(folders: Iterable[Path]) -> Iterator[str]:
    """Yield the files within some folders whose name or contents hold a sentinel; tables are read."""
    for folder in folders:
        for path in folder.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            if path.suffix == ".parquet":
                content = pd.read_parquet(path).to_csv().encode()
            if sentinels_in(str(path.relative_to(folder))) or sentinels_in(content):
                yield str(path)
