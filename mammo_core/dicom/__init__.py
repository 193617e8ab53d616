"""Untrusted bytes → Mammogram: the only package that imports pydicom or a codec."""
