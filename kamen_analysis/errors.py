"""The errors a user may meet, each one clear line with the exit code the command line ends with."""

from __future__ import annotations


class KamenError(Exception):
    """Unusable arguments or input: the command line prints the message and ends with exit code 2."""

    exit_code = 2


class PublishRefused(KamenError):  # noqa: N818 - a refusal is a decision, not a fault
    """A gate refused to write processed data or a report: exit code 3. The message never holds the offending value."""

    exit_code = 3


class TableError(KamenError):
    """A table broke its schema; the message lists every failure at once."""

    exit_code = 3
