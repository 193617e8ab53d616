"""Typed documents: every file on disk and every JSON that is printed, as a pydantic model."""
