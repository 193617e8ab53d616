"""Untrusted bytes → Mammogram: the only package that imports pydicom or a codec."""

from mammo_core.dicom.grey import Window, display
from mammo_core.dicom.mammogram import Mammogram, patient_key
from mammo_core.dicom.read import read

__all__ = ["Mammogram", "Window", "display", "patient_key", "read"]
