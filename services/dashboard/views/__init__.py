"""The page's view-models: pure functions from the units' facts, the time and the reader's filters."""
