"""The job that evaluates a model on a prepared store."""

from pathlib import Path
from typing import Literal

from mammo_core.assessment.kept_evaluations import evaluation_folder, make_evaluation
from mammo_core.assessment.store_evaluation import unseen_images
from mammo_core.documents.job import StoppedJob
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.storage.atomic import clear_temporary_files
from mammo_core.workspace import Workspace

STOPPED = "Stopped. Nothing of it is kept; an earlier evaluation stays."


class EvaluationJob(JobSpec):
    """Evaluate a model on the patients of a store that it has not seen.

    Attributes:
        model: name of the model.
        identity: SHA-256 of its network, by which the evaluation is kept.
        store: name of the prepared store.
    """

    kind: Literal["evaluate"] = "evaluate"
    model: str
    identity: str
    store: str

    def folder(self, workspace: Workspace) -> Path:
        """Return the evaluation's folder, which is not among those of runs."""
        return evaluation_folder(workspace, self.identity, self.store)

    def prepare(self, workspace: Workspace) -> None:
        """Check that the model fits the store, and that it has labelled patients left.

        Raises:
            MammoError: it doesn't.
        """
        unseen_images(workspace, open_bundle(model_folder(workspace, self.model)), self.store)

    def run(self, context: JobContext) -> JobOutcome:
        """Predict the store's images, and evaluate the predictions."""
        clear_temporary_files(context.folder)  # of an evaluation that was killed
        bundle = open_bundle(model_folder(context.workspace, self.model))
        evaluation = make_evaluation(context.workspace, bundle, self.store, context.progress, context.should_stop)
        if evaluation is None:
            return JobOutcome("stopped", STOPPED, StoppedJob(message=STOPPED))
        return JobOutcome("finished", evaluation.report.verdict_or_reason(), evaluation)


def evaluation_job(bundle: Bundle, store: str) -> EvaluationJob:
    """Return the job that evaluates a model on a store."""
    return EvaluationJob(model=bundle.name, identity=bundle.identity, store=store)


def evaluation_jobs(workspace: Workspace, bundle: Bundle, stores: list[str]) -> dict[str, JobFolder]:
    """Return the jobs of a model's evaluations on stores, those that were ever begun."""
    folders = {store: JobFolder(evaluation_job(bundle, store).folder(workspace)) for store in stores}
    return {store: folder for store, folder in folders.items() if folder.exists}
