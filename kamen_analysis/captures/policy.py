"""How the network may be used: limits from `policy.yaml`, and the exceptions that end one page or the whole run."""

from __future__ import annotations

import os
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kamen_analysis.captures.sidecar import TOOL
from kamen_analysis.errors import KamenError

REASONS = {
    "scheme": "只取 http 与 https", "host": "不在该来源的主机名单内", "address": "指向内网、本机或保留地址",
    "contact": "没有留下联系方式，只取本机环回地址", "robots": "robots.txt 不允许", "robots_unavailable": "robots.txt 读不到，按不允许处理",
    "redirects": "跳转过多", "loop": "跳转成环", "already": "跳转到已取过的页面", "wire_size": "内容超过大小上限",
    "decoded_size": "解压后超过大小上限", "coding": "压缩格式不认识或已损坏", "cut": "内容中途断开", "slow": "传输过慢",
    "unreachable": "连不上", "tls": "TLS 证书校验不过", "busy": "服务器反复要求稍后再来",
}
# Reasons for which it may help to try again later.
TRANSIENT = frozenset({"cut", "unreachable", "busy", "robots_unavailable"})


class Refused(Exception):  # noqa: N818 (a verdict on one address, not a fault of the program)
    """One address may not, or could not, be fetched; `reason` is a key of REASONS."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{REASONS[reason]}{f'（{detail}）' if detail else ''}")
        self.reason, self.detail = reason, detail


class Stopped(KamenError):  # noqa: N818 (the run ends as it should)
    """The whole run ends here, because the site asked for it or keeps refusing."""

    exit_code = 1


class Policy(BaseModel):
    """The limits of one run; `policy.yaml` explains each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact: str
    hosts: tuple[str, ...]
    allow_loopback: bool
    pause_s: float = Field(ge=0)
    jitter: float = Field(ge=0)
    connect_s: float = Field(gt=0)
    read_s: float = Field(gt=0)
    total_s: float = Field(gt=0)
    wire_bytes: int = Field(gt=0)
    decoded_bytes: int = Field(gt=0)
    max_redirects: int = Field(ge=0)
    attempts: int = Field(ge=1)
    backoff_s: float = Field(ge=0)
    backoff_cap_s: float = Field(ge=0)
    max_wait_s: float = Field(ge=0)
    max_refusals: int = Field(ge=1)
    ca_file: str | None = None

    @property
    def user_agent(self) -> str:
        """Who we say we are."""
        return f"{TOOL} (+{self.contact})" if self.contact else f"{TOOL} (loopback)"

    def admits(self, host: str) -> bool:
        """Return whether `host` is on the list."""
        return any(host == name or (name.startswith(".") and host.endswith(name)) for name in self.hosts)


def load(**changes: Any) -> Policy:
    """Return the policy of `policy.yaml` with `changes`; the contact may also come from $KAMEN_CONTACT.

    Unless loopback is allowed, no pause is shorter than the default. Raises KamenError for a value out of bounds, and if there is no
    contact, unless loopback is allowed.
    """
    defaults = yaml.safe_load(files(__package__).joinpath("policy.yaml").read_text(encoding="utf-8"))
    try:
        policy = Policy(**defaults | {"contact": os.environ.get("KAMEN_CONTACT", "")} | changes)
    except ValidationError as error:
        raise KamenError(f"抓取策略不合规：{'、'.join(str(item['loc'][0]) for item in error.errors())}") from None
    if not policy.contact and not policy.allow_loopback:
        raise KamenError("抓取前请留下联系方式：--contact 或环境变量 KAMEN_CONTACT（写进 User-Agent，网站可据此找到您）")
    floor = 0.0 if policy.allow_loopback else defaults["pause_s"]
    return policy.model_copy(update={"pause_s": max(policy.pause_s, floor)})
