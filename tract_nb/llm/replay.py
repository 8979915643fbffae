"""Replay: a model whose answers are in a file, so that a notebook gives the same at every run."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import orjson

from tract_nb.errors import CallCancelledError, ReplayError
from tract_nb.llm.client import LiteLLM
from tract_nb.llm.secrets import scrubbed, secrets_in
from tract_nb.llm.settings import public
from tract_nb.model.event import Usage
from tract_nb.model.reply import LLM, Cancel, Reply, ToolCall

VARIABLE = "TRACT_NB_REPLAY"
MODES = ("replay", "record")
FORMAT = 1
SHOWN_LINES = 24  # of a difference
LINE_WIDTH = 160
RECORD_ANEW = "Record it anew with a key: set {variable}=record (`make record` does it for the notebooks)."
_PIECES = re.compile(r"\S+\s*|\s+")


class Replay:
    """Answers from a file, by the whole request; or records them there.

    Parameters
    ----------
    path : str or pathlib.Path
        A JSON file, made to be committed and read.
    mode : {"replay", "record"}, optional
        ``replay`` calls nobody: a request that is not in the file is an error. ``record`` asks a model
        and keeps what it says. Without one, the environment's ``TRACT_NB_REPLAY``, else ``replay``.
    llm : LLM, optional
        Who is asked in ``record``; litellm without one.

    Notes
    -----
    A request is its messages and what it is generated with: the model, temperature, tools; neither keys
    nor addresses, time-outs and retries, which are not kept in the file.
    """

    def __init__(
        self,
        path: str | Path,
        mode: Literal["replay", "record"] | None = None,
        *,
        llm: LLM | None = None,
    ) -> None:
        chosen = mode or os.environ.get(VARIABLE) or "replay"
        if chosen not in MODES:
            raise ReplayError(f"Unknown mode {chosen!r} of a replay.", "It is 'replay' or 'record'.")
        self.path = Path(path)
        self.mode = chosen
        self._llm: LLM = LiteLLM() if llm is None else llm
        self._lock = Lock()
        self._kept = self._read()

    def __repr__(self) -> str:
        return f"Replay({self.path.name!r}, {self.mode!r}): {len(self)} answers"

    def __len__(self) -> int:
        return len(self._kept)

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        config: Mapping[str, Any],
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Reply:
        """Return the recorded answer, or ask and record it; see :class:`tract_nb.model.reply.LLM`.

        Raises
        ------
        ReplayError
            If the file has no answer: it shows how the request differs from the nearest recorded one.
        """
        request = scrubbed(
            {"messages": [dict(message) for message in messages], "config": public(config)},
            secrets_in(config),
        )
        key = request_key(request)
        if self.mode == "record":
            reply = self._llm.complete(messages, config, on_text=on_text, cancel=cancel)
            with self._lock:
                self._kept[key] = {
                    "key": key,
                    "request": request,
                    "reply": scrubbed(reply_fields(reply), secrets_in(config)),
                }
                self._write()
            return reply
        found = self._kept.get(key)
        if found is None:
            raise self._missing(request)
        reply = reply_from(found["reply"])
        for piece in _PIECES.findall(reply.text) if on_text else ():
            if cancel is not None and cancel.asked:
                raise CallCancelledError("The replayed call was cancelled.", "Nothing of it was kept.")
            assert on_text is not None
            on_text(piece)
        return reply

    # -- the file ---------------------------------------------------------------------------------

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self.path.exists():
            if self.mode == "record":
                return {}
            raise ReplayError(f"There is no recording {self.path}.", RECORD_ANEW.format(variable=VARIABLE))
        try:
            stored = orjson.loads(self.path.read_bytes())
            if stored["format"] != FORMAT:
                raise ReplayError(
                    f"{self.path} is a recording of format {stored['format']!r}; this reads {FORMAT}.",
                    "Record it anew, or upgrade tract_nb.",
                )
            for entry in stored["answers"]:
                reply_from(entry["reply"])  # what is no reply is told now, not in the middle of a notebook
                lines_of(entry["request"])
            return {entry["key"]: entry for entry in stored["answers"]}
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise ReplayError(
                f"{self.path} is no recording: {error}.", RECORD_ANEW.format(variable=VARIABLE)
            ) from error

    def _write(self) -> None:
        """Write the file whole, so that an interrupt leaves the one before."""
        stored = {"format": FORMAT, "answers": list(self._kept.values())}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.write_bytes(orjson.dumps(stored, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        beside.replace(self.path)

    # -- what is missing --------------------------------------------------------------------------

    def _missing(self, request: Mapping[str, Any]) -> ReplayError:
        """Return the error of a request that was never recorded: what differs from the nearest one."""
        asked = lines_of(request)
        head = f"{self.path} has no answer for this request ({len(self)} recorded)."
        hint = RECORD_ANEW.format(variable=VARIABLE)
        if not self._kept:
            return ReplayError("\n".join([head, *_cut(asked)]), hint)
        nearest = max((lines_of(entry["request"]) for entry in self._kept.values()), key=likeness(asked))
        changes = difflib.unified_diff(nearest, asked, "recorded", "asked", n=1, lineterm="")
        return ReplayError("\n".join([f"{head} The nearest one differs so:", *_cut(list(changes))]), hint)


def request_key(request: Mapping[str, Any]) -> str:
    """Return what a request is kept under: the SHA-256 of all of it."""
    return hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def lines_of(request: Mapping[str, Any]) -> list[str]:
    """Return a request as lines for a person: its config, then its messages."""
    lines = [f"{name}: {_json(value)}" for name, value in sorted(request["config"].items())]
    for message in request["messages"]:
        lines.append(f"## {message.get('role')}")
        for name, value in message.items():
            if name == "content" and isinstance(value, str):
                lines += value.splitlines()
            elif name != "role" and value is not None:
                lines.append(f"{name}: {_json(value)}")
    return lines


def likeness(asked: Sequence[str]) -> Callable[[Sequence[str]], tuple[int, float]]:
    """Return a function that says how like a recorded request is: what it begins with counts most."""
    wanted = set(asked)

    def like(recorded: Sequence[str]) -> tuple[int, float]:
        same = sum(1 for line in recorded if line in wanted)
        matcher = difflib.SequenceMatcher(None, "\n".join(recorded)[:2000], "\n".join(asked)[:2000])
        return same - abs(len(recorded) - len(asked)), matcher.quick_ratio()

    return like


def _cut(lines: list[str]) -> list[str]:
    shown = [
        line if len(line) <= LINE_WIDTH else f"{line[: LINE_WIDTH - 1]}…" for line in lines[:SHOWN_LINES]
    ]
    more = len(lines) - len(shown)
    return [*shown, f"… {more:,} lines more"] if more > 0 else shown


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()


# -- replies as JSON ------------------------------------------------------------------------------


def reply_fields(reply: Reply) -> dict[str, Any]:
    """Return a reply as JSON; what the provider said besides is not kept."""
    fields: dict[str, Any] = {"text": reply.text}
    if reply.tool_calls:
        fields["tool_calls"] = [call._asdict() for call in reply.tool_calls]
    if reply.usage is not None:
        fields["usage"] = reply.usage._asdict()
    others = {
        "cost": reply.cost,
        "model": reply.model,
        "finish": reply.finish,
        "reasoning": reply.reasoning or None,
    }
    return fields | {name: value for name, value in others.items() if value is not None}


def reply_from(fields: Mapping[str, Any]) -> Reply:
    """Return the reply that :func:`reply_fields` gave."""
    usage = fields.get("usage")
    return Reply(
        fields["text"],
        tuple(ToolCall(**call) for call in fields.get("tool_calls", ())),
        None if usage is None else Usage(**usage),
        fields.get("cost"),
        fields.get("model"),
        fields.get("finish"),
        fields.get("reasoning", ""),
    )
