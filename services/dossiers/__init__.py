"""Candidacies for seats, events and prizes."""
