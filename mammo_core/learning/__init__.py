"""Training: plan, input pipeline, networks, trainer, export. Its modules load TensorFlow; the package itself doesn't."""
