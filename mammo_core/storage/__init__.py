"""Files on disk: atomic writes, tolerant reads, hashes and locks."""
