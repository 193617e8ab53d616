"""The threshold from which a breast is recalled, and how it was chosen."""

from typing import Literal

from pydantic import Field

from mammo_core.documents.base import Document
from mammo_core.documents.units import Unit

Policy = Literal["specificity_90", "sensitivity_90", "best_f1", "recall_10"]
ThresholdChoice = Policy | Literal["by hand"]


class OperatingPoint(Document):
    """A model's operating point.

    Attributes:
        threshold: probability in [0, 1]; a unit whose probability reaches it is recalled.
        policy: the rule that chose the threshold, or "by hand".
        unit: what is recalled.
        chosen_on: the part whose predictions the rule used.
    """

    threshold: float = Field(ge=0, le=1)
    policy: ThresholdChoice
    unit: Unit = "breast"
    chosen_on: Literal["validation"] = "validation"
