"""Captures in, tables out: the only hand that writes data/processed."""
