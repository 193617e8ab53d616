"""Generate synthetic screening mammograms with known lesions.

Images, tables and files resemble real ones.
"""

from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import FULL_GRID, RSNA_PREVALENCE, DemoSpec
from mammo_core.phantoms.table import make_table

__all__ = ["FULL_GRID", "RSNA_PREVALENCE", "DemoSpec", "generate", "make_table"]
