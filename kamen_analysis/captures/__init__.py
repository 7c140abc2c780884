"""Captures: the network into WARC, files of the user into WARC, and WARC back into pages."""
