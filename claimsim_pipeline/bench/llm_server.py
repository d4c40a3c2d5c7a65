"""A small HTTP server on loopback that speaks `/v1/responses`, `/v1/files` and `/v1/batches`.

`python -m claimsim_pipeline.bench.llm_server '{"latency": 0.1}'` prints its address and serves
until its standard input ends. `/__knobs` (POST) changes faults, `/__stats` and `/__ledger` tell.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from types import TracebackType
from typing import Any

from claimsim_pipeline.bench.llm_model import Model

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Slow Down"}


class _Connection(asyncio.Protocol):
    """One client's connection; requests come one after the other."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, mark, rest = self._data.partition(b"\r\n\r\n")
        if not mark:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._data = rest[length:]
        method, path, _ = first.split(" ")
        self._serve(self._model.answer(method, path, headers, rest[:length]))

    def _serve(self, answer: tuple[int, dict[str, str], Any, float | None]) -> None:
        status, headers, body, delay = answer
        if delay is None:
            return
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"content-type": "application/json", "content-length": str(len(payload)), **headers}
        head = f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in told.items())
        data = head.encode() + b"\r\n" + payload
        account = self._model.account
        self._model.in_flight += 1
        account.most = max(account.most, self._model.in_flight)
        loop = asyncio.get_running_loop()
        if delay > 0:
            loop.call_later(delay, self._send, data)
        else:
            self._send(data)

    def _send(self, data: bytes) -> None:
        self._model.in_flight -= 1
        self._model.account.last_at = asyncio.get_running_loop().time()
        if self._transport is not None:
            self._transport.write(data)


class LoopbackServer:
    """The server in a thread of this process.

    Args:
        model: Answers.

    Attributes:
        base_url: For ``OPENAI_BASE_URL``.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.base_url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._done: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> LoopbackServer:
        self._thread.start()
        self._ready.wait(10.0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._done is not None:
            self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(5.0)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._done = asyncio.Event()
        server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self.model), "127.0.0.1", 0, backlog=1024
        )
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._done.wait()
        server.close()


def main(arguments: list[str]) -> None:
    """Serve in this process until standard input ends."""
    knobs = json.loads(arguments[0]) if arguments else {}
    with LoopbackServer(Model(**knobs)) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
