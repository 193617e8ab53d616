"""A bundle and a store, or a table of scores → reports and comparisons."""

from mammo_core.assessment.compare import compare_models
from mammo_core.assessment.report import current_report
from mammo_core.assessment.store_evaluation import evaluate_store

__all__ = ["compare_models", "current_report", "evaluate_store"]
