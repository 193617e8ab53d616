"""Files on disk: written whole, read tolerantly, hashed and locked."""
