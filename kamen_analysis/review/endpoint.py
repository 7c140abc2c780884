"""Client of an OpenAI-compatible language-model endpoint; nothing is sent unless the operator names the address."""

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


class Unanswered(Exception):  # noqa: N818 (an expected outcome of one question, not an error of the program)
    """The endpoint gave no usable answer; the message says why and contains nothing of the post."""


@dataclass(frozen=True)
class Reply:
    """What the model wrote, and the tokens that the endpoint charges for it (0 if it does not say)."""

    text: str
    tokens: int


@dataclass(frozen=True)
class Endpoint:
    """Address and model to ask. `url` is the part before /chat/completions; plain http is allowed for this machine only.

    Raises KamenError for any other address.
    """

    url: str
    model: str
    key: str = ""
    timeout_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise KamenError("--endpoint 要是 http(s) 网址（到 /chat/completions 之前为止），不带用户名密码")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise KamenError("--endpoint 不是本机时必须用 https：帖子虽已脱敏，也不明文外传")

    def ask(self, system: str, user: str) -> Reply:
        """Return the model's reply. Raises Unanswered after three failed attempts, KamenError if the key is refused."""
        why = ""
        for attempt in range(TRIES):
            wait_s = 2.0**attempt
            try:
                answer = self._post(system, user)
            except requests.RequestException as error:
                why = f"连不上或超时（{type(error).__name__}）"
            else:
                if answer.status_code == 200:
                    return _reply(answer)
                why = _refusal(answer)
                wait_s = _asked_wait_s(answer) or wait_s
            if attempt + 1 < TRIES:
                self.sleep(min(wait_s, LONGEST_WAIT_S))
        raise Unanswered(why)

    def _post(self, system: str, user: str) -> requests.Response:
        question = {"model": self.model, "temperature": 0, "seed": 1, "response_format": {"type": "json_object"},
                    "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}]}
        head = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        with requests.Session() as session:
            session.trust_env = False  # no proxy or netrc of the machine's environment: a proxy would see what is sent
            return session.post(f"{self.url.rstrip('/')}/chat/completions", json=question, headers=head, timeout=self.timeout_s,
                                allow_redirects=False)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(answer: requests.Response) -> str:
    """Return why `answer` is none. Raises KamenError if the key is refused, Unanswered if a further attempt would not help."""
    why = f"HTTP {answer.status_code}"
    if answer.status_code in (401, 403):
        raise KamenError(f"模型接口拒绝（{why}）：请检查 $KAMEN_LLM_KEY")
    if answer.status_code != 429 and answer.status_code < 500:
        raise Unanswered(why)
    return why


def _asked_wait_s(answer: requests.Response) -> float:
    """Return the seconds that the endpoint asks to wait; 0 if it does not say."""
    retry_after = answer.headers.get("Retry-After", "")
    return float(retry_after) if retry_after.isdecimal() else 0.0


def _reply(answer: requests.Response) -> Reply:
    try:
        if len(answer.content) > LARGEST:
            raise ValueError
        content: dict[str, Any] = json.loads(answer.content)
        return Reply(str(content["choices"][0]["message"]["content"]), int((content.get("usage") or {}).get("total_tokens") or 0))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise Unanswered("回答不是 OpenAI 兼容的 JSON") from None
