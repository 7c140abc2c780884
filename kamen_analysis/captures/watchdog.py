"""End answers that never end: a server may send a byte now and then for hours without causing a read time-out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_TICK_S = 0.1


class Watchdog:
    """Shuts the connection in use when an exchange (headers and body) takes too long."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._deadline: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.fired = False

    @contextmanager
    def over(self, seconds: float) -> Iterator[None]:
        """Watch one exchange for at most `seconds`; `fired` says afterwards whether it was cut off."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self.fired, self._socket, self._deadline = False, None, time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline = None

    def watch(self, connection: Any) -> None:
        """Set the connection that the exchange uses."""
        self._socket = connection.sock

    def close(self) -> None:
        """End the watching thread."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            deadline, used = self._deadline, self._socket
            if deadline and used and time.monotonic() > deadline:
                self.fired = True
                # If it was closed just now, that is fine too.
                with suppress(OSError):
                    used.shutdown(socket.SHUT_RDWR)

    def pools(self) -> dict[str, Any]:
        """Return urllib3 connection pools by scheme whose connections report to this watchdog."""
        dog = self

        class Plain(HTTPConnection):
            def getresponse(self) -> Any:
                dog.watch(self)
                return super().getresponse()

        class Secure(HTTPSConnection):
            def getresponse(self) -> Any:
                dog.watch(self)
                return super().getresponse()

        return {"http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
                "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure})}
