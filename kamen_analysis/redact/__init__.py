"""Find and replace personal data in Chinese complaint posts: `redact.redact(text)`, `redact.find(text)`, `redact.redact_many(texts)`."""

from kamen_analysis.redact.engine import Redacted as Redacted
from kamen_analysis.redact.engine import Span as Span
from kamen_analysis.redact.engine import find as find
from kamen_analysis.redact.engine import redact as redact
from kamen_analysis.redact.engine import redact_many as redact_many
