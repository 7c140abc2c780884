"""Accuracy of the codes: the sample coded by people, the shares corrected by it, and the trial on the texts shipped with the codebook."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

import kamen_analysis.metrics as metrics
from kamen_analysis.charts import numbers
from kamen_analysis.metrics import diagnostics
from kamen_analysis.report.sample import Sample, sample
from kamen_analysis.report.told import Told
from kamen_analysis.report.trial import Trial, trial


class Coding(Told):
    """Measures of the categoriser's mistakes on one selection of posts."""

    @cached_property
    def sample(self) -> Sample:
        """The random sample coded by people."""
        return sample(self)

    @cached_property
    def corrected(self) -> pd.DataFrame:
        """Raw shares with the corrected ones or, without a coded sample, with bounds of the true ones."""
        coded = self.sample
        return metrics.corrected(coded.posts, coded.machine, coded.coded, self.scope) if coded.is_enough else \
            metrics.corrected(self.posts, self.labels, None, self.scope)

    @cached_property
    def tried(self) -> Trial:
        """The categoriser's results on the coded texts shipped with the codebook."""
        return trial(self.home)

    @cached_property
    def code_scores(self) -> pd.DataFrame:
        """Precision and recall of each code on those texts."""
        table = diagnostics.code_scores(self.tried.said, self.tried.gold)
        table.attrs.update(sources=[f"随程序附带的 {numbers.count(len(self.tried.texts))} 句已编码文句，写规则时看过，成绩偏高"])
        return table
