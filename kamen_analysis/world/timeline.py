"""What happens to a complaint after it is posted: perhaps a reply, then at most one of several endings (competing risks).

With probability `reply` the merchant replies, a log-normal time after posting. Then one ending is drawn from the platform's mix, and
comes a log-normal time after the reply (the automatic closure exactly `auto_close_days` after it). Without a reply there are fewer
endings, and their time runs from posting. So every cumulative incidence is known in closed form (see `truth`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamen_analysis.world.spec import Spec
from kamen_analysis.world.traits import Floats, Platforms, lognormal

OPEN = "open"
ACTORS = {"posted": "consumer", "assigned": "platform", "merchant_replied": "merchant", "merchant_says_resolved": "merchant",
          "consumer_confirmed": "consumer", "auto_closed": "system", "closed": "unknown", "withdrawn": "consumer"}


def pick(rng: np.random.Generator, weights: Floats) -> npt.NDArray[np.int64]:
    """Draw a column for each row of `weights`, whose rows add up to one."""
    draws = rng.random(len(weights))[:, None]
    column = (draws > weights.cumsum(axis=1)).sum(axis=1)
    return np.asarray(np.minimum(column, weights.shape[1] - 1), dtype=np.int64)


def _waits(spec: Spec, endings: npt.NDArray[np.str_], rng: np.random.Generator) -> Floats:
    """Draw the days to each ending; NaN for OPEN."""
    law = spec.resolution
    waits = np.full(len(endings), np.nan)
    for kind, delay in law.delay.items():
        drawn = lognormal(rng, delay, len(endings))
        waits = np.where(endings == kind, drawn, waits)
    return np.where(endings == "auto_closed", law.auto_close_days, waits)


def events(spec: Spec, shops: Platforms, posts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw every event of every post, also those after the world's end: row, kind, at, in the order of rows, then times."""
    posted = posts["posted_at"].to_numpy()
    complaints = np.flatnonzero(posts["post_type"].to_numpy() == "complaint")
    shop = posts["platform"].to_numpy()[complaints]
    replied = rng.random(len(complaints)) < shops.reply[shop]
    reply = shops.reply_median[shop] * np.exp(spec.platforms.reply_sigma * rng.standard_normal(len(complaints)))
    assigned = np.minimum(lognormal(rng, spec.resolution.assigned, len(complaints)), reply / 2)
    with_reply = np.asarray(list(spec.resolution.replied))[pick(rng, shops.replied[shop])]
    without = np.asarray(list(spec.resolution.unreplied))[pick(rng, shops.unreplied[shop])]
    endings = np.where(replied, with_reply, without)
    ends = np.where(replied, reply, 0) + _waits(spec, endings, rng)
    parts = [(np.arange(len(posts)), "posted", posted), (complaints, "assigned", _after(posted[complaints], assigned)),
             (complaints[replied], "merchant_replied", _after(posted[complaints], reply)[replied])]
    parts += [(complaints[endings == kind], kind, _after(posted[complaints], ends)[endings == kind])
              for kind in ACTORS if kind in set(endings) - {OPEN}]
    frame = pd.concat([pd.DataFrame({"row": row, "kind": kind, "at": at}) for row, kind, at in parts], ignore_index=True)
    return frame.sort_values(["row", "at"], kind="stable", ignore_index=True)


def _after(posted: npt.NDArray[np.datetime64], days: Floats) -> npt.NDArray[np.datetime64]:
    seconds = np.nan_to_num(days * 86_400, nan=0.0, posinf=0.0).astype(np.int64)
    return np.asarray(posted + seconds.astype("timedelta64[s]"))
