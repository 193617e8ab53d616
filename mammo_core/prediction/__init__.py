"""Turn files into exams, predictions and exports.

The pages, the command line and Dask share this code.
"""
