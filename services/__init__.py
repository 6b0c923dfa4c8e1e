"""The units of the Area: one package per service. They never import each other."""
