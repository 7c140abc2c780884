"""Arrays in, numbers out: the few statistics the metrics stand on, thin over statsmodels and scipy, each with its source."""

from __future__ import annotations

from kamen_analysis.stats.breaks import Break, change_points, dispersion
from kamen_analysis.stats.compare import benjamini_hochberg, holm, logrank, newcombe, two_proportions
from kamen_analysis.stats.corrected import Corrected, corrected_mean
from kamen_analysis.stats.delay import Arrival, arrived
from kamen_analysis.stats.gray import Spells, count_spells, gray, gray_spells, incidence_at, logrank_spells
from kamen_analysis.stats.proportion import rank_interval, shrink, wilson
from kamen_analysis.stats.resample import bootstrap_median
from kamen_analysis.stats.restricted import restricted_wait
from kamen_analysis.stats.skewed import Tested, gray_test, logrank_test, skewness, two_tails
from kamen_analysis.stats.spread import funnel_limits, tau_squared
from kamen_analysis.stats.surveil import ears, farrington, quasi_poisson, upper_bound, upper_tail
from kamen_analysis.stats.survival import Curve, at_day, cumulative_incidence, kaplan_meier, quantile_day, restricted_mean
from kamen_analysis.stats.whole import whole_interval

__all__ = [
    "Arrival", "Break", "Corrected", "Curve", "Spells", "Tested", "arrived", "at_day", "benjamini_hochberg", "bootstrap_median",
    "change_points", "corrected_mean", "count_spells", "cumulative_incidence", "dispersion", "ears", "farrington", "funnel_limits",
    "gray", "gray_spells", "gray_test", "holm", "incidence_at", "kaplan_meier", "logrank", "logrank_spells", "logrank_test", "newcombe",
    "quantile_day", "quasi_poisson", "rank_interval", "restricted_mean", "restricted_wait", "shrink", "skewness", "tau_squared",
    "two_proportions", "two_tails", "upper_bound", "upper_tail", "whole_interval", "wilson",
]
