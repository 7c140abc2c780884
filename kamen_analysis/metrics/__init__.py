"""Metrics: functions from tables to one tidy table, every number with its denominator, its interval and a note. None draws or writes."""

from __future__ import annotations

from kamen_analysis.metrics.alert import alert_methods, alerts
from kamen_analysis.metrics.breaks import change_points
from kamen_analysis.metrics.campaigns import campaigns, template_farms
from kamen_analysis.metrics.captions import caption, definition
from kamen_analysis.metrics.chains import chain_lengths, chains
from kamen_analysis.metrics.change import changes
from kamen_analysis.metrics.contrast import contrasts
from kamen_analysis.metrics.corrected import corrected
from kamen_analysis.metrics.escalation import channel_order, channel_outcomes, channels, tactics_by_age
from kamen_analysis.metrics.explain import explain
from kamen_analysis.metrics.gaps import coverage, gaps
from kamen_analysis.metrics.holiday import holidays
from kamen_analysis.metrics.late import nowcast
from kamen_analysis.metrics.legal import clocks
from kamen_analysis.metrics.money import amounts, products
from kamen_analysis.metrics.names import reason_names
from kamen_analysis.metrics.platform import platform_funnel, platform_ranks, platforms
from kamen_analysis.metrics.quality import fill, funnel, statuses
from kamen_analysis.metrics.refusal import cooccurrence, reasons, sequences, tactic_order
from kamen_analysis.metrics.resolution import naive_ratio, outcomes, resolved_by, self_reported, status_by_age
from kamen_analysis.metrics.response import median_reply, replies, time_to_reply
from kamen_analysis.metrics.selection import used
from kamen_analysis.metrics.sensitivity import sensitivity
from kamen_analysis.metrics.trend import volume
from kamen_analysis.metrics.waiting import waiting

METRICS = (used, volume, reasons, cooccurrence, tactic_order, sequences, statuses, fill, coverage, gaps, funnel, replies, time_to_reply,
           median_reply, waiting, outcomes, resolved_by, naive_ratio, status_by_age, self_reported, platforms, platform_ranks,
           platform_funnel, contrasts, amounts, products, clocks, changes, alerts, alert_methods, change_points, holidays, nowcast,
           corrected, chains, chain_lengths, channels, channel_outcomes, channel_order, tactics_by_age, explain, sensitivity, campaigns,
           template_farms)

__all__ = [
    "METRICS", "alert_methods", "alerts", "amounts", "campaigns", "caption", "chain_lengths", "chains", "change_points", "changes",
    "channel_order", "channel_outcomes", "channels", "clocks", "contrasts", "cooccurrence", "corrected", "coverage", "definition",
    "explain", "fill",
    "funnel", "gaps", "holidays", "median_reply", "naive_ratio", "nowcast", "outcomes", "platform_funnel", "platform_ranks", "platforms",
    "products", "reason_names", "reasons", "replies", "resolved_by", "self_reported", "sensitivity", "sequences", "status_by_age",
    "statuses", "tactic_order", "tactics_by_age", "template_farms", "time_to_reply", "used", "volume", "waiting",
]
