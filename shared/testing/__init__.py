"""Fixtures on real engines, builders and `eventually`."""
