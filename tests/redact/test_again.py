"""A value found once is hidden wherever its post has it again, as a word of its own: in the same text and in the other columns."""

from __future__ import annotations

import pytest

from kamen_analysis.pipeline import free_text
from kamen_analysis.redact import redact
from kamen_analysis.redact.files import redact_records

ROWS = [
    ({"title": "退款", "body": "联系人：李晓明", "appeal": "要求李晓明道歉"}, {"appeal": "要求[姓名]道歉"}),
    ({"title": "abx012q不退钱", "body": "微信号abx012q"}, {"title": "[微信号]不退钱"}),
    ({"title": "我叫李晓明", "body": "联系ＡＢＸ012q，李\u200b曉明不退", "target": "李晓明"},
     {"body": "联系[微信号]，[姓名]不退"}),
    ({"body": "掌柜阿强点卡说不退", "target": "阿强点卡"}, {"body": "掌柜[账号]说不退", "target": "阿强点卡"}),  # a shop trades by it
    ({"title": "abx012q那单", "body": "没有别的"}, {"title": "abx012q那单"}),  # told by another post only
    ({"title": "型号kabx012不退", "body": "微信号abx012"}, {"title": "型号kabx012不退"}),  # part of a longer word
]


def test_columns_of_a_post_are_redacted_together() -> None:
    """What one column says is somebody's is hidden in the others of the same post, and of no other."""
    columns = {name: [row.get(name) for row, _ in ROWS] for name in ("title", "body", "target", "appeal")}
    free_text.refuse("posts", columns, free_text.redact(columns), "")
    for number, (row, hidden) in enumerate(ROWS):
        assert {name: columns[name][number] for name in hidden} == hidden
        assert [columns[name][number] is None for name in columns] == [name not in row for name in columns]


@pytest.mark.parametrize(("row", "hidden"), ROWS)
def test_fields_of_a_record_are_redacted_together(row: dict[str, str], hidden: dict[str, str]) -> None:
    """`kamen redact` hides the same, and says where in each field as given."""
    done, = redact_records([row])
    assert {name: done[name] for name in hidden} == hidden
    for name, text in row.items():
        spans = [span for span in done["redactions"] if span["field"] == name]
        assert bool(spans) == (done[name] != text) and all(0 <= span["start"] < span["end"] <= len(text) for span in spans)


@pytest.mark.parametrize("many", [2, 60, 2000])
def test_every_value_is_hidden_again(many: int) -> None:
    """However many values a text announces, none stays where it is repeated."""
    values = [f"kami_{number * 7919 % 100_003:05}x" for number in range(many)]
    done = redact("。".join(f"微信号{value}" for value in values) + "。后来" + "和".join(f"（{value}）" for value in values)).text
    assert not [value for value in values if value in done]
