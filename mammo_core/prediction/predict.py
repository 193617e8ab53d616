"""Decode files in the sandbox and predict from them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mammo_core.dataset.catalogue import image_name
from mammo_core.dataset.library import known_views
from mammo_core.dicom import installation_secret, patient_key
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.errors import ImageError
from mammo_core.evaluation.ood import ood_features
from mammo_core.prediction.decode import DecodedImage, decode_image
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.results import Prediction
from mammo_core.workspace import Workspace


def predict_files(files: Sequence[InputFile], predictor: Predictor, sandbox: Sandbox) -> Iterator[Prediction]:
    """Yield one prediction a file, in order; a file that can't be read gets an error and harms no other.

    Args:
        files: name and contents (or path) of each.
        predictor: the model.
        sandbox: where the bytes are decoded.
    """
    workspace = Workspace.from_environment()
    listed = known_views(workspace, [image_name(name) for name, _ in files])
    secret = installation_secret(workspace)
    waiting: deque[tuple[str, Callable[[], DecodedImage]]] = deque()
    for name, data in files:
        waiting.append((name, sandbox.start(decode_image, data, name, predictor.bundle.preprocessing, secret)))
        if len(waiting) > sandbox.workers:  # no more: what waits is held in memory twice
            yield _predict(*waiting.popleft(), predictor, listed, secret)
    while waiting:
        yield _predict(*waiting.popleft(), predictor, listed, secret)


def _predict(
    name: str,
    upload_of: Callable[[], DecodedImage],
    predictor: Predictor,
    listed: dict[str, tuple[str, str]],
    secret: bytes,
) -> Prediction:
    try:
        return predict_image(upload_of(), predictor, listed, secret)
    except ImageError as error:
        return Prediction(name, error=str(error))


def predict_image(
    upload: DecodedImage, predictor: Predictor, listed: dict[str, tuple[str, str]], secret: bytes
) -> Prediction:
    """Return what a model says of one file that could be read.

    Args:
        upload: the file.
        predictor: the model.
        listed: laterality and view by image_id, for files that don't say.
        secret: of the installation, for pseudonyms.
    """
    image_id, folder = image_name(upload.file), Path(upload.file).parent.name
    laterality, view = listed.get(image_id, (None, None))
    names_patient = folder.isdigit() and image_id.isdigit()  # RSNA's layout: <patient_id>/<image_id>.dcm
    upload = replace(
        upload,
        patient=upload.patient or (patient_key(folder, secret) if names_patient else None),
        laterality=upload.laterality or laterality,
        view=upload.view or view,
    )
    image = upload.model_input[np.newaxis]
    probabilities, cam, embedding = predictor(image)
    out_of_distribution = predictor.reference.ood_score(ood_features(image, [upload.geometry], embedding))
    return Prediction(
        upload.file,
        upload,
        float(probabilities[0]),
        None if cam is None else cam[0],
        ood_score=float(out_of_distribution[0]),
    )


def predict_new(
    files: Sequence[InputFile],
    keys: Sequence[str],
    predictor: Predictor,
    sandbox: Sandbox,
    known: dict[str, Prediction],
) -> list[Prediction]:
    """Return one prediction a file, and work only for those that aren't known yet.

    Args:
        files: name and contents (or path) of each.
        keys: what tells each file from all others of this user, and the same file again.
        predictor: the model.
        sandbox: where the bytes are decoded.
        known: one user's earlier predictions by model and key. New ones are added, those of files that are gone removed.
    """
    wanted = [f"{predictor.bundle.identity} {key}" for key in keys]
    new = {key: file for key, file in zip(wanted, files, strict=True) if key not in known}
    for key, prediction in zip(new, predict_files(list(new.values()), predictor, sandbox), strict=True):
        known[key] = prediction
    for key in known.keys() - set(wanted):
        del known[key]
    return [known[key] for key in wanted]
