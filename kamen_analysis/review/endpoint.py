"""One question to a language model behind any OpenAI-compatible address; asked only when the operator names that address."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from kamen_analysis.errors import KamenError

TRIES, LONGEST_WAIT_S, LARGEST = 3, 60.0, 1 << 20


class Unanswered(Exception):  # noqa: N818 (one question that came to nothing, not a fault of the program)
    """The endpoint gave no usable answer; the text says why, without anything of the post."""


@dataclass(frozen=True)
class Reply:
    """What the model wrote, and the tokens the endpoint counts for it (0 where it does not say)."""

    text: str
    tokens: int


@dataclass(frozen=True)
class Endpoint:
    """Where to ask and whom. `url` ends before /chat/completions; without encryption only this machine may be asked."""

    url: str
    model: str
    key: str = ""
    timeout_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        place = urlsplit(self.url)
        if place.scheme not in ("http", "https") or not place.hostname or place.username:
            raise KamenError("--endpoint 要是 http(s) 网址（到 /chat/completions 之前为止），不带用户名密码")
        if place.scheme == "http" and not _is_here(place.hostname):
            raise KamenError("--endpoint 不是本机时必须用 https：帖子虽已脱敏，也不明文外传")

    def ask(self, system: str, user: str) -> Reply:
        """Return the model's reply; Unanswered after three tries at an answer that does not come, KamenError where the key is refused."""
        why = ""
        for attempt in range(TRIES):
            try:
                answer = self._post(system, user)
            except requests.RequestException as error:
                why = f"连不上或超时（{type(error).__name__}）"
                continue
            if answer.status_code in (401, 403):
                raise KamenError(f"模型接口拒绝（HTTP {answer.status_code}）：请检查 $KAMEN_LLM_KEY")
            if answer.status_code == 200:
                return _reply(answer)
            why = f"HTTP {answer.status_code}"
            if answer.status_code != 429 and answer.status_code < 500:
                break
            if attempt + 1 < TRIES:
                self.sleep(_wait_s(answer, attempt))
        raise Unanswered(why)

    def _post(self, system: str, user: str) -> requests.Response:
        asked = {"model": self.model, "temperature": 0, "seed": 1, "response_format": {"type": "json_object"},
                 "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}]}
        head = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        with requests.Session() as session:
            session.trust_env = False  # A proxy or a netrc of the machine would see what is sent.
            return session.post(f"{self.url.rstrip('/')}/chat/completions", json=asked, headers=head, timeout=self.timeout_s,
                                allow_redirects=False)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wait_s(answer: requests.Response, attempt: int) -> float:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked) if asked.isdigit() else 2.0**attempt, LONGEST_WAIT_S)


def _reply(answer: requests.Response) -> Reply:
    try:
        if len(answer.content) > LARGEST:
            raise ValueError
        told: dict[str, Any] = json.loads(answer.content)
        return Reply(str(told["choices"][0]["message"]["content"]), int((told.get("usage") or {}).get("total_tokens") or 0))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise Unanswered("回答不是 OpenAI 兼容的 JSON") from None
