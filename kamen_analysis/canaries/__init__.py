"""Canaries: invented identifiers planted into a throw-away copy of a run, and searched for in everything that comes out of it."""
