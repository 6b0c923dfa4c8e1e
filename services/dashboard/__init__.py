"""The Director's live page: the read side of every unit, and the only web pages."""
