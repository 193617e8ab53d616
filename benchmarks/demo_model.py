"""Train the shipped demo model anew: `make model`.

Generates phantoms with a seed that no demo data set uses by default, prepares them, and teaches the pretrained network's
lesion map with their lesions, under strong changes of contrast, sharpness, resolution and noise. Its ImageNet features
stay as they are, and it classifies by the lesion map alone: how a phantom's breast looks says nothing about a real one.
Copies the verified model to models/demo. Takes a quarter of an hour on two cores; an interrupted step resumes.

NumPy's functions round the last bit otherwise on processors with AVX-512, and so some pixels of the phantoms differ by a
grey level. `make model` turns that off, so that the phantoms are the same wherever there is AVX2.

It makes a model and measures no speed, so it has no targets; the report of the new model is printed.
"""

import argparse
import shutil
from pathlib import Path

from mammo_core.cli.output import progress_bar
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.documents.training_result import TrainingResult
from mammo_core.errors import JobError
from mammo_core.jobs.demo import DemoJob
from mammo_core.jobs.importing import import_job
from mammo_core.jobs.process import run_for_result, run_in_process
from mammo_core.jobs.training import TrainJob
from mammo_core.models.bundle import HASHED_FILES, Bundle, open_bundle, write_card
from mammo_core.models.registry import DEMO
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.workspace import Workspace

NAME = "demo-model-phantoms"
SEED = 1_000_003


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=900)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    workspace = Workspace.from_environment()
    folder = workspace.data / NAME
    if not (folder / "train.csv").exists():
        job = DemoJob(out=folder, patients=options.patients, seed=SEED, prevalence=0.5)
        with progress_bar("images") as progress:
            run_in_process(job, workspace, progress)
    with progress_bar("images") as progress:
        run_in_process(import_job(workspace, str(folder), NAME), workspace, progress)
    config = TrainingConfig(
        store=NAME,
        network="pretrained",
        epochs=options.epochs,
        head_epochs=0,  # features of changed images can't be computed once
        fine_tuned_blocks=0,
        fine_tuning_rate=1e-3,
        randomise_domain=True,
        lesion_map_only=True,
        lesion_weight=100,  # lesions alone teach the map: labels of phantoms would teach it what real ones lack
        validation_share=0.12,
        test_share=0.2,
    )
    run = TrainJob(name=f"{NAME}-run", config=config)
    with progress_bar("steps") as progress:
        result = run_for_result(run, workspace, TrainingResult, progress)
    if result.status != "finished" or not result.verified:
        raise JobError(f"{result.message} The shipped model stays as it is.")
    print(ship(run.folder(workspace)).evaluation().verdict_or_reason())


def ship(run: Path) -> Bundle:
    """Replace the shipped model with that of a finished run."""
    card = open_bundle(run).card.model_copy(update={"name": DEMO, "made_by": "python -m benchmarks.demo_model"})
    shipped = SHIPPED_MODELS / DEMO
    shutil.rmtree(shipped, ignore_errors=True)
    shipped.mkdir(parents=True)
    for name in (*HASHED_FILES, "metrics.jsonl", "verification.json"):
        shutil.copy2(run / name, shipped / name)
    return write_card(shipped, card)


if __name__ == "__main__":
    main()
