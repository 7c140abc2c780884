"""Arrays in, numbers out: the few statistics the metrics stand on, thin over statsmodels and scipy, each with its source."""

from __future__ import annotations

from kamen_analysis.stats.compare import benjamini_hochberg, holm, logrank, newcombe, two_proportions
from kamen_analysis.stats.corrected import Corrected, corrected_mean
from kamen_analysis.stats.proportion import rank_interval, shrink, wilson
from kamen_analysis.stats.resample import bootstrap_median
from kamen_analysis.stats.spread import funnel_limits, tau_squared
from kamen_analysis.stats.survival import Curve, arrived, at_day, cumulative_incidence, kaplan_meier, quantile_day, restricted_mean

__all__ = [
    "Corrected", "Curve", "arrived", "at_day", "benjamini_hochberg", "bootstrap_median", "corrected_mean", "cumulative_incidence",
    "funnel_limits", "holm", "kaplan_meier", "logrank", "newcombe", "quantile_day", "rank_interval", "restricted_mean", "shrink",
    "tau_squared", "two_proportions", "wilson",
]
