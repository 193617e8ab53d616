"""Load a network and turn model inputs into predictions.

A prediction is a probability, a heatmap and an OOD score.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mammo_core.dicom.pseudonyms import installation_secret
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.documents.geometry import Geometry
from mammo_core.errors import ImageError, ModelError
from mammo_core.evaluation.calibration import Calibration
from mammo_core.evaluation.ood import OOD_STATISTICS, ood_features
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.decode import DecodedImage, decode_image
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.image_results import ImagePrediction, ImageResult, UnreadableImage
from mammo_core.prediction.lookup import KnownViews, complete_labels, known_views
from mammo_core.workspace import Workspace

NO_PROBABILITY = "The model has no probability for this image: its network's output is not a number."


class InputPredictions(NamedTuple):
    """What a network predicts for n model inputs.

    Attributes:
        probability: calibrated, of the positive class, float64 (n,) in [0, 1].
        ood_score: see `OODDetector.ood_score`, float64 (n,).
        statistics: those of `ood_features` that need no network, float64 (n, 12).
    """

    probability: np.ndarray
    ood_score: np.ndarray
    statistics: np.ndarray


class Predictor:
    """A loaded network.

    Loading takes seconds, a prediction milliseconds: keep one instance for each model.

    Args:
        bundle: the model, already checked.

    Raises:
        ModelError: its files can't be read, or don't belong together.
    """

    def __init__(self, bundle: Bundle) -> None:
        from mammo_core.learning.cam_network import CamNetwork
        from mammo_core.learning.networks import load

        self.bundle = bundle
        self.calibration = Calibration(bundle.card.calibration.slope, bundle.card.calibration.intercept)
        self.cam_scale = bundle.card.cam_scale or 1.0  # unused by a network without an activation map
        self.ood_detector = bundle.ood_detector()
        self.network = CamNetwork(load(bundle.network_file))
        self._warm_up()

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the calibrated probability of the positive class of each image.

        Args:
            images: model inputs, uint8 (n, rows, columns).

        Returns:
            float64 (n,) in [0, 1].
        """
        return self.calibration.apply(self.network.run(images, with_cam=False).raw_probability)

    def predict_inputs(self, images: np.ndarray, geometries: Sequence[Geometry]) -> InputPredictions:
        """Predict model inputs and compare them with the training images.

        Args:
            images: model inputs, uint8 (n, rows, columns).
            geometries: of each image in its source.
        """
        output = self.network.run(images, with_cam=False)
        features = ood_features(images, geometries, output.embedding)
        return InputPredictions(
            probability=self.calibration.apply(output.raw_probability),
            ood_score=self.ood_detector.ood_score(features),
            statistics=features[:, :OOD_STATISTICS],
        )

    def activation_maps(self, images: np.ndarray) -> np.ndarray | None:
        """Return the class activation maps of model inputs.

        Args:
            images: model inputs, uint8 (n, rows, columns).

        Returns:
            float64 (n, h, w), in logits; None if the network has none.
        """
        return self.network.run(images).cam

    def predict_image(self, file: InputFile, decoded: DecodedImage) -> ImagePrediction | UnreadableImage:
        """Predict one decoded file and check whether it is like the training images.

        The image is an `UnreadableImage` if the network's output isn't a number.
        """
        image = decoded.model_input[np.newaxis]
        output = self.network.run(image)
        probability = float(self.calibration.apply(output.raw_probability)[0])
        if math.isnan(probability):
            return UnreadableImage(file.name, file.key, NO_PROBABILITY)
        scores = self.ood_detector.ood_score(ood_features(image, [decoded.geometry], output.embedding))
        return ImagePrediction(
            file=file.name,
            key=file.key,
            decoded=decoded,
            probability=probability,
            ood_score=float(scores[0]),
            cam=None if output.cam is None else self._scale(output.cam[0]),
            beyond_model=self.bundle.synthetic and not decoded.synthetic,
        )

    def predict_files(
        self,
        workspace: Workspace,
        files: Sequence[InputFile],
        sandbox: Sandbox,
        *,
        views: KnownViews | None = None,
    ) -> Iterator[ImageResult]:
        """Decode and predict files; yield one result for each file, in order.

        An unreadable file affects no other.

        Args:
            workspace: the data sets in which views of files are looked up.
            files: DICOM files; archives must have been opened before.
            sandbox: decodes the files.
            views: see `known_views`; None looks them up.
        """
        known = known_views(workspace, (file.name for file in files)) if views is None else views
        secret = installation_secret(workspace)

        def predict(file: InputFile, wait_for_decoded: Callable[[], DecodedImage]) -> ImageResult:
            try:
                return self.predict_image(file, complete_labels(wait_for_decoded(), file, known, secret))
            except ImageError as error:
                return UnreadableImage(file.name, file.key, str(error))

        waiting: deque[tuple[InputFile, Callable[[], DecodedImage]]] = deque()
        for file in files:
            waiting.append((file, sandbox.start(decode_image, file.source, self.bundle.preprocessing, secret)))
            if len(waiting) > sandbox.workers:  # no more: a waiting file is held in memory twice
                yield predict(*waiting.popleft())
        while waiting:
            yield predict(*waiting.popleft())

    def _scale(self, cam: np.ndarray) -> np.ndarray:
        """Scale a class activation map from logits to [0, 1], float32.

        See `ImagePrediction.cam`.
        """
        return np.clip(cam / self.cam_scale, 0, 1).astype(np.float32)

    def _warm_up(self) -> None:
        """Compile the network by running it once, before the first user waits."""
        shape, n_features = self.bundle.preprocessing.shape, len(self.ood_detector.mean)
        if self.network.input_shape == (None, *shape, 1) and self.network.output_shape == (None, 2):
            output = self.network.run(np.zeros((1, *shape), np.uint8))
            if n_features == OOD_STATISTICS + output.embedding.shape[1]:
                return
        raise ModelError(
            f"The files of the model {self.bundle.name} don't belong together: its network, preprocessing and detector "
            "have different shapes. Restore the folder or train again."
        )
