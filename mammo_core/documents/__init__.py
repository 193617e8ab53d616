"""Typed documents: a pydantic model for every file and every printed JSON."""
