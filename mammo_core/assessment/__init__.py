"""A bundle and a store, or a table of scores → reports and comparisons."""
