"""Many small connection pools instead of one large.

A pool of the HTTP library looks at each of its idle connections whenever a
request begins or ends: with 64 of them that is most of the CPU time of a
call. Here each request goes to the next of several pools in turn.
"""

from __future__ import annotations

import itertools

import httpx2

_KEPT_ALIVE = 2  # idle connections of a pool
_IDLE_SECONDS = 30.0


class Lanes(httpx2.AsyncBaseTransport):
    """A transport made of pools.

    Args:
        count: How many.
        secure: Whether any address is https; else no certificates are loaded.
    """

    def __init__(self, count: int, *, secure: bool) -> None:
        limits = httpx2.Limits(
            max_connections=None,
            max_keepalive_connections=_KEPT_ALIVE,
            keepalive_expiry=_IDLE_SECONDS,
        )
        certificates = httpx2.create_ssl_context() if secure else False
        self._pools = [
            httpx2.AsyncHTTPTransport(verify=certificates, limits=limits) for _ in range(count)
        ]
        self._turn = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass the request to the next pool."""
        return await next(self._turn).handle_async_request(request)

    async def aclose(self) -> None:
        """Close every pool."""
        for pool in self._pools:
            await pool.aclose()
