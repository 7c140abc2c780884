"""How much units differ beyond chance, and funnel limits for their shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]


def tau_squared(estimates: ArrayLike, variances: ArrayLike) -> float:
    """Return the between-unit variance by the moment estimator, never below 0; 0 for fewer than two units.

    DerSimonian R, Laird N, Control Clin Trials 1986;7:177.
    """
    y, v = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if y.size < 2:
        return 0.0
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    return max(0.0, (q - (y.size - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def funnel_limits(n: ArrayLike, of: ArrayLike, sizes: ArrayLike, levels: tuple[float, float] = (0.95, 0.998)) -> dict[str, Floats | float]:
    """Return the funnel limits of shares at each of `sizes`: target, tau2, low, high (chance alone), low_wide, high_wide (overdispersed).

    The first of `levels` is that of the chance limits, the second that of the wide ones. On the arcsine-root scale the standard
    error is 1/(2·sqrt(of)); extreme units are winsorised at 10% before the between-unit variance is estimated, so that an outlier
    does not widen its own limits.
    Spiegelhalter DJ, Stat Med 2005;24:1185; Spiegelhalter DJ et al., J R Stat Soc A 2012;175:1.
    """
    count, total, at = (np.asarray(x, dtype=float) for x in (n, of, sizes))
    if total.sum() == 0:
        blank = np.full(at.shape, np.nan)
        return {"target": float("nan"), "tau2": 0.0, "low": blank, "high": blank, "low_wide": blank, "high_wide": blank}
    target = float(count.sum() / total.sum())
    centre = float(np.arcsin(np.sqrt(target)))
    tau2 = _winsorised_tau2(np.arcsin(np.sqrt(count / total)), centre, 1 / (4 * total))
    z = norm.ppf((1 + np.asarray(levels)) / 2)
    chance, wide = z[0] * np.sqrt(1 / (4 * at)), z[1] * np.sqrt(1 / (4 * at) + tau2)
    return {"target": target, "tau2": tau2, "low": _share(centre - chance), "high": _share(centre + chance),
            "low_wide": _share(centre - wide), "high_wide": _share(centre + wide)}


def _winsorised_tau2(y: Floats, centre: float, variance: Floats, trim: float = 0.1) -> float:
    if y.size < 3:
        return 0.0
    z = (y - centre) / np.sqrt(variance)
    low, high = np.quantile(z, [trim, 1 - trim])
    phi = float((np.clip(z, low, high) ** 2).mean())
    w = 1 / variance
    return max(0.0, (y.size * phi - (y.size - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _share(angle: Floats) -> Floats:
    """Return the share whose arcsine root is `angle`."""
    return np.sin(np.clip(angle, 0, np.pi / 2)) ** 2
