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
# A door told in words: it is a household's by itself, or where somebody lives; and what it is told by.
_HOUSE = re.compile(rf"(?:第{_NTH}个?[户间排栋门院趟]|[数第]{_NTH}[家户间门排]|头一?个?[户间门]|"
                    rf"[左右]手(?:边|侧)?(?:那?[户间家]|第?{_NTH}[家户间])?|[东西南北中]户|[楼层][左右](?:边|手|侧|手边)?|[底顶]楼[东西南北左右][边侧户]?)$")
_FIRM = re.compile(rf"(?:第{_NTH}家|头一?家|那一?[户间家]|[左右东西南北]边那?[家户间])$")
_LIVES = re.compile(r"(?:住|家|址|寄|收件|收货|送|快递|搬|租|摆?摊)[^。,，;!?\n]{0,3}$")
_AT_HOME = re.compile("[我他她]?老?家(?![具电长庭属])|[地住]址")
_BESIDE = re.compile(r"隔壁|对[面门过]|斜对|[背身]后|后[面院巷头排边门]|[前外旁下底]面|前[院排]|旁边|楼[上下]|"
                     r"往[里东西南北前后左右]|进去|出来|拐|[东西南北村街巷]头|[东西南北]边|[院场厂校楼]里|院内|门口|门外|[路街巷村镇乡弄屯庄寨沟院坡桥塘坝]|胡同|小区|家园|花园|[苑邨坊]|宿舍|市场|广场|单元|平房")
_SHOP = re.compile(r"[的店铺馆餐超药奶比都也就才又还说卖]")
_PUBLIC = re.compile(r"(?:商场|商城|超市|地铁站?|(?:汽|高铁|火)?车?站|机场|医院|学校|营业厅|广场|写字楼|大厅|图书馆|大楼|门店|专柜)\s*")
_FLOOR = re.compile(r"(?:\d{1,2}|[一二三四五六七八九十廿卅]{1,3})\s?[楼层]")
_LEVEL = re.compile(r"[^\s,，、]+")


def levels(words: str, start: int, end: int) -> int | None:
    """Return where the last level that tells a door ends; None without one, or without a road, village or estate."""
    told = itertools.takewhile(lambda piece: not _OTHER.search(piece[0]), _LEVEL.finditer(words, start, end))
    doors = [piece for piece in told if _DOOR.search(piece[0])]
    if not doors or not _ROAD.search(words, start, doors[-1].end()):
        return None
    return doors[-1].end() if doors[-1].end() - start >= 9 else None


def door_in_words(words: str, start: int, end: int) -> int | None:
    """Return where the door ends that is told in words; None where it may be a shop's, or nothing says beside what it is."""
    told = list(itertools.takewhile(lambda piece: not _OTHER.search(piece[0]), _LEVEL.finditer(words, start, end)))
    lives = _AT_HOME.match(words, start, end) or _LIVES.search(words, max(0, start - 8), start)
    for many, piece in reversed(list(enumerate(told, 1))):
        is_door = _HOUSE.search(piece[0]) or (_FIRM.search(piece[0]) and (lives or many > 2))
        if is_door and (many > 1 or lives) and piece.end() - start >= 8 and _BESIDE.search(words, start, piece.end() - 2):
            return None if _SHOP.match(words, piece.end()) else piece.end()
    return None


def flat(words: str, start: int, end: int) -> int | None:
    """Return the end of a floor and a flat; None in a place open to all that is not named (商场 3楼 12铺)."""
    floor = _FLOOR.search(words, start, end)
    return None if floor and _PUBLIC.fullmatch(words, start, floor.start()) else end


LEVELS: dict[str, Judge] = {judge.__name__: judge for judge in (levels, door_in_words, flat)}
