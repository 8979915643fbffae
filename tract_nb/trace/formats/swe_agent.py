"""SWE-agent trajectories: what was said is the history; the steps repeat it, some of them all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tract_nb.model.event import Event
from tract_nb.trace.formats.chat_events import ChatEvents, Spot
from tract_nb.trace.formats.messages import Part, message_parts
from tract_nb.trace.formats.single import Single, note_end, piece_value
from tract_nb.trace.head import Head, head_of
from tract_nb.trace.json_lines import dumps
from tract_nb.trace.json_stream import JSONError, Wanted, pieces
from tract_nb.trace.notes import Notes

#: of a step what says something, and not the history that some versions repeat in it
_STEP: Wanted = dict.fromkeys(("action", "observation", "response", "thought"))
_FACTS: Wanted = {
    "environment": None,
    "info": dict.fromkeys(("exit_status", "model_stats")),
    "history": {"*": dict.fromkeys(("role",))},
    "trajectory": {"*": {"observation": None}},
}
_SHELL = "bash"


def why(head: Head) -> str | None:
    """Tell by what a file is a trajectory."""
    history, steps = head.members.get("history"), head.members.get("trajectory")
    if type(steps) is list and steps and type(steps[0]) is dict and "action" in steps[0]:
        return "its trajectory has steps with actions"
    first = history[0] if type(history) is list and history else None
    if type(first) is dict and "role" in first and ("agent" in first or "message_type" in first):
        return "its history has messages that name their agent"
    return None


class Trajectory(Single):
    """A trajectory.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """

    format = "swe_agent"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        members = Head(path, head_of(path)).members
        self.metadata = {"instance": path.stem}
        if type(members.get("environment")) is str:
            self.metadata["environment"] = members["environment"]

    def events(self, notes: Notes) -> Iterator[Event]:
        """Yield the history; the steps where a file has no history."""
        chat = ChatEvents(notes)
        try:
            has_history, last = self._look(notes)
            said = self._history(notes, last) if has_history else self._steps(notes)
            for parts, spot in said:
                yield from chat.add(parts, spot)
        except JSONError as error:
            note_end(error, self.path.name, notes)
        notes.unanswered += chat.unanswered()

    def _look(self, notes: Notes) -> tuple[bool, str | None]:
        """Tell whether there is a history, and what the last step gave, which the history may lack."""
        has_history, last = False, None
        try:
            with self.path.open("rb") as file:
                for piece in pieces(file, _FACTS):
                    if piece.path[0] == "history":
                        has_history = True
                    elif piece.path[0] == "trajectory":
                        value = piece_value(piece, self.path.name, Notes())
                        last = value if type(value) is str else None
                    elif piece.path[0] == "info":
                        self.metadata[str(piece.path[-1])] = piece_value(piece, self.path.name, notes)
        except JSONError:
            if not has_history and last is None:
                raise  # noted where it is read
        return has_history, last

    def _history(self, notes: Notes, last: str | None) -> Iterator[tuple[list[Part], Spot]]:
        """Yield the messages; an action that has no call of its own becomes one."""
        asked: str | None = None
        number, spot = 0, Spot("m0")
        with self.path.open("rb") as file:
            for piece in pieces(file, {"history": {"*": None}}):
                message = piece_value(piece, self.path.name, notes)
                if type(message) is not dict:
                    continue
                number += 1
                spot = Spot(f"m{number}", piece.line, piece.offset)
                action = message.get("action")
                if (
                    message.get("role") == "assistant"
                    and type(action) is str
                    and not message.get("tool_calls")
                ):
                    asked = f"step-{number}" if action.strip() else None
                    yield _acted(message.get("thought", message.get("content")), action, asked), spot
                elif message.get("role") == "user" and asked is not None:
                    yield _observed(message.get("content"), asked), spot
                    asked = None
                else:
                    yield message_parts(message, notes), spot
                    asked = None
        if asked is not None and last is not None:
            yield _observed(last, asked), spot._replace(id=f"m{number + 1}")

    def _steps(self, notes: Notes) -> Iterator[tuple[list[Part], Spot]]:
        """Yield the steps."""
        step: dict[str, Any] = {}
        number: int | str = 0
        spot = Spot("step-0")
        with self.path.open("rb") as file:
            for piece in pieces(file, {"trajectory": {"*": _STEP}}):
                if piece.path[1] != number:
                    yield from _stepped(step, spot)
                    step, number = {}, piece.path[1]
                if not step:
                    spot = Spot(f"step-{number}", piece.line, piece.offset)
                step[str(piece.path[2])] = piece_value(piece, self.path.name, notes)
        yield from _stepped(step, spot)


def _stepped(step: dict[str, Any], spot: Spot) -> Iterator[tuple[list[Part], Spot]]:
    if step:
        action = step.get("action")
        asked = f"{spot.id}-call" if type(action) is str and action.strip() else None
        yield _acted(step.get("thought") or step.get("response"), action or "", asked), spot
        if asked is not None and step.get("observation") is not None:
            yield _observed(step["observation"], asked), spot._replace(id=f"{spot.id}-result")


def _acted(thought: Any, action: str, call_id: str | None) -> list[Part]:
    said = [Part("message", "assistant", thought)] if type(thought) is str and thought.strip() else []
    if call_id is not None:
        given = {"command": action}
        said.append(Part("tool_call", "assistant", dumps(given), _SHELL, call_id, given))
    return said


def _observed(content: Any, call_id: str) -> list[Part]:
    text = content if type(content) is str else "" if content is None else dumps(content)
    return [Part("tool_result", "tool", text, _SHELL, call_id)]
