"""Make exams of a shipped model's test part, so that its errors can be looked at.

The model's data are synthetic, and the generator gives the same images for the same parameters: so a dozen exams needn't be
shipped, and take seconds to make.
"""

import pandas as pd

from mammo_core.documents.progress import ProgressCallback, ignore_progress
from mammo_core.errors import ModelError
from mammo_core.evaluation.operating import outcomes
from mammo_core.evaluation.units import to_unit
from mammo_core.models.bundle import Bundle
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.workspace import Workspace

EACH = 3  # patients of each cell of the confusion matrix


def example_patients(bundle: Bundle, each: int = EACH) -> list[str]:
    """Return the patients with the most surprising breasts of the test part.

    Args:
        bundle: the model.
        each: how many for each cell of the confusion matrix.
    """
    breasts = to_unit(bundle.evaluation_predictions(), "breast")
    cells = [
        outcomes(breasts, bundle.threshold, label, recalled)["patient_id"].astype(str).drop_duplicates().head(each)
        for label in (0, 1)
        for recalled in (False, True)
    ]
    return pd.concat(cells).drop_duplicates().tolist()


def make_example_exams(workspace: Workspace, bundle: Bundle, progress: ProgressCallback = ignore_progress) -> int:
    """Generate the exams of `example_patients` as a data set named like the model's.

    Nothing is done if that is there already; if it was interrupted, it is completed. Each image is the same as in the whole set.

    Returns:
        The number of patients that were generated.

    Raises:
        ModelError: the model's data were not generated.
    """
    data = bundle.card.data
    if data.generator is None:
        raise ModelError(f"The data of {bundle.name} were not generated, so its exams can't be made again.")
    folder = workspace.data / data.dataset
    if (folder / "train.csv").exists():
        return 0
    patients, spec = example_patients(bundle), DemoSpec(**data.generator.model_dump())
    generate(folder, spec, progress, patients=patients)
    return len(patients)
