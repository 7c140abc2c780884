"""How clearly each counted post is a complaint, for the sensitivity to a stricter gate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamen_analysis.label.gate import totals


def leads(posts: pd.DataFrame) -> pd.Series:
    """Return by how many points "complaint" outweighs every other post type for each counted post; minus infinity for other posts."""
    used = posts[posts["is_used"]]
    if not len(used):
        return pd.Series(-np.inf, posts.index, dtype=float)
    targets = [target if isinstance(target, str) else None for target in used["target"]]
    points = totals(used["title"].tolist(), used["body"].tolist(), targets)
    others = np.fmax.reduce([of_type for kind, of_type in points.items() if kind != "complaint"])
    lead = np.nan_to_num(points["complaint"]) - np.nan_to_num(others)
    return pd.Series(lead, used.index, dtype=float).reindex(posts.index, fill_value=-np.inf)
