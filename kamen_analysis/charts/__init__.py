"""Charts: one function per chart, named after its metric, from the metric's table to axes (`ax` if given, else those of a new figure).

Beside each chart is a function `…_finding` that puts the table's finding into one Chinese sentence: the chart's title.
"""

from __future__ import annotations

from kamen_analysis.charts.beside import contrasts, corrected, holidays
from kamen_analysis.charts.coding import accuracy, agreement
from kamen_analysis.charts.compare import changes, platform_ranks
from kamen_analysis.charts.curves import outcomes, time_to_reply
from kamen_analysis.charts.dates import calendar
from kamen_analysis.charts.describe import alt_text, finding
from kamen_analysis.charts.facts import amounts, clocks, funnel, naive_ratio, products, self_reported
from kamen_analysis.charts.order import sequences, tactic_order
from kamen_analysis.charts.platform import platform_funnel, platforms
from kamen_analysis.charts.refusal import cooccurrence, reasons, reasons_by_month
from kamen_analysis.charts.streams import flow
from kamen_analysis.charts.style import fonts, save
from kamen_analysis.charts.trend import volume
from kamen_analysis.charts.variants import choices
from kamen_analysis.charts.ways import chains, channels, coverage, tactics_by_age

__all__ = [
    "accuracy", "agreement", "alt_text", "amounts", "calendar", "chains", "changes", "channels", "choices", "clocks", "contrasts",
    "cooccurrence", "corrected", "coverage", "finding", "flow", "fonts", "funnel", "holidays", "naive_ratio", "outcomes", "platform_funnel",
    "platform_ranks", "platforms", "products", "reasons", "reasons_by_month", "save", "self_reported", "sequences", "tactic_order",
    "tactics_by_age", "time_to_reply", "volume",
]
