"""Mammogram → model input.

Import, training and prediction share this one preprocessing.

Find the breast, crop it, bring its chest wall to the left edge, reduce it by area averaging with its aspect ratio
kept, scale its grey levels by its own percentiles, and set everything else to exactly 0. All decisions are made on a
coarse image of fixed squares of the source, so that they don't depend on how far a decoder has reduced the file. After
a change of any parameter, or of what this package does with it, images are no longer comparable: see
`PreprocessingConfig`.
"""

from mammo_core.documents.geometry import Geometry
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.preprocess.geometry import crop_raster, to_source
from mammo_core.preprocess.prepare import DECODER_STEP, ModelInput, prepare, prepare_source, read_and_prepare, to_tensor

__all__ = [
    "DECODER_STEP",
    "Geometry",
    "ModelInput",
    "PreprocessingConfig",
    "crop_raster",
    "prepare",
    "prepare_source",
    "read_and_prepare",
    "to_source",
    "to_tensor",
]
