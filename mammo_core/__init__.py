"""A workbench for screening mammography data: explore, convert, train, judge, predict.

Its layers, top to bottom, stand in README.md, and pyproject.toml lets nothing import upwards.
"""
