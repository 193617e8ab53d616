"""What a split by image hides, as `mammo lesson --json` prints it.

lesson.json in the folder of the lesson holds the same.
"""

from typing import ClassVar

from mammo_core.documents.base import Document, FileDocument, PrintedDocument
from mammo_core.documents.estimate import Estimate

BY_IMAGE, BY_PATIENT = "by_image", "by_patient"
TITLES = {BY_IMAGE: "Split by image", BY_PATIENT: "Split by patient"}
VISIBLE = 0.02  # difference in AUC or accuracy that the sentences name


class SplitFigures(Document):
    """What a network reaches on some images.

    Attributes:
        images: how many.
        positive: how many of them are positive.
        patients: whose images they are.
        accuracy: share of the images that it labels correctly, with positive from a probability of 0.5.
        always_negative: accuracy of always saying "negative": the share of the negatives.
        auc: by image; its interval is over patients.
    """

    images: int
    positive: int
    patients: int
    accuracy: float
    always_negative: float
    auc: Estimate


class SplitOutcome(Document):
    """What one network seems to reach, and what it reaches.

    Attributes:
        own: on the test images of its own split, by which its best epoch was chosen too.
        unseen: on the images of patients whom no network of the lesson has seen.
        shared_patients: how many patients have images both in its training and in its own test images.
    """

    own: SplitFigures
    unseen: SplitFigures
    shared_patients: int

    @property
    def flattery(self) -> float | None:
        """By how much the own test images flatter the AUC; None without one."""
        if self.own.auc.value is None or self.unseen.auc.value is None:
            return None
        return self.own.auc.value - self.unseen.auc.value


class SplitLesson(PrintedDocument, FileDocument):
    """The same network, trained on a split by image and on one by patient.

    Attributes:
        store: name of the prepared store.
        epochs: of each training, at most.
        by_image: the network whose training and test images were drawn image by image.
        by_patient: the network whose training and test images are of different patients.
    """

    file_name: ClassVar = "lesson.json"
    store: str
    epochs: int
    by_image: SplitOutcome
    by_patient: SplitOutcome

    def describe(self) -> tuple[str, str, str]:
        """Return what there is to learn, in three texts.

        They are on accuracy, on the split by image, and on that by patient.
        """
        return _describe_accuracy(self.by_image.own), _describe_leak(self.by_image), _describe_remedy(self.by_patient)


def _describe_accuracy(figures: SplitFigures) -> str:
    gain = figures.accuracy - figures.always_negative
    verdict = "more than" if gain > VISIBLE else "less than" if gain < -VISIBLE else "about as much as"
    return (
        f"The network labels {100 * figures.accuracy:.1f} % of its test images correctly. That is {verdict} always saying "
        f"“negative”, which is correct for {100 * figures.always_negative:.1f} % of them: where positives are rare, a high "
        "accuracy says nothing about finding them."
    )


def _describe_leak(outcome: SplitOutcome) -> str:
    start = (
        f"{outcome.shared_patients:,} of the {outcome.own.patients:,} patients of its test images have other images in its "
        "training part: the other view of the same breast is almost the same picture."
    )
    seeming, real, flattery = outcome.own.auc.value, outcome.unseen.auc.value, outcome.flattery
    if seeming is None or real is None or flattery is None:
        return f"{start} Too few images of either label for an AUC."
    if flattery > VISIBLE:
        effect = f"It was flattered by {flattery:.2f}"
    elif flattery < -VISIBLE:
        effect = f"On these images it wasn't flattered: chance moved its AUC by {-flattery:.2f} the other way"
    else:
        effect = "On these images that made no difference worth naming"
    return f"{start} Its AUC on them is {seeming:.2f}, and on patients it has never seen {real:.2f}. {effect}."


def _describe_remedy(outcome: SplitOutcome) -> str:
    seeming, real = outcome.own.auc.value, outcome.unseen.auc.value
    if seeming is None or real is None:
        return "Split by patient there are too few images of either label for an AUC."
    low, high = outcome.unseen.auc.low, outcome.unseen.auc.high
    if low is None or high is None:
        chance = "there are too few patients for an interval, so nobody can say whether that is more than chance"
    elif low > 0.5:
        chance = f"with a 95 % interval of {low:.2f} to {high:.2f} that is more than chance, 0.50"
    else:
        chance = f"with a 95 % interval of {low:.2f} to {high:.2f} that can't be told from chance, 0.50"
    return (
        f"Split by patient, the same network has an AUC of {seeming:.2f} on its own test images and of {real:.2f} on the "
        f"unseen patients; {chance}."
    )
