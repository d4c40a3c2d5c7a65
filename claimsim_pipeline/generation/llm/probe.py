"""Whether the model's host can be met at all, before anything is asked.

A name server that does not answer would hold a thread for half a minute, and
the process with it; so the name is looked up in a thread that nobody waits for.
"""

from __future__ import annotations

import queue
import socket
import threading
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_SECONDS = 2.0


def unreachable(base_url: str | None, seconds: float = _SECONDS) -> str:
    """Why the host of an address cannot be met; empty if its name is known, or a proxy's affair."""
    parts = urlsplit(base_url or "https://api.openai.com/v1")
    host = parts.hostname or ""
    if parts.scheme in getproxies() and not proxy_bypass(host):
        return ""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            socket.getaddrinfo(host, parts.port or 443)
            answers.put("")
        except (OSError, UnicodeError) as error:
            answers.put(f"the host {host} is unknown ({error})")

    threading.Thread(target=look_up, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return f"the name of the host {host} could not be looked up in {seconds:g} s"
