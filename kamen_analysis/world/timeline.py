"""What happens to a complaint after it is posted: a reply or none, then one of several endings (competing risks).

With probability `reply` the merchant replies, a log-normal time after posting; from the reply on, one ending is drawn from the
platform's mix and comes a log-normal time later (the automatic close exactly `auto_close_days` after the reply). Without a reply
the endings are fewer and run from posting. So every cumulative incidence is known in closed form (see `truth`).
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
    """Return for each row of `weights` (rows add to one) the drawn column."""
    draws = rng.random(len(weights))[:, None]
    column = (draws > weights.cumsum(axis=1)).sum(axis=1)
    return np.asarray(np.minimum(column, weights.shape[1] - 1), dtype=np.int64)


def _waits(spec: Spec, endings: npt.NDArray[np.str_], rng: np.random.Generator) -> Floats:
    law = spec.resolution
    waits = np.full(len(endings), np.nan)
    for kind, delay in law.delay.items():
        drawn = lognormal(rng, delay, len(endings))
        waits = np.where(endings == kind, drawn, waits)
    return np.where(endings == "auto_closed", law.auto_close_days, waits)


def events(spec: Spec, shops: Platforms, posts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return every step of every post, also those after the world's end: columns row, kind, at (posts' own order, then time)."""
    posted = posts["posted_at"].to_numpy()
    told = np.flatnonzero(posts["post_type"].to_numpy() == "complaint")
    shop = posts["platform"].to_numpy()[told]
    replied = rng.random(len(told)) < shops.reply[shop]
    reply = shops.reply_median[shop] * np.exp(spec.platforms.reply_sigma * rng.standard_normal(len(told)))
    assigned = np.minimum(lognormal(rng, spec.resolution.assigned, len(told)), reply / 2)
    with_reply = np.asarray(list(spec.resolution.replied))[pick(rng, shops.replied[shop])]
    without = np.asarray(list(spec.resolution.unreplied))[pick(rng, shops.unreplied[shop])]
    endings = np.where(replied, with_reply, without)
    ends = np.where(replied, reply, 0) + _waits(spec, endings, rng)
    parts = [(np.arange(len(posts)), "posted", posted), (told, "assigned", _after(posted[told], assigned)),
             (told[replied], "merchant_replied", _after(posted[told], reply)[replied])]
    parts += [(told[endings == k], k, _after(posted[told], ends)[endings == k]) for k in ACTORS if k in set(endings) - {OPEN}]
    frame = pd.concat([pd.DataFrame({"row": row, "kind": kind, "at": at}) for row, kind, at in parts], ignore_index=True)
    return frame.sort_values(["row", "at"], kind="stable", ignore_index=True)


def _after(posted: npt.NDArray[np.datetime64], days: Floats) -> npt.NDArray[np.datetime64]:
    whole = np.nan_to_num(days * 86_400, nan=0.0, posinf=0.0).astype(np.int64)  # the board tells seconds
    return np.asarray(posted + whole.astype("timedelta64[s]"))
