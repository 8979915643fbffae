"""A small OpenAI-compatible server on loopback, which does what a test tells it to."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "gpt-4o-mini"
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 5,
    "total_tokens": 25,
    "prompt_tokens_details": {"cached_tokens": 8},
}


@dataclass
class Seen:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["messages"]
        return found


@dataclass
class Script:
    """What the server does with a request."""

    text: str = "Hello there"
    calls: tuple[tuple[str, str, str], ...] = ()  # id, name, arguments
    usage: dict[str, Any] | None = field(default_factory=lambda: dict(USAGE))
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: str = "it does not work"
    raw: bytes | None = None  # the body as it stands, of whatever kind
    cut_after: int | None = None  # pieces, then the connection breaks
    garbage_after: int | None = None  # pieces, then a line that is no JSON
    hang_after: int | None = None  # pieces, then nothing until the test lets go; -1: before the headers
    finish: str | None = None
    reasoning: str = ""
    echoes_key: bool = False


class ModelServer:
    """Serves scripts in order, then the last one for ever."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.scripts: deque[Script] = deque()
        self.answer: Callable[[Seen], Script] | None = None
        self.reached = threading.Event()  # a request hangs
        self.released = threading.Event()  # and may go on
        self.hung_up = threading.Event()  # the client closed a connection that hung
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def say(self, *scripts: Script | str) -> None:
        self.scripts.extend(Script(item) if isinstance(item, str) else item for item in scripts)

    def script(self, seen: Seen) -> Script:
        if self.answer is not None:
            return self.answer(seen)
        if len(self.scripts) > 1:
            return self.scripts.popleft()
        return self.scripts[0] if self.scripts else Script()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        owner = self.server.owner
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen = Seen(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        script = owner.script(seen)
        owner.seen.append(seen)
        if script.hang_after == -1:
            self._hang()
        if script.raw is not None:
            self._send(script.status, script.raw, script.headers)
        elif script.status != 200:
            said = f"{script.error} {self.headers['Authorization']}" if script.echoes_key else script.error
            fault = {"error": {"message": said, "type": "fault", "code": None}}
            self._send(script.status, json.dumps(fault).encode(), script.headers)
        elif body.get("stream"):
            self._stream(script, body)
        else:
            self._send(200, json.dumps(whole(script, body["model"])).encode(), script.headers)

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, script: Script, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for place, chunk in enumerate(chunks(script, body)):
            if place == script.hang_after:
                self._hang()
            if place == script.garbage_after:
                self._put("{no json")
            if place == script.cut_after:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._put(json.dumps(chunk))
        self._put("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _put(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _hang(self) -> None:
        """Wait until the test lets go, or the client hangs up."""
        owner = self.server.owner
        owner.reached.set()
        self.connection.settimeout(0.02)
        while not owner.released.is_set():
            try:
                if not self.connection.recv(1):
                    owner.hung_up.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                owner.hung_up.set()
                return
        self.connection.settimeout(None)


def whole(script: Script, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": script.text or None}
    if script.reasoning:
        message["reasoning_content"] = script.reasoning
    if script.calls:
        message["tool_calls"] = [
            {"id": id_, "type": "function", "function": {"name": name, "arguments": given}}
            for id_, name, given in script.calls
        ]
    finish = script.finish or ("tool_calls" if script.calls else "stop")
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
    }
    return answer if script.usage is None else answer | {"usage": script.usage}


def chunks(script: Script, body: dict[str, Any]) -> Iterable[dict[str, Any]]:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    if script.reasoning:
        yield chunk({"role": "assistant", "reasoning_content": script.reasoning})
    for start in range(0, len(script.text), 4):
        yield chunk({"role": "assistant", "content": script.text[start : start + 4]})
    for index, (id_, name, given) in enumerate(script.calls):
        named = {"index": index, "id": id_, "type": "function", "function": {"name": name, "arguments": ""}}
        yield chunk({"tool_calls": [named]})
        for start in range(0, len(given), 5):
            yield chunk(
                {"tool_calls": [{"index": index, "function": {"arguments": given[start : start + 5]}}]}
            )
    yield chunk({}, script.finish or ("tool_calls" if script.calls else "stop"))
    if script.usage is not None and (body.get("stream_options") or {}).get("include_usage"):
        yield base | {"choices": [], "usage": script.usage}
