"""Turns captures into tables; the only package that writes data/processed."""
