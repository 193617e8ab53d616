"""The evaluation of a model on other data than its own."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from mammo_core.documents.base import Document, FileDocument, PrintedDocument
from mammo_core.documents.estimate import Estimate
from mammo_core.documents.report import EvaluationReport

ShiftedShare = Literal["recall_rate", "sensitivity", "specificity", "ppv"]


class ShareShift(Document):
    """A share at the operating point that was chosen at home, at home and elsewhere.

    Attributes:
        measure: which share of the breasts.
        home: on the model's own held-out patients.
        elsewhere: on the other data.
        difference: elsewhere minus home, with the score interval of two independent shares (Newcombe 1998).
    """

    measure: ShiftedShare
    home: Estimate
    elsewhere: Estimate
    difference: Estimate


class StatisticShift(Document):
    """A statistic of model inputs, in training and elsewhere.

    Attributes:
        statistic: its name, see `mammo_core.evaluation.drift`.
        training: its mean over the training images.
        elsewhere: its mean over the other data's images.
        shift: their difference, in standard deviations of the training images.
    """

    statistic: str
    training: float
    elsewhere: float
    shift: float


class InputDrift(Document):
    """How images differ from those that a model was trained on.

    Attributes:
        images: how many.
        out_of_distribution: share of them that the model's detector calls unlike its training images, in [0, 1].
        statistics: of the model inputs, the largest shift first.
        verdict: what that means, in a sentence or two.
    """

    images: int
    out_of_distribution: float
    statistics: tuple[StatisticShift, ...]
    verdict: str


class ModelEvaluation(EvaluationReport):
    """The evaluation of a named model, as the command line prints it.

    Attributes:
        model: its name.
        data: the prepared store that it was evaluated on; None for its own held-out patients.
        shift: of the operating point on other data; empty where these hold the model's own held-out patients.
        drift: of the images of other data; None on the model's own.
        notes: sentences on readers' marks of the other data that count as lesions, and on those that don't.
    """

    model: str
    data: str | None = None
    shift: tuple[ShareShift, ...] = ()
    drift: InputDrift | None = None
    notes: tuple[str, ...] = ()


class DeletedEvaluation(PrintedDocument):
    """The evaluation of a model on other data that was deleted.

    Attributes:
        model: name of the model.
        data: name of the prepared store.
    """

    model: str
    data: str


class StoreEvaluation(PrintedDocument, FileDocument):
    """The evaluation of a model on a prepared store: store_evaluation.json.

    Attributes:
        model: name of the model then.
        identity: SHA-256 of its network.
        store: name of the prepared store.
        store_version: SHA-256 of the store's manifest, which lists its images with their hashes; where the data set's
            leave-out list names images, of both.
        created: when it was made.
        report: on the patients of the store that the model has not seen.
        shift: of the operating point; empty where the store holds the model's own held-out patients.
        drift: of the images; None on the model's own held-out images.
        lesions: SHA-256 of the lesions of the images, in the data set's lesions.csv and as readers marked them; empty
            without any, and in files of earlier versions, which knew none.
        notes: sentences on readers' marks that count as lesions, and on those that don't.
    """

    folder_name: ClassVar = ".evaluations"  # in the models folder; hidden, since it holds no run
    file_name: ClassVar = "store_evaluation.json"
    model: str
    identity: str
    store: str
    store_version: str
    created: AwareDatetime
    report: EvaluationReport
    shift: tuple[ShareShift, ...]
    drift: InputDrift | None = None
    lesions: str = ""
    notes: tuple[str, ...] = ()
