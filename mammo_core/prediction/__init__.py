"""Files → exams → predictions → exports: one road that the pages, the command line and Dask share."""
