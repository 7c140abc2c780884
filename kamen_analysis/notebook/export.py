"""A notebook's table and chart into a folder from which the next report takes them (see `report.exports` for the files)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import kamen_analysis.charts as charts
from kamen_analysis.data import Data
from kamen_analysis.errors import KamenError
from kamen_analysis.metrics.provenance import origin
from kamen_analysis.paths import atomic_write, sha256
from kamen_analysis.report.exports import FOLDER, refuse_if_personal
from kamen_analysis.tabular.guard import guarded

_BOOK, _NAME = re.compile(r"[\w\-]{1,60}"), re.compile(r"[a-z][a-z_]{0,40}")


def export(data: Data, where: str, table: pd.DataFrame, n: int, note: str = "") -> Path:
    """Write `table` of `n` complaints, its chart (`charts.<name>`) and a `note` to reports/_exports/<where>.* (where: <notebook>/<name>).

    They lie in the home of `data` (the demonstration's in the demonstration), whose next `kamen report` takes them up as an appendix;
    deleting the folder takes them out. Returns the path of the JSON; a table with personal data is refused.
    """
    notebook, _, name = where.partition("/")
    if not (_BOOK.fullmatch(notebook) and _NAME.fullmatch(name)):
        raise KamenError("导出到哪里要写成 笔记本/图名：笔记本名只用字母、汉字、数字、下划线和短横，图名是 ka.charts 里的一张图")
    refuse_if_personal(table, name)
    folder = data.home.reports / FOLDER / notebook
    about: dict[str, Any] = origin(data.posts) | {str(key): value for key, value in table.attrs.items()}
    told: dict[str, Any] = {
        "title": charts.finding(name, table), "n": n, "source": "、".join(about["sources"]), "period": about["period"],
        "alt": charts.alt_text(name, table), "metric": about.get("metric", name), "is_synthetic": about["is_synthetic"],
        "made_from": sha256(data.home.processed / "manifest.json"), "note": note,
    }
    made: Axes | Figure = getattr(charts, name)(table)
    for end in ("svg", "png"):
        charts.save(made, folder / f"{name}.{end}")
    plt.close(made if isinstance(made, Figure) else made.get_figure(root=True))
    with atomic_write(folder / f"{name}.csv") as file:
        file.write("\ufeff" + _worded(table).to_csv(index=False, lineterminator="\n"))
    with atomic_write(folder / f"{name}.json") as file:
        json.dump(told, file, ensure_ascii=False, indent=1)
    print(f"已导出 {where}（n={n:,}），下一次 kamen report 收入附录；不要了就删去 {folder}")
    return folder / f"{name}.json"


def _worded(table: pd.DataFrame) -> pd.DataFrame:
    words = table.select_dtypes(["object", "string"]).columns
    return table.assign(**{str(key): table[key].map(guarded, na_action="ignore") for key in words})

