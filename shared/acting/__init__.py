"""Acting on behalf: who stands in for whom, as every service knows it, and what follows for a request."""

from shared.acting.judging import Acting, acting_for
from shared.acting.view import Found, SubstitutionsView, owned, viewed

__all__ = ["Acting", "Found", "SubstitutionsView", "acting_for", "owned", "viewed"]
