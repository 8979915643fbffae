"""Codex rollouts: records in envelopes, most texts twice, and token counts that only grow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tract_nb.model.event import Event, EventKind, Usage
from tract_nb.trace.formats.chat_events import ChatEvents, Spot
from tract_nb.trace.formats.claude_blocks import is_typed
from tract_nb.trace.formats.codex_layout import Child, children, read_metadata
from tract_nb.trace.formats.messages import Part, message_parts
from tract_nb.trace.formats.openai_chat import line_value
from tract_nb.trace.formats.reported import reported_usage
from tract_nb.trace.formats.single import spoken
from tract_nb.trace.head import Head
from tract_nb.trace.json_lines import LongLine, lines_of, loads, utc
from tract_nb.trace.notes import Notes

#: records in envelopes
_ENVELOPES = {"session_meta", "turn_context", "response_item", "event_msg", "compacted"}
#: records of old files, which stand bare
_BARE = {"message", "reasoning", "function_call", "function_call_output", "local_shell_call"}
#: texts for display that repeat an item's: what they are, and where the text stands
_REPEATED = {
    "user_message": ("user", "message"),
    "agent_message": ("assistant", "message"),
    "agent_reasoning": ("reasoning", "text"),
}
_ANSWERS = {"function_call_output", "custom_tool_call_output"}
#: what the harness says in a user's name
_HARNESS = (
    *("<environment_context>", "<user_instructions>", "<INSTRUCTIONS>", "# AGENTS.md instructions"),
    *("<turn_aborted>", "<permissions instructions>", "<skill>", "<user_shell_command>", "<subagent_"),
)
_HELD = 200  # records held back at most until it is known what belongs to them
_EXIT_CODE = re.compile(r"(?:Exit code: |Process exited with code )(-?\d+)\b")
_SNAPSHOTS = {"ghost_snapshot", "compaction", "compaction_summary"}
_NAMED_WITHIN = 2000  # characters of a result that may name the subagent it is about
_NO_SUMMARY = "[the conversation was compacted here; the trace holds no summary]"


def why(head: Head) -> str | None:
    """Tell by what a file is a rollout."""
    for number, record in enumerate(head.records or [head.members], 1):
        if (
            "payload" in record
            and "type" in record
            and (record["type"] in list(_ENVELOPES) or "timestamp" in record)
        ):
            return f"record {number} is an envelope of type {str(record['type'])[:40]!r}"
    first = head.records[0] if head.records else {}
    if "id" in first and "timestamp" in first and ("instructions" in first or "git" in first):
        bare = next((one["type"] for one in head.records[1:] if one.get("type") in list(_BARE)), None)
        if bare is not None or len(head.records) == 1:
            return "its first record has an id, a time and instructions, as rollouts without envelopes do"
    return None


def _is_typed(text: str) -> bool:
    return is_typed(text) and not text.lstrip().startswith(_HARNESS)


class Rollout:
    """A rollout, and those of the subagents it started.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """

    format = "codex"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata = read_metadata(path)
        self.session_id = str(self.metadata.get("session_id") or path.stem)
        self._children = {child.id: child for child in children(path, self.metadata)}

    @property
    def beside(self) -> tuple[Path, ...]:
        """The subagents' files."""
        return tuple(child.path for child in self._children.values())

    def events(self, notes: Notes) -> Iterator[Event]:
        """Yield the main conversation, then the subagents'."""
        for child in self._children.values():
            notes.agent(child.id).type = child.kind
        yield from Records(self.path, notes, None, tuple(self._children.values()))
        for child in self._children.values():
            yield from Records(child.path, notes, child.id)

    def agent_events(self, agent: str) -> Iterator[Event]:
        """Yield the events of one subagent."""
        child = self._children.get(agent)
        return iter(Records(child.path, Notes(), agent)) if child is not None else iter(())

    def agent_text(self, agent: str, notes: Notes) -> str:  # noqa: ARG002  every format has the same
        """Return a subagent's conversation as text."""
        return "\n\n".join(spoken(event) for event in self.agent_events(agent))


class Held(NamedTuple):
    """What a record says, held back until it is known what belongs to it."""

    parts: list[Part]
    spot: Spot
    sign: int | None = None  # of a text for display, until an item says the same

    @property
    def own(self) -> bool:
        """It is the model's, and part of a reply."""
        return bool(self.parts) and self.parts[0].role == "assistant"


class Records:
    """One pass over one file.

    A text stands in an item, which the model saw, and in a message for display, in either order; and
    what a reply took is said behind it. So both are held back for a few records.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    notes : Notes
        Where everything that yields no event is counted.
    agent : str or None
        Whose events these are.
    started : tuple of Child
        The subagents that this conversation started.
    """

    def __init__(
        self, path: Path, notes: Notes, agent: str | None = None, started: tuple[Child, ...] = ()
    ) -> None:
        self.path = path
        self.notes = notes
        self._chat = ChatEvents(notes, agent, _is_typed)
        self._started = list(started)
        self._held: list[Held] = []
        self._said: Counter[int] = Counter()  # texts of items whose display is still to come
        self._model: str | None = None
        self._total: Any = None
        self._replies = 0
        self._prefix = f"{agent}-" if agent else ""

    def __iter__(self) -> Iterator[Event]:
        """Yield the events of the file, line by line."""
        offset = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(lines_of(file), 1):
                record = line_value(line, number, self.path.name, self.notes)
                if type(record) is dict:
                    spot = Spot(f"{self._prefix}r{number}", number, offset, utc(record.get("timestamp")))
                    yield from self._record(record, spot._replace(model=self._model))
                elif record is not None:
                    self.notes.bad_line(self.path.name, number, "record of an unknown shape")
                offset += line.length if type(line) is LongLine else len(line)
        yield from self._release()
        self.notes.unanswered += self._chat.unanswered()

    def _record(self, record: dict[str, Any], spot: Spot) -> Iterator[Event]:
        """Yield what is ready once a record is known."""
        kind, payload = record.get("type"), record.get("payload")
        if type(payload) is not dict:
            kind, payload = ("response_item", record) if kind in list(_BARE) else (kind, {})
        said = str(payload.get("type"))
        if kind == "response_item" and said not in _SNAPSHOTS:
            yield from self._item(payload, spot)
        elif kind == "event_msg" and said in _REPEATED:
            yield from self._display(payload, *_REPEATED[said], spot)
        elif kind == "event_msg" and said == "token_count":
            yield from self._tokens(payload)
        elif kind == "event_msg" and said == "entered_review_mode":
            yield from self._release()
            yield from self._review(payload, spot)
        elif kind == "compacted":
            yield from self._release()
            text = payload.get("message")
            summary = text if type(text) is str and text.strip() else _NO_SUMMARY
            yield from self._chat.add([Part("compaction", "user", summary)], spot)
        else:
            if kind == "turn_context" and type(payload.get("model")) is str:
                self._model = payload["model"]
            name = " ".join(str(word) for word in (kind, payload.get("type")) if word is not None)
            self.notes.skipped[name[:60] or "record without a type"] += 1

    def _item(self, item: dict[str, Any], spot: Spot) -> Iterator[Event]:
        """Take in what the model saw."""
        parts = message_parts(item, self.notes)
        if item.get("type") in list(_ANSWERS):
            parts = [part._replace(is_error=part.is_error or _failed(part.text)) for part in parts]
            self._link(parts)
        for sign in _signs(item, parts):
            shown = next((held for held in self._held if held.sign == sign), None)
            if shown is not None:
                self._held.remove(shown)
            else:
                self._said[sign] += 1
        if parts:
            yield from self._hold(Held(parts, spot))

    def _display(self, payload: dict[str, Any], whose: str, key: str, spot: Spot) -> Iterator[Event]:
        """Take in a text for display: it counts where no item says the same."""
        text = payload.get(key)
        if type(text) is not str or not text.strip():
            self.notes.skipped["empty text"] += 1
            return
        sign = hash((whose, text.strip()))
        if self._said[sign] > 0:
            self._said[sign] -= 1
            return
        kind: EventKind = "reasoning" if whose == "reasoning" else "message"
        role = "user" if whose == "user" else "assistant"
        yield from self._hold(Held([Part(kind, role, text)], spot, sign))

    def _hold(self, new: Held) -> Iterator[Event]:
        """Hold something back; let go of what is complete with it."""
        answered = bool(self._held) and self._held[-1].parts[0].kind == "tool_result"
        is_result = new.parts[0].kind == "tool_result"
        # a reply ends with what comes from outside, and what it called for comes before the next one
        if (new.own and answered) or not (new.own or is_result) or len(self._held) >= _HELD:
            yield from self._release()
        self._held.append(new)
        if new.sign is None and not any(held.own for held in self._held):
            yield from self._release()

    def _release(self, usage: Usage | None = None) -> Iterator[Event]:
        """Yield what is held back, the model's as one reply where its tokens are known."""
        self._replies += usage is not None
        held_back, self._held = self._held, []
        for held in held_back:
            spot = held.spot
            if held.own and usage is not None:
                spot = spot._replace(usage=usage, message_id=f"{self._prefix}reply-{self._replies}")
            yield from self._chat.add(held.parts, spot)

    def _tokens(self, payload: dict[str, Any]) -> Iterator[Event]:
        """Take in a count: one that did not grow is the one before, said again."""
        info = payload.get("info")
        total = info.get("total_token_usage") if type(info) is dict else None
        if type(info) is not dict or total is None or total == self._total:
            self.notes.skipped["token_count without news"] += 1
            return
        before, self._total = self._total, total
        usage = reported_usage(info.get("last_token_usage") or _grown(before, total), self.notes)
        if any(held.own for held in self._held):
            yield from self._release(usage)
        else:
            self.notes.skipped["token_count of no reply"] += 1

    def _review(self, payload: dict[str, Any], spot: Spot) -> Iterator[Event]:
        """Yield the beginning of a review, which a subagent of its own does."""
        hint = payload.get("user_facing_hint") or payload.get("prompt") or "review"
        events = self._chat.add([Part("other", "user", f"[review: {hint}]", "review")], spot)
        child = next((child for child in self._started if child.began_with(spot.time)), None)
        if child is not None:
            self._started.remove(child)
            facts = self.notes.agent(child.id)
            facts.event, facts.description = events[0].id, str(hint)
        yield from events

    def _link(self, parts: list[Part]) -> None:
        """Note which subagent a call started, where its result names it."""
        for part in parts:
            for child in self._started:
                if child.id in part.text[:_NAMED_WITHIN]:
                    facts = self.notes.agent(child.id)
                    facts.call_id = facts.call_id or part.call_id


def _signs(item: dict[str, Any], parts: list[Part]) -> list[int]:
    """Return the signs of an item's texts, by which their display is known; a thought has several."""
    if item.get("type") == "reasoning":
        listed = [
            block for key in ("summary", "content") if type(item.get(key)) is list for block in item[key]
        ]
        texts = [block.get("text") for block in listed if type(block) is dict]
        return [hash(("reasoning", text.strip())) for text in texts if type(text) is str and text.strip()]
    return [hash((part.role, part.text.strip())) for part in parts if part.kind == "message"]


def _grown(before: Any, total: Any) -> dict[str, Any]:
    """Return by how much the counts grew, for versions that only write the sum."""
    if type(total) is not dict:
        return {}
    old = before if type(before) is dict else {}
    return {
        key: value - old.get(key, 0)
        for key, value in total.items()
        if type(value) is int and type(old.get(key, 0)) is int
    }


def _failed(text: str) -> bool:
    """Tell by a result's own words whether its command failed."""
    found = _EXIT_CODE.search(text[:300])
    if found is None and text.startswith("{"):
        try:
            value, _ = loads(text.encode("utf-8", "surrogatepass"))
        except ValueError:
            value = None
        facts = value.get("metadata") if type(value) is dict else None
        code = facts.get("exit_code") if type(facts) is dict else None
        return type(code) is int and code != 0
    return found is not None and int(found[1]) != 0
