"""Captures: store what is fetched, and files the user brings, as WARC, and read pages from WARC."""
