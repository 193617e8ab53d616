"""Untrusted bytes → Mammogram: the only package that imports pydicom or a codec."""

from mammo_core.dicom.display import display
from mammo_core.dicom.header import Source
from mammo_core.dicom.header_summary import HeaderSummary, read_header
from mammo_core.dicom.lookup_table import LookupTable
from mammo_core.dicom.mammogram import Mammogram
from mammo_core.dicom.pseudonyms import installation_secret, patient_key
from mammo_core.dicom.read import read
from mammo_core.dicom.voi import Window

__all__ = [
    "HeaderSummary",
    "LookupTable",
    "Mammogram",
    "Source",
    "Window",
    "display",
    "installation_secret",
    "patient_key",
    "read",
    "read_header",
]
