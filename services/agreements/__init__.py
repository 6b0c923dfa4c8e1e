"""City Relations and Cooperation: twinnings, collaborations, partnerships."""
