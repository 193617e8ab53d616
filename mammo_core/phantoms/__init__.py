"""Generate synthetic screening mammograms with known lesions.

Images, tables and files resemble real ones.
"""
