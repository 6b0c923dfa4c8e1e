"""Measurements of the whole, on real engines. They are never run as tests."""
