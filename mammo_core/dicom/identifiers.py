"""Identifiers of a source that a DICOM file made from it may contain.

A foreign file may hold values that DICOM doesn't allow. They are left out, because a file with them is refused by archives.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from pydicom import dcmread
from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from mammo_core.dicom.header import Source, open_stream
from mammo_core.errors import ImageError

BURNED = "BurnedInAnnotation"
MAX_GROUPS, MAX_COMPONENTS = 3, 5  # of a person's name (PS3.5 6.2.1)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9](([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?")


class Identifiers(NamedTuple):
    """The identifiers of a file.

    Attributes:
        values: by keyword, as read; "" where one is missing.
        charset: Specific Character Set (0008,0005), all its values; empty without it.
    """

    values: Mapping[str, str]
    charset: tuple[str, ...]

    def valid(self) -> dict[str, str]:
        """Return the values that DICOM allows, without empty ones."""
        return {name: value for name, value in self.values.items() if value and is_valid(name, value)}

    def describe_invalid(self) -> str | None:
        """Return a sentence that names the elements with invalid values.

        It never quotes the values; it is None without any.
        """
        names = [
            dictionary_description(name) for name, value in self.values.items() if value and not is_valid(name, value)
        ]
        return f"Not valid in DICOM, so left out: {', '.join(names)}." if names else None


def read_identifiers(source: Source, names: tuple[str, ...]) -> Identifiers:
    """Read elements of a file's header as text.

    Args:
        source: the file.
        names: keywords of the elements.

    Raises:
        ImageError: the file isn't readable.
    """
    try:
        with open_stream(source) as stream:
            dataset = dcmread(
                stream, stop_before_pixels=True, specific_tags=["SpecificCharacterSet", *names], force=True
            )
        charset = dataset.get("SpecificCharacterSet") or ()
        charset = tuple(charset) if isinstance(charset, MultiValue | list) else (str(charset),) if charset else ()
        values = {name: _text(dataset, name) for name in names}
    except (ImageError, OSError, ValueError, AttributeError, NotImplementedError, LookupError) as error:
        raise ImageError("damaged", f"The header can't be read again ({type(error).__name__}).") from None
    return Identifiers(values if charset else {name: _undeclared(value) for name, value in values.items()}, charset)


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name) or ""
    return "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value).strip()


def _undeclared(text: str) -> str:
    """Return text whose character set the file doesn't name.

    It is UTF-8 if it can be that, else Latin-1.
    """
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def is_valid(name: str, value: str) -> bool:
    """Return whether an element may hold a value (PS3.5 6.2).

    Args:
        name: keyword of the element.
        value: not empty.
    """
    check = _CHECKS.get(name)
    return check is not None and check(value)


def _short(length: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= length and not _CONTROL.search(value)


def _is_name(value: str) -> bool:
    groups = value.split("=")
    sizes = all(len(group) <= 64 and group.count("^") < MAX_COMPONENTS for group in groups)
    return len(groups) <= MAX_GROUPS and sizes and not _CONTROL.search(value)


def _is_date(value: str) -> bool:
    try:
        return bool(re.fullmatch("[0-9]{8}", value)) and bool(datetime.strptime(value, "%Y%m%d"))
    except ValueError:
        return False


def _is_uid(value: str) -> bool:
    return len(value) <= 64 and bool(_UID.fullmatch(value))


_CHECKS: dict[str, Callable[[str], bool]] = {
    "PatientID": _short(64),
    "IssuerOfPatientID": _short(64),
    "PatientName": _is_name,
    "PatientBirthDate": _is_date,
    "PatientSex": lambda value: value in ("M", "F", "O"),
    "AccessionNumber": _short(16),
    "StudyID": _short(16),
    "StudyDate": _is_date,
    "StudyTime": lambda value: bool(_TIME.fullmatch(value)),
    "ReferringPhysicianName": _is_name,
    "StudyInstanceUID": _is_uid,
    "SOPClassUID": _is_uid,
    "SOPInstanceUID": _is_uid,
    "SeriesInstanceUID": _is_uid,
    BURNED: _short(16),
}
