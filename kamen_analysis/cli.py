"""The command line `kamen`: parses the arguments and runs one command. Packages are imported only when a command needs them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from kamen_analysis.errors import INTERRUPTED, KamenError, told

Command = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """An argument parser with Chinese help, which ends with exit code 2 and one Chinese line on wrong arguments."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("allow_abbrev", False)
        super().__init__(add_help=False, **settings)
        self._positionals.title, self._optionals.title = "参数", "选项"
        self.add_argument("-h", "--help", action="help", help="显示本说明")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"kamen：参数有误（{_in_chinese(message)}）。用法见 {self.prog} --help\n")

    def format_help(self) -> str:
        return super().format_help().replace("usage: ", "用法：", 1)


_WORDS = (
    ("argument 命令: invalid choice:", "没有这个命令"), ("argument 动作: invalid choice:", "没有这个动作"),
    ("the following arguments are required:", "缺少"), ("unrecognized arguments:", "不认识"), ("invalid choice:", "没有这个取值"),
    ("expected one argument", "缺少取值"), ("expected at least one argument", "至少要一个取值"), ("argument", "参数"),
    ("choose from", "可选"), ("'", ""), ("invalid int value:", "不是整数"), ("invalid float value:", "不是数"),
)


def _in_chinese(message: str) -> str:
    for english, chinese in _WORDS:
        message = message.replace(english, chinese)
    return message


def _parser() -> argparse.ArgumentParser:
    from kamen_analysis import verbs as table

    parser = _Parser(prog="kamen", description="卡盟投诉分析：公开投诉帖进，政策报告出；每个数字都带分母、区间和证据。")
    parser.add_argument("--home", metavar="DIR", help="工作目录（其下有 data/ 与 reports/；默认当前目录或 $KAMEN_HOME）")
    parser.add_argument("--version", action="version", version=f"kamen {_version()}", help="显示版本")
    verbs = parser.add_subparsers(title="命令", metavar="命令", dest="verb", required=True, parser_class=_Parser)
    groups = {"": verbs}
    for name, (about, run, arguments) in table.COMMANDS.items():
        group, _, word = name.rpartition(" ")
        if group not in groups:
            parent = verbs.add_parser(group, help=table.GROUPS[group], description=table.GROUPS[group])
            groups[group] = parent.add_subparsers(title="动作", metavar="动作", dest="action", required=True, parser_class=_Parser)
        verb = groups[group].add_parser(word, help=about, description=about)
        for flags, settings in arguments:
            verb.add_argument(*flags, **settings)
        verb.set_defaults(run=run)
    return parser


def _version() -> str:
    from kamen_analysis import __version__

    return __version__


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 done with rejected rows, 2 bad input, 3 publication refused, 130 interrupted."""
    chosen = _parser().parse_args(arguments)
    try:
        run: Command = chosen.run
        return run(chosen)
    except KamenError as error:
        print(f"kamen：{_harmless(str(error))}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of the pipe (head, less) has ended, which is no error; without this Python would report it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("kamen：已中断；先前的输出保持不变", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"kamen：{_harmless(_system_message(error))}", file=sys.stderr)
        return 2


def _harmless(message: str) -> str:
    # A file name may contain what a terminal acts on: escape sequences, carriage returns, bidi overrides, undecodable bytes.
    return "".join(c if c.isprintable() or c in "\n\u3000" else "\ufffd" for c in message)


def _system_message(error: OSError) -> str:
    where = f"：{Path(os.fsdecode(error.filename))}" if isinstance(error.filename, str | bytes) else ""
    return f"{told(error)}{where}；先前的输出保持不变"


if __name__ == "__main__":
    sys.exit(main())
