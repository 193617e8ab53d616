"""A workbench for screening mammography data: explore, convert, train, judge, predict.

The layers, top to bottom (an import only ever points down):

    cli
    figures | inference | work
    learning
    evaluation
    models
    dataset | explore
    preprocess
    dicom
    settings
    files
    errors
"""

__version__ = "0.1.0"
