"""Model bundles: their files, their registry, and their training images."""
