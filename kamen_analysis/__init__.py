"""See, measure and prove how virtual-goods shops refuse refunds.

For notebooks: `import kamen_analysis as ka; data = ka.load(); ka.metrics.reasons(data.posts, data.labels)`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import kamen_analysis.charts as charts
    import kamen_analysis.metrics as metrics
    import kamen_analysis.redact as redact
    from kamen_analysis.data import Data as Data
    from kamen_analysis.data import load as load
    from kamen_analysis.label.posts import label_posts as label_posts

__version__ = "0.1.0"

# Names handed on, each imported when first asked for, so that `import kamen_analysis` stays quick.
_NAMES = {
    "load": ("data", "load"), "Data": ("data", "Data"), "metrics": ("metrics", None), "charts": ("charts", None),
    "label_posts": ("label.posts", "label_posts"), "redact": ("redact", None),
}
__all__ = ["Data", "charts", "label_posts", "load", "metrics", "redact"]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _NAMES[name]
    loaded = importlib.import_module(f"{__name__}.{module}")
    return getattr(loaded, attribute) if attribute else loaded


def __dir__() -> list[str]:
    return sorted(__all__)
