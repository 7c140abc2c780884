"""Where an address ends that is told level by level: town, road, landmark, house, floor, door, with blanks or commas between."""

from __future__ import annotations

import itertools
import re

from kamen_analysis.redact.names import Judge

_NTH = "[0-9a-z零〇一二三四五六七八九十百壹贰叁肆伍陆柒捌玖拾佰廿]{1,6}"
# The last thing told: which door it is, or beside what.
_DOOR = re.compile(rf"(?:{_NTH}(?:号[楼院铺档]?|栋|幢|座|单元|楼|层|室|户|组|队|排|弄|档|铺位?|摊位?|门洞?|院|柜|床)|(?<!\d)\d{{3,4}}|"
                   r"[零〇一二三四五六七八九]{3,4}|\d{1,3}-\d{1,2}-\d{2,4}|[东西南北中][户]|[左右]手边?|[左右东西南北]边|楼[上下][^\d]{0,2}|"
                   rf"隔壁.{{0,4}}|后座|第{_NTH}个?[户家间排栋门]|那一?[户家间]|门面|[a-z]{{1,2}}\d?-?\d{{2,4}}|最里头.{{0,3}}|斜?对[面门])$")
_ROAD = re.compile(r"[路街巷村镇乡弄屯庄寨沟]|大道|小区|社区|家园|花园|[苑邨坊]|宿舍|家属|市场|工业区|广场|大厦|菜场|胡同|楼")
_OTHER = re.compile("联系|电话|手机|微信|本人|收货|收件|邮编|单号|订单|退款|下单|充值|客服|号码|字号|证号")
_LEVEL = re.compile(r"[^\s,，、]+")


def levels(words: str, start: int, end: int) -> int | None:
    """Return where the last level that tells a door ends; None without one, or without a road, village or estate."""
    told = itertools.takewhile(lambda piece: not _OTHER.search(piece[0]), _LEVEL.finditer(words, start, end))
    doors = [piece for piece in told if _DOOR.search(piece[0])]
    if not doors or not _ROAD.search(words, start, doors[-1].end()):
        return None
    return doors[-1].end() if doors[-1].end() - start >= 9 else None


LEVELS: dict[str, Judge] = {"levels": levels}
