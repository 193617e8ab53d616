"""The job that shows what a split by image hides."""

import shutil
from pathlib import Path
from typing import Literal

from mammo_core.documents.job import StoppedJob
from mammo_core.documents.progress import Progress
from mammo_core.documents.split_lesson import TITLES, SplitLesson
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.jobs.runs import LESSONS
from mammo_core.jobs.spec import JobContext, JobOutcome, JobSpec
from mammo_core.learning.plan import resolve
from mammo_core.workspace import Workspace

STOPPED = "Stopped. The lesson goes on from there when it is started again."


def lesson_config(store: str) -> TrainingConfig:
    """Return the settings of both trainings: those of the original work, shorter."""
    return TrainingConfig(
        store=store,
        network="original",
        epochs=8,
        patience=8,
        batch_size=32,
        imbalance="none",
        augment=False,
        validation_share=0.2,
        test_share=0.3,
    )


class LessonJob(JobSpec):
    """Train the original network on both splits, by image and by patient.

    Attributes:
        store: name of the prepared store.
    """

    kind: Literal["lesson"] = "lesson"
    store: str

    def folder(self, workspace: Workspace) -> Path:
        """Return the lesson's folder, which is not among those of runs."""
        return workspace.models / LESSONS / self.store

    def prepare(self, workspace: Workspace) -> None:
        """Check that there are enough patients; remove an earlier finished lesson.

        Raises:
            MammoError: the store or this machine's memory doesn't allow the trainings.
        """
        resolve(workspace, lesson_config(self.store))
        folder = self.folder(workspace)
        if (folder / SplitLesson.file_name).exists():
            for name in TITLES:
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / SplitLesson.file_name).unlink()

    def run(self, context: JobContext) -> JobOutcome:
        """Do both trainings, and write what came of them."""
        context.progress(Progress(done=0, total=0, phase="Loading TensorFlow"))
        from mammo_core.learning.split_lesson import teach

        plan = resolve(context.workspace, lesson_config(self.store))
        lesson = teach(plan, context.folder, context.progress, context.should_stop)
        if lesson is None:
            return JobOutcome("stopped", STOPPED, StoppedJob(message=STOPPED))
        return JobOutcome("finished", "Both networks are trained and compared.", lesson)


def read_lesson(workspace: Workspace, store: str) -> SplitLesson | None:
    """Return the finished lesson of a store, or None.

    Raises:
        DataError: its file is damaged.
    """
    path = LessonJob(store=store).folder(workspace) / SplitLesson.file_name
    return SplitLesson.read(path) if path.exists() else None
