"""The published language: one frozen pydantic model per event, per service."""
