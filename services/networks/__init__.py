"""City networks: memberships, mandates, duties."""
