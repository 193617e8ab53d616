"""Decide who may talk to the server and what a person may do."""
