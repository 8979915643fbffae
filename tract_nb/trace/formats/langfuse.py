"""Langfuse exports: observations in any order, JSON inside of strings, each call with all that was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from tract_nb.model.event import Event
from tract_nb.trace.formats.chat_events import ChatEvents, Spot
from tract_nb.trace.formats.langfuse_chat import answer_text, called_with, chat_form, unnested
from tract_nb.trace.formats.messages import Part
from tract_nb.trace.formats.reported import reported_cost, reported_usage
from tract_nb.trace.formats.single import Single, note_end, piece_value
from tract_nb.trace.head import Head, head_of
from tract_nb.trace.json_lines import dumps, loads_record, utc
from tract_nb.trace.json_stream import JSONError, Piece, pieces
from tract_nb.trace.notes import Notes

_FACTS = ("id", "name", "timestamp", "sessionId", "userId", "release", "environment")
_FIRST = datetime.min.replace(tzinfo=UTC)


def why(head: Head) -> str | None:
    """Tell by what a file is an export of Langfuse's."""
    said = head.members.get("trace")
    if type(said) is dict and (
        "observations" in head.members or "projectId" in said or "observations" in said
    ):
        return "a trace and its observations"
    return None


class Step(NamedTuple):
    """Where an observation stands: what is kept of it until its turn comes."""

    id: str
    type: str
    parent: str | None
    start: datetime
    end: datetime
    line: int
    offset: int
    size: int


class Export(Single):
    """An export of one trace.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """

    format = "langfuse"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        said = Head(path, head_of(path)).members.get("trace")
        facts = said if type(said) is dict else {}
        self.metadata = {key: facts[key] for key in _FACTS if type(facts.get(key)) is str}
        self.session_id = self.metadata.get("id") or self.session_id

    def events(self, notes: Notes) -> Iterator[Event]:
        """Yield the conversation that the observations add up to, in the order of time."""
        steps, answered = self._look(notes)
        with self.path.open("rb") as file:
            yield from Conversation(file, self.path.name, steps, answered, notes)

    def _look(self, notes: Notes) -> tuple[list[Step], set[str]]:
        """Return where the observations stand, and which calls have a result in what a model was sent."""
        steps: list[Step] = []
        answered: set[str] = set()
        try:
            with self.path.open("rb") as file:
                for piece in pieces(file, {"observations": {"*": None}}):
                    value = piece_value(piece, self.path.name, notes)
                    if type(value) is not dict:
                        notes.skipped["observation of an unknown shape"] += 1
                        continue
                    steps.append(_step(value, piece, len(steps)))
                    if value.get("type") == "GENERATION":
                        parts = [
                            part
                            for said in chat_form(value.get("input"), notes=Notes())
                            for part in said.parts
                        ]
                        answered |= {
                            part.call_id for part in parts if part.kind == "tool_result" and part.call_id
                        }
        except JSONError as error:
            note_end(error, self.path.name, notes)
        return steps, answered


def _step(value: dict[str, Any], piece: Piece, number: int) -> Step:
    start = utc(value.get("startTime")) or _FIRST
    parent = value.get("parentObservationId")
    return Step(
        str(value.get("id") or f"observation-{number}"), str(value.get("type")),
        parent if type(parent) is str else None, start, utc(value.get("endTime")) or start,
        piece.line, piece.offset, len(piece.data or b""),
    )  # fmt: skip


class Conversation:
    """One reading of the observations.

    A call of a model was sent all that was said before; what is new in it, and its answer, go on with
    the conversation. Tools' observations answer calls where no later one was sent their result, and of
    the others only what nobody else said counts: the final answer of some frameworks.

    Parameters
    ----------
    file : BinaryIO
        The export.
    name : str
        The file's name.
    steps : list of Step
        The observations.
    answered : set of str
        The calls whose result a model was sent.
    notes : Notes
        Where everything that yields no event is counted.
    """

    def __init__(
        self, file: BinaryIO, name: str, steps: list[Step], answered: set[str], notes: Notes
    ) -> None:
        self._file = file
        self._name = name
        self._steps = steps
        self._answered = answered
        self._notes = notes
        self._chat = ChatEvents(notes)
        self._said: Counter[int] = Counter()
        self._open: list[Part] = []  # calls without a result
        self._last: int | None = None
        self._kinds = {step.id: step.type for step in steps}
        # where calls of a model are told, the whole's input only adds the system text they may lack
        self._from_root = "system" if "GENERATION" in self._kinds.values() else None

    def __iter__(self) -> Iterator[Event]:
        """Yield the events."""
        turns: list[tuple[datetime, int, bool, Step]] = []
        for number, step in enumerate(self._steps):
            if step.type == "GENERATION":
                turns.append((step.start, number, False, step))
                continue
            if step.parent is None or step.parent not in self._kinds:
                turns.append((step.start, -1, False, step))
            turns.append((step.end, number, True, step))
        for _, _, at_end, step in sorted(turns, key=lambda turn: turn[:3]):
            self._file.seek(step.offset)
            value, _ = loads_record(self._file.read(step.size))
            if step.type == "GENERATION":
                yield from self._generation(value, step)
            elif not at_end:
                yield from self._heard(value.get("input"), step, only=self._from_root)
            elif step.type == "TOOL":
                yield from self._tool(value, step)
            else:
                self._notes.skipped[f"{step.type} observation"] += 1
                yield from self._answer(value, step)
        self._notes.unanswered += self._chat.unanswered()

    def _spot(self, step: Step, side: str, time: datetime) -> Spot:
        known = time if time != _FIRST else None
        return Spot(f"{step.id}-{side}", step.line, step.offset, known)

    def _add(self, parts: list[Part], spot: Spot) -> Iterator[Event]:
        for part in parts:
            self._said[_sign(part)] += 1
            self._last = _sign(part)
            if part.kind == "tool_call":
                self._open.append(part)
            elif part.kind == "tool_result":
                self._open = [call for call in self._open if call.call_id != part.call_id]
        yield from self._chat.add(parts, spot)

    def _heard(self, given: Any, step: Step, only: str | None = None) -> Iterator[Event]:
        """Yield of what was sent what was not said before; ``only`` what has this role."""
        here: Counter[int] = Counter()
        for number, message in enumerate(chat_form(given, notes=self._notes)):
            new = []
            for part in message.parts if message.role is not None and only in (None, message.role) else ():
                here[_sign(part)] += 1
                if here[_sign(part)] > self._said[_sign(part)]:
                    new.append(part)
            if new:
                yield from self._add(new, self._spot(step, f"in-{number}", step.start))

    def _generation(self, value: dict[str, Any], step: Step) -> Iterator[Event]:
        """Yield what a call of a model was sent that is new, and what it answered."""
        given = unnested(value.get("output"))
        if type(given) is dict and type(given.get("instructions")) is str:
            yield from self._heard([{"role": "system", "content": given["instructions"]}], step)
        yield from self._heard(value.get("input"), step)
        if step.parent is not None and self._kinds.get(step.parent) == "GENERATION":
            return  # the same call, told twice
        parts = [part for said in chat_form(given, notes=self._notes, output=True) for part in said.parts]
        new = [
            part
            for part in parts
            if part.kind != "tool_call" or not part.call_id or not self._said[_sign(part)]
        ]
        model = value.get("model")
        usage = reported_usage(value.get("usageDetails") or value.get("usage"), self._notes)
        if usage is None:
            usage = reported_usage(
                {"input": value.get("inputUsage"), "output": value.get("outputUsage")}, self._notes
            )
        if usage is not None and usage.total_tokens == 0:
            usage = None  # written where nothing was counted
        if usage is not None and not new:
            new = [Part("other", "assistant", f"[generation: {value.get('name')}]")]
        spot = self._spot(step, "out", step.end)._replace(
            usage=usage,
            message_id=step.id if usage is not None else None,
            model=model if type(model) is str else None,
            cost=reported_cost(value.get("totalCost") or value.get("calculatedTotalCost")),
        )
        yield from self._add(new, spot)

    def _tool(self, value: dict[str, Any], step: Step) -> Iterator[Event]:
        """Yield a tool's result, unless a model was sent it later; and its call, where nobody told it."""
        name, given = str(value.get("name") or "tool"), unnested(value.get("input"))
        call = called_with(self._open, name, given)
        if call is None:
            arguments = given if type(given) is dict else {"input": given}
            call = Part("tool_call", "assistant", dumps(arguments), name, step.id, arguments)
            yield from self._add([call], self._spot(step, "call", step.start))
        elif call.call_id in self._answered:
            return
        failed = value.get("level") == "ERROR"
        text = answer_text(value.get("output"), self._notes) or (
            str(value.get("statusMessage") or "") if failed else ""
        )
        result = Part("tool_result", "tool", text, name, call.call_id, None, failed)
        yield from self._add([result], self._spot(step, "result", step.end))

    def _answer(self, value: dict[str, Any], step: Step) -> Iterator[Event]:
        """Yield what an agent or a chain answered, where no model was heard to say it."""
        new = [
            part
            for said in chat_form(value.get("output"), notes=Notes(), output=True)
            if said.role == "assistant"
            for part in said.parts
            if part.kind == "message" and not self._said[_sign(part)]
        ]
        if new:
            yield from self._add(new, self._spot(step, "out", step.end))


def _sign(part: Part) -> int:
    """Return what two parts share that are the same, told twice."""
    if part.kind in ("tool_call", "tool_result") and part.call_id:
        return hash((part.kind, part.call_id))
    return hash((part.kind, part.role, part.name, part.text.strip()))
