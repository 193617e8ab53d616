"""Builders of test inputs: DICOM files, breasts, zip files, pages, a Dask client."""
