"""A workbench for screening mammography data: explore, prepare, train, evaluate, predict.

docs/architecture.md describes the rooms of this package; pyproject.toml enforces that imports point down only.
"""

__version__ = "0.1.0"
