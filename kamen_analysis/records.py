"""Every table's columns, types, units and checks, in one place: Arrow schema, validation and data dictionary come from here.

All instants are timezone-aware, in Asia/Shanghai (Beijing time), to the microsecond: no naive time exists in a table.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kamen_analysis.errors import TableError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ZONE = "Asia/Shanghai"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

POST_TYPES = {"complaint": "投诉", "article": "文章", "ad": "广告", "merchant": "商家方", "question": "咨询", "other": "其他"}
OUTCOMES = {"resolved": "已解决", "partial": "部分解决", "unresolved": "未解决", "unclear": "没说或看不出"}
PRODUCTS = {
    "game_topup": "游戏充值点卡道具", "membership": "会员订阅", "software_key": "软件激活码授权", "account": "账号买卖租号",
    "gift_card": "礼品卡电子券", "phone_topup": "话费流量", "virtual_currency": "虚拟币平台币", "boosting": "代练代充代刷",
    "course": "网课知识付费", "other_virtual": "其他虚拟", "physical": "实物及快递", "service": "其他服务", "none": "无",
}
EVENT_KINDS = {
    "posted": "发布", "assigned": "已分配商家", "merchant_replied": "商家回复", "merchant_says_resolved": "商家称已解决",
    "consumer_confirmed": "消费者确认", "auto_closed": "超时自动关闭", "closed": "关闭（原因未注明）", "deleted": "已删除",
    "withdrawn": "消费者撤回",
}
STAGES = {
    "read": "读取存档", "clean": "清洗", "merge": "合并重复抓取", "gate": "投诉闸门", "dedupe": "去重", "scope": "限虚拟商品",
}
# Names of the reasons why a page, a record or a post goes no further; a test fails for a reason without a name.
REJECTIONS = {
    "login_required": "需要登录", "blocked": "被网站拦截", "no_such_page": "没有这一页", "gone": "页面已删除", "redirected": "被转到别处",
    "other_site": "不是该网站的页面", "refused": "网站拒绝回答",
    "server_error": "网站出错", "changed_layout": "页面改版，读不出", "damaged": "文件损坏", "empty": "空白页",
    "no_posts": "页面里没有帖子", "not_a_post": "不是帖子", "unknown_columns": "认不出列名", "parser_failed": "解析器不认识这种形式",
    "damaged_row": "行已损坏", "no_id": "没有编号", "no_text": "既无标题也无正文",
    "posted_in_future": "发布时间在抓取之后", "posted_too_early": "发布时间早于 2000 年",
    "negative_amount": "金额为负", "seen_again": "同一帖多次抓到", "withheld": "该次抓取不合下限", "withdrawn": "当事人要求撤回",
    **{kind: f"不是投诉：{name}" for kind, name in POST_TYPES.items() if kind != "complaint"},
    "exact": "完全重复", "near": "近似重复", "two_targets": "同文投诉两家", "not_virtual": "非虚拟商品",
}
DECIDED_BY = ("human", "rule", "model", "vote", "llm")
PRECISIONS = ("second", "minute", "day")


@dataclass(frozen=True)
class Column:
    """A column: name, type (string, float, integer, boolean, instant), meaning (`about`), and allowed values."""

    name: str
    type: str
    about: str
    nullable: bool = False
    one_of: tuple[str, ...] = ()
    low: float | None = None
    pattern: str | None = None
    unique: bool = False


_CAPTURE = (
    Column("capture_file", "string", "原始存档文件（相对 data/raw）"),
    Column("capture_offset", "integer", "存档文件中记录的字节偏移", low=0),
    Column("capture_digest", "string", "记录内容的 SHA-256（十六进制）", pattern=r"^[0-9a-f]{64}$"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "posts": (
        Column("post_id", "string", "帖子编号：来源键:来源内编号", pattern=r"^[a-z0-9_]+:.+$", unique=True),
        Column("source", "string", "来源键"),
        Column("url", "string", "公开网址", nullable=True),
        *_CAPTURE,
        Column("posted_at", "instant", "发布时间（北京时间）；缺失即未注明", nullable=True),
        Column("posted_precision", "string", "发布时间精度", nullable=True, one_of=PRECISIONS),
        Column("first_seen_at", "instant", "首次抓取时间（北京时间）"),
        Column("last_seen_at", "instant", "最近抓取时间（北京时间）"),
        Column("platform", "string", "归一后的平台名；未识别则为投诉对象原样", nullable=True),
        Column("platform_known", "boolean", "平台是否在名录中"),
        Column("target", "string", "投诉对象原样（已脱敏）", nullable=True),
        Column("title", "string", "标题（已脱敏）"),
        Column("body", "string", "正文（已脱敏）"),
        Column("truncated", "boolean", "来源只给出正文开头"),
        Column("appeal", "string", "投诉要求（来源原样）", nullable=True),
        Column("amount_yuan", "float", "涉诉金额（元）；缺失即未注明", nullable=True, low=0),
        Column("status", "string", "来源给出的状态原样", nullable=True),
        Column("post_type", "string", "是不是当事人的投诉（闸门）", one_of=tuple(POST_TYPES)),
        Column("gate_rule", "string", "闸门依据的规则"),
        Column("in_scope", "boolean", "标的是否虚拟商品"),
        Column("product", "string", "商品类别", one_of=tuple(PRODUCTS)),
        Column("outcome", "string", "帖子自述的结果", one_of=tuple(OUTCOMES)),
        Column("dup_group", "string", "重复组：组内最早一帖的编号"),
        Column("dup_kind", "string", "与组内最早一帖的关系", one_of=("first", "exact", "near", "two_targets")),
        Column("dup_size", "integer", "重复组帖数", low=1),
        Column("is_used", "boolean", "是否计入指标：是投诉且为组内最早一帖"),
        Column("is_synthetic", "boolean", "演示数据（合成），非真实投诉"),
    ),
    "events": (
        Column("post_id", "string", "帖子编号", pattern=r"^[a-z0-9_]+:.+$"),
        Column("kind", "string", "事件", one_of=tuple(EVENT_KINDS)),
        Column("at", "instant", "发生时间（精确）", nullable=True),
        Column("seen_by", "instant", "至迟在此时已发生（只知上界）", nullable=True),
        Column("actor", "string", "谁", one_of=("consumer", "merchant", "platform", "system", "unknown")),
    ),
    "labels": (
        Column("post_id", "string", "帖子编号", pattern=r"^[a-z0-9_]+:.+$"),
        Column("code", "string", "拒退理由编码", pattern=r"^[a-z_]+$"),
        Column("decided_by", "string", "由谁判定", one_of=DECIDED_BY),
        Column("rule", "string", "规则编号"),
        Column("rule_version", "string", "编码手册版本"),
        Column("field", "string", "证据所在", one_of=("title", "body")),
        Column("start", "integer", "证据起点（字符，已脱敏文本）", low=0),
        Column("end", "integer", "证据终点（字符，不含）", low=0),
        Column("score", "float", "得分", low=0),
    ),
    "rejected": (
        Column("stage", "string", "环节", one_of=("read", "clean", "gate", "dedupe")),
        Column("reason", "string", "剔除原因（键）"),
        Column("source", "string", "来源键"),
        Column("post_id", "string", "帖子编号（若已知）", nullable=True),
        *_CAPTURE,
        Column("detail", "string", "说明（不含个人信息）", nullable=True),
    ),
}


def arrow_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a Parquet file of `table`."""
    import pyarrow as pa

    instant = pa.timestamp("us", tz=ZONE)
    types = {"string": pa.string(), "float": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_(), "instant": instant}
    return pa.schema([pa.field(c.name, types[c.type], c.nullable) for c in TABLES[table]])


def empty(table: str) -> pd.DataFrame:
    """Return a frame of `table` with no rows and the right column types."""
    return frame(table, [])


def frame(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return `rows` (a dict each) as a frame of `table` with typed columns in order; raise TableError for a key the table lacks."""
    data: pd.DataFrame = arrow(table, rows).to_pandas()
    return data


def arrow(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Return `rows` as an Arrow table of `table`; a missing key is null. Raises TableError for a key the table lacks."""
    return typed(table, columns(table, rows))


def columns(table: str, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return `rows` as columns of `table`; a missing key is None; raise TableError for a key the table lacks."""
    known = [column.name for column in TABLES[table]]
    if unknown := sorted(set().union(*rows) - set(known)):
        raise TableError(f"表 {table} 没有这些列：{'、'.join(unknown)}")
    return {name: [row.get(name) for row in rows] for name in known}


def typed(table: str, columns: Mapping[str, Any]) -> pa.Table:
    """Return columns of `table` (lists, instants also as datetime64, UTC) as an Arrow table of its types, all nullable."""
    import pyarrow as pa

    fields = [field.with_nullable(True) for field in arrow_schema(table) if field.name in columns]
    return pa.table([_array(columns[field.name], field.type) for field in fields], schema=pa.schema(fields))


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and isinstance(values, list):
        # As time since 1970: once pandera is imported, Arrow reads the wall time of an aware instant as if it were UTC.
        return pa.array([at and at - _EPOCH for at in values], pa.duration("us")).cast(pa.int64()).cast(kind)
    return pa.array(values, kind)


def validate(table: str, data: pd.DataFrame) -> pd.DataFrame:
    """Return `data` unchanged if it meets the schema of `table`; otherwise raise TableError listing every failure."""
    import pandas as pd
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    dtypes = {"string": None, "float": "float64", "integer": "int64", "boolean": "bool", "instant": f"datetime64[us, {ZONE}]"}
    columns = {c.name: pa.Column(dtypes[c.type], _checks(c), nullable=c.nullable, unique=c.unique) for c in TABLES[table]}
    try:
        return pd.DataFrame(pa.DataFrameSchema(columns, strict=True, ordered=True).validate(data, lazy=True))
    except SchemaErrors as error:
        cases = error.failure_cases
        lines = [f"  列 {row.column or '—'}：{row.check}（{row.count} 处）"
                 for row in cases.fillna({"column": ""}).groupby(["column", "check"]).size().reset_index(name="count").itertuples()]
        raise TableError(f"表 {table} 不合规，{len(cases)} 处：\n" + "\n".join(lines)) from None


def _checks(column: Column) -> list[Any]:
    import pandera.pandas as pa

    checks = []
    if column.one_of:
        checks.append(pa.Check.isin(column.one_of))
    if column.low is not None:
        checks.append(pa.Check.ge(column.low))
    if column.pattern:
        checks.append(pa.Check(functools.partial(_matches, column.pattern), name=f"str_matches({column.pattern!r})"))
    return checks


def _matches(pattern: str, column: pd.Series) -> pd.Series:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    # Arrow matches a whole column at once, pandas one text after the other.
    found = pc.match_substring_regex(pa.array(column, pa.string(), from_pandas=True), pattern)
    return pd.Series(found.fill_null(True).to_numpy(zero_copy_only=False), column.index)
