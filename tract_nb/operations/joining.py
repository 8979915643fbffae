"""Joining two histories: planning it, showing what is asked, and writing what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tract_nb.engine.merging import Merging
from tract_nb.engine.questions import (
    COVERED,
    PRIORITY,
    RESULTS,
    RETIRED_COVER,
    SKIPPED,
    SUMMARIES,
    TEXT,
    Decided,
    Plan,
    Question,
)
from tract_nb.engine.sides import RETIRED, value
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import HASH_SHOWN, Kind, Priority, Row
from tract_nb.model.conflict import Conflict, Decision
from tract_nb.model.content import Content
from tract_nb.operations import present
from tract_nb.operations.edit import content_of
from tract_nb.operations.transaction import Transaction
from tract_nb.operations.workspace import Workspace

ASKED = {
    TEXT: "Both sides changed this text.",
    PRIORITY: "Both sides changed this priority.",
    RETIRED_COVER: "{shows} changed the summary that {hides} took back.",
    COVERED: "{shows} changed or restored what {hides} summarised.",
    SUMMARIES: "Both sides summarised some of the same units.",
    RESULTS: "Both sides answered this call.",
}
NOT_SHOWN = {int(Priority.SKIP): "[skipped]", RETIRED: "[taken back]"}


class Joint(NamedTuple):
    """Two histories, and what joining them would do by the answers so far."""

    merging: Merging
    plan: Plan

    @property
    def unanswered(self) -> list[Question]:
        """What nobody has decided."""
        return [one for one in self.plan.questions if one.key not in self.merging.answers]


def joint(
    ws: Workspace, one: Snapshot, two: Snapshot, answers: Mapping[str, Decision], *, ours: int = 0
) -> Joint:
    """Plan the joining of two histories, read in this order."""

    def texts(rows: Iterable[Row]) -> dict[int, str]:
        found = present.contents(ws, list(rows))
        return {number: content.unit_text for number, content in found.items()}

    merging = Merging(one, two, texts, answers, ours=ours)
    return Joint(merging, merging.plan())


# -- what is asked --------------------------------------------------------------------------------


def conflicts(
    ws: Workspace,
    joint: Joint,
    answers: Mapping[str, Decision],
    proposals: Mapping[str, Decision] | None = None,
) -> tuple[Conflict, ...]:
    """Return the questions of a plan as a person sees them."""
    questions = joint.plan.questions
    if not questions:
        return ()
    shown = _Shown(ws, joint.merging, questions)
    return tuple(
        shown.conflict(one, answers.get(one.key), (proposals or {}).get(one.key)) for one in questions
    )


class _Shown:
    """Shows questions: all their texts are read at once."""

    def __init__(self, ws: Workspace, merging: Merging, questions: Sequence[Question]) -> None:
        self.merging = merging
        rows = [
            row
            for question in questions
            for side in (0, 1)
            for unit in question.units[side]
            for row in (merging.sides[side].text(unit), *self._base_rows(question))
            if row is not None
        ]
        self.contents = present.contents(ws, rows)

    def _base_rows(self, question: Question) -> list[Row | None]:
        if question.kind in (SUMMARIES, RESULTS):
            return []
        units = question.units[question.shows or 0]
        return [self.merging.base_text(unit) for unit in units]

    def conflict(self, question: Question, answer: Decision | None, proposal: Decision | None) -> Conflict:
        found = self.merging.history.find(question.subject)
        assert found is not None
        ours = self.merging.ours
        sides = [self._side(question, side) for side in (ours, 1 - ours)]
        return Conflict(
            key=question.key,
            kind=question.kind,
            question=self._asked(question, is_call=found.row.is_call),
            commit=found.row.hash.hex(),
            role=found.row.role or "",
            type=found.row.type or "",
            base=self._base(question, found.row),
            ours=sides[0],
            theirs=sides[1],
            units=tuple(
                unit.row.hash.hex()
                for identity in dict.fromkeys((*question.units[ours], *question.units[1 - ours]))
                if (unit := self.merging.history.find(identity))
            ),
            choices=question.choices,
            proposal=proposal,
            answer=answer,
        )

    def _asked(self, question: Question, *, is_call: bool) -> str:
        names = ("ours", "theirs") if self.merging.ours == 0 else ("theirs", "ours")
        shows = question.shows or 0
        if question.kind == SKIPPED:
            what = "edited or answered" if is_call else "edited"
            return f"{names[shows].capitalize()} {what} what {names[1 - shows]} skipped."
        return ASKED[question.kind].format(shows=names[shows].capitalize(), hides=names[1 - shows])

    def _said(self, rows: Iterable[Row | None]) -> str:
        return "\n\n".join(
            self.contents[row.blob].unit_text for row in rows if row is not None and row.blob is not None
        )

    def _side(self, question: Question, side: int) -> str:
        merging, units = self.merging, question.units[side]
        if question.kind == PRIORITY:
            found = merging.history.find(question.subject)
            assert found is not None
            return _named(merging.sides[side].priority(question.subject, found.row))
        if question.kind in (SKIPPED, RETIRED_COVER) and side != question.shows:
            return NOT_SHOWN[RETIRED if question.kind == RETIRED_COVER else int(Priority.SKIP)]
        return self._said(merging.sides[side].text(unit) for unit in units)

    def _base(self, question: Question, row: Row) -> str:
        if question.kind == PRIORITY:
            bases = [base for base in self.merging.bases if question.subject in base.units]
            return _named(value(row, bases[0].marks.get(question.subject))) if bases else ""
        return self._said(self._base_rows(question))


def _named(priority: int | None) -> str:
    if priority is None:
        return ""
    return NOT_SHOWN[RETIRED] if priority == RETIRED else Priority(priority).name


WARNINGS = {
    "instructions": "both sides added instructions: {one} and {two} now stand together",
    "replied": "{one} was edited on one side; {two} on the other replied to its earlier text",
    "summarised": "{one} was skipped on one side; the summary {two} of the other was written with it",
}


def warnings(plan: Plan) -> tuple[str, ...]:
    """Return what is no conflict and still worth a look."""

    def short(unit: bytes) -> str:
        found = plan.history.find(unit)
        return (found.row.hash if found else unit).hex()[:HASH_SHOWN]

    return tuple(WARNINGS[what].format(one=short(one), two=short(two)) for what, one, two in plan.warnings)


# -- what it makes ----------------------------------------------------------------------------------


def size_after(ws: Workspace, plan: Plan) -> int:
    """Return the size of the context that a plan would make, by what is decided so far."""
    size = plan.state.size
    for one in plan.decided:
        found = plan.state.find(one.unit)
        if one.text is None or found is None or not found.size:
            continue
        tokens = one.text.tokens if isinstance(one.text, Row) else ws.count(one.text)
        size += tokens - found.text.tokens
    return size


def write_decided(
    tx: Transaction, plan: Plan, history: Snapshot, decided: Iterable[Decided]
) -> tuple[list[Row], Snapshot]:
    """Store an EDIT or MARK for each value behind a history; return them and the history with them."""
    rows: list[Row] = []
    for one in decided:
        found = plan.history.find(one.unit)
        assert found is not None
        answer = one.answer or Decision()
        row = tx.put(
            Kind.MARK if one.text is None else Kind.EDIT,
            [history.last],
            content=None if one.text is None else _content(tx.ws, found.row, one.text),
            targets=(one.unit,),
            priority=None if one.priority in (None, RETIRED) else one.priority,
            metadata=answer.metadata,
            generation_config=answer.generation_config,
        )
        history = history.plus(row)
        if history.last.context != row.context:
            row = tx.set_context(row, history.last.context)
        rows.append(row)
    return rows, history


def _content(ws: Workspace, unit: Row, text: Row | str) -> Content:
    return content_of(ws, text) if isinstance(text, Row) else content_of(ws, unit).with_text(text)
