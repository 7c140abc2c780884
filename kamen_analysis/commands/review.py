"""What the commands of human coding do. Rooms are imported inside, so `--help` stays quick."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from kamen_analysis import paths


def sample(args: argparse.Namespace) -> int:
    """Draw a coding sample and write the coders' files."""
    from kamen_analysis.review.sample import Plan, draw

    plan = Plan(args.size, args.stratify, args.blind, args.seed, args.scope)
    for path in draw(paths.home(args.home), args.name, plan, Path(args.out).resolve()):
        print(f"已写 {path}")
    return 0


def redaction(args: argparse.Namespace) -> int:
    """Draw redacted posts for a person to look over, or tell what he found."""
    from kamen_analysis.review.redaction import draw, tally

    path = Path(args.file).resolve()
    if args.take:
        print("\n".join(tally(path).lines()))
    else:
        print(f"已写 {path}（{draw(paths.home(args.home), args.size, args.seed, path)} 帖）：逐帖填“漏掉”与“误盖”的处数，没有就填 0")
    return 0


def take(args: argparse.Namespace) -> int:
    """Take a coder's file back."""
    from kamen_analysis.review.gold import take

    coded, size = take(paths.home(args.home), args.name, args.coder, Path(args.file))
    print(f"编码员 {args.coder}：样本 {size} 件，编了 {coded} 件，未编 {size - coded} 件")
    return 0


def ask(args: argparse.Namespace) -> int:
    """Let a language model code a sample."""
    from kamen_analysis.review import llm
    from kamen_analysis.review.endpoint import Endpoint

    asked = llm.ask(paths.home(args.home), args.name, Endpoint(args.endpoint, args.model, os.environ.get("KAMEN_LLM_KEY", "")), args.budget)
    print("\n".join(asked.lines()))
    return 0 if asked.coded == asked.posts else 1


def agree(args: argparse.Namespace) -> int:
    """Tell the coders' agreement and make gold of what is settled."""
    from kamen_analysis.review import gold

    if args.settle:
        print(f"收进裁定 {gold.settle(paths.home(args.home), args.name, Path(args.settle))} 件")
    print("\n".join(gold.conclude(paths.home(args.home), args.name).lines()))
    return 0
