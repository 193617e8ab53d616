"""Train networks: plan, input pipeline, networks, trainer and export.

The modules load TensorFlow; the package itself doesn't.
"""
