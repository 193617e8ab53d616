"""Prepared store → what is wrong with its images, sides, views and labels."""
