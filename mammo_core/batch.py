"""Many files on Dask: the machine's own cores, or a cluster that sees the same files; the answers are those of the page."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mammo_core.dataset.catalogue import image_name
from mammo_core.dataset.cluster import stream
from mammo_core.dataset.library import known_views
from mammo_core.errors import ImageError
from mammo_core.inference import Prediction, Predictor, answer_to
from mammo_core.models import Bundle, open_bundle
from mammo_core.processes import ends_after, keep_memory
from mammo_core.settings import apply_environment, as_environment, settings
from mammo_core.uploads import File, read_upload

if TYPE_CHECKING:
    from distributed import Client

Views = dict[str, tuple[str, str]]
Placed = tuple[int, File]  # a file and its place in the list


def predict_on_cluster(files: Sequence[File], bundle: Bundle, client: "Client") -> Iterator[tuple[int, Prediction]]:
    """Yield each file's place and prediction, without arrays, in no particular order.

    A file that kills its worker costs itself only.

    Args:
        files: name and path (or contents) of each; the workers see the same paths.
        bundle: the model, in a folder that the workers see.
        client: the Dask client that does the work.

    Raises:
        WorkError: there are no workers, or they can't import the code.
    """
    listed = known_views(image_name(name) for name, _ in files)
    task = partial(predict_batch, bundle.folder, listed, as_environment())
    for batch, found in stream(client, task, list(enumerate(files)), lambda: False):
        died = [
            Prediction(name, error="The decoder crashed on this file; nothing else was harmed.")
            for _, (name, _) in batch
        ]
        yield from zip((place for place, _ in batch), found or died, strict=True)


def predict_batch(
    folder: Path, listed: Views, environment: Mapping[str, str], files: Sequence[Placed]
) -> list[Prediction]:
    """Predict a few files; runs in a Dask worker, which loads a model once and ends itself at a file that takes too long."""
    apply_environment(environment)
    keep_memory()
    predictor = _predictor(folder)
    found = []
    for _, (name, data) in files:
        try:
            with ends_after(settings().decode_seconds):
                upload = read_upload(data, name, predictor.bundle.contract)
        except ImageError as error:
            found.append(Prediction(name, error=str(error)))
        else:
            found.append(answer_to(upload, predictor, listed).without_arrays())
    return found


@lru_cache(maxsize=1)
def _predictor(folder: Path) -> Predictor:
    return Predictor(open_bundle(folder))
