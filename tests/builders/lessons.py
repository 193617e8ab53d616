"""What came of a lesson on splits, without a training."""

from mammo_core.documents.estimate import Estimate
from mammo_core.documents.split_lesson import SplitFigures, SplitLesson, SplitOutcome


def make_lesson(own: float | None = 0.625, unseen: float | None = 0.625) -> SplitLesson:
    """Return a lesson in which both networks have these AUCs, and the accuracy of always saying "negative"."""
    figures = [
        SplitFigures(images=20, positive=2, patients=8, accuracy=0.9, always_negative=0.9, auc=Estimate(value=auc))
        for auc in (own, unseen)
    ]
    outcome = SplitOutcome(own=figures[0], unseen=figures[1], shared_patients=7)
    return SplitLesson(store="demo", epochs=8, by_image=outcome, by_patient=outcome)
