"""Untrusted bytes → Mammogram: the only package that imports pydicom or a codec."""

from mammo_core.dicom.facts import HeaderFacts, read_header
from mammo_core.dicom.grey import display
from mammo_core.dicom.header import Source
from mammo_core.dicom.mammogram import Mammogram, Table, Window, patient_key
from mammo_core.dicom.read import read

__all__ = ["HeaderFacts", "Mammogram", "Source", "Table", "Window", "display", "patient_key", "read", "read_header"]
