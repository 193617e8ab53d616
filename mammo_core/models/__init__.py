"""Model bundles: what a model folder holds, which ones there are, and which patients each has been fitted to."""
