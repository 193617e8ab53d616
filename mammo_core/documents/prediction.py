"""The document that `mammo predict --json` prints."""

from mammo_core.documents.base import Document, PrintedDocument


class ImageEntry(Document):
    """The result for one file.

    Attributes:
        file: name of the file, as the user gave it.
        patient: pseudonym of the patient; None where the file names none or has no prediction.
        exam: keyed hash of the study; None where the file names none or has no prediction.
        date: of the exam, as YYYY-MM-DD; None where unknown.
        laterality: "L" or "R"; None where unknown.
        view: such as "CC"; None where unknown.
        modifiers: what is special about the view, such as "implant displaced".
        probability: of the positive class, in [0, 1]; None where the file has no prediction.
        out_of_distribution: whether the image is unlike the training images, so that its probability has no basis; None
            where the file has no prediction.
        no_decision: why nothing can be decided from the probability, as a clause; None where something can.
        counted: whether the image counts for its breast.
        note: why the image isn't counted, and what was unusual in reading it; None where there is nothing to say.
        error: why the file has no prediction, in one sentence; None where it has one.
    """

    file: str
    patient: str | None = None
    exam: str | None = None
    date: str | None = None
    laterality: str | None = None
    view: str | None = None
    modifiers: tuple[str, ...] = ()
    probability: float | None = None
    out_of_distribution: bool | None = None
    no_decision: str | None = None
    counted: bool = False
    note: str | None = None
    error: str | None = None


class BreastPrediction(Document):
    """The result for one breast in one exam: the mean over its images.

    Attributes:
        patient: pseudonym, or "unknown".
        exam: keyed hash of the study, or of the folder where no patient and study are known; None where unknown.
        date: of the exam, as YYYY-MM-DD; None where unknown.
        laterality: "L" or "R".
        images: number of images of this breast that are counted.
        probability: mean of the images' probabilities, in [0, 1].
        recall: whether the probability reaches the operating point; None where there is no decision.
        out_of_distribution: whether any of the images is unlike the training images.
        no_decision: why there is no decision, as a clause: any of the images is unlike the training images, or the model has
            only seen synthetic images and one of these is none; None where there is one.
    """

    patient: str
    exam: str | None = None
    date: str | None = None
    laterality: str
    images: int
    probability: float
    recall: bool | None
    out_of_distribution: bool
    no_decision: str | None = None


class PatientPrediction(Document):
    """The result for one patient in one exam: the higher of the two breasts.

    Attributes:
        patient: pseudonym, or "unknown".
        exam: see `BreastPrediction`.
        date: of the exam, as YYYY-MM-DD; None where unknown.
        images: number of images of both breasts that are counted.
        probability: highest of the breasts' probabilities, in [0, 1].
        recall: whether the probability reaches the operating point; None where there is no decision.
        out_of_distribution: whether any of the images is unlike the training images.
        no_decision: why there is no decision, as a clause: any of the images is unlike the training images, or the model has
            only seen synthetic images and one of these is none; None where there is one.
    """

    patient: str
    exam: str | None = None
    date: str | None = None
    images: int
    probability: float
    recall: bool | None
    out_of_distribution: bool
    no_decision: str | None = None


class PredictionDocument(PrintedDocument):
    """What a model predicts for several files.

    Attributes:
        model: name of the model.
        threshold: operating point from which a breast is recalled, in [0, 1].
        images: one entry per file, in the order of the files.
        breasts: one entry per breast in an exam, a patient's newest exam first; images that aren't counted belong to none.
        patients: one entry per patient and exam with such a breast.
    """

    model: str
    threshold: float
    images: tuple[ImageEntry, ...]
    breasts: tuple[BreastPrediction, ...] = ()
    patients: tuple[PatientPrediction, ...] = ()


def describe_decision(recall: bool | None, no_decision: str | None = None) -> str:
    """Return the decision for a breast or a patient in words.

    Args:
        recall: see `BreastPrediction` and `PatientPrediction`; None also where the breast of an image is unknown.
        no_decision: why there is none, likewise.
    """
    if recall is None:
        return f"no decision: {no_decision}" if no_decision else "no decision"
    return "recall" if recall else "no recall"
