"""Data sets: folder → catalogue → prepared store → splits."""
