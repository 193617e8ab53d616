"""Mammogram → model input.

Import, training and prediction share this one preprocessing.

Find the breast, crop it, bring its chest wall to the left edge, reduce it by area averaging with its aspect ratio
kept, scale its grey levels by its own percentiles, and set everything else to exactly 0. All decisions are made on a
coarse image of fixed squares of the source, so that they don't depend on how far a decoder has reduced the file. After
a change of any parameter, or of what this package does with it, images are no longer comparable: see
`PreprocessingConfig`.
"""
