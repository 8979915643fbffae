"""Merging: joining two histories, by the rules and by the answers given so far.

A pure function of both histories and of the answers. The rules are those of docs/design.md, "Merge".
"""

from __future__ import annotations

from collections.abc import Iterator

from tract_nb.engine.hiding import Hiding
from tract_nb.engine.questions import (
    COVERED,
    PRIORITY,
    RESULTS,
    SUMMARIES,
    TEXT,
    Decided,
    Plan,
    Question,
    Text,
)
from tract_nb.engine.sides import RETIRED, value
from tract_nb.model.commit import Kind, Priority, Row
from tract_nb.model.conflict import BASE, BOTH, OURS, THEIRS, Decision


class Merging(Hiding):
    """The decisions about two histories."""

    def plan(self) -> Plan:
        """Decide all that can be decided."""
        self._load()
        self._decide_texts()
        self._decide_priorities()
        while True:
            self._imagine()
            new = [one for one in self.hidden() if one.place not in self.asked]
            for question in new:
                self.asked[question.place] = question
            answered = [one for one in new if one.key in self.answers]
            for question in answered:
                self.settle(question, self.answers[question.key])
            if not answered:
                break
        questions = sorted(self.asked.values(), key=lambda one: self.history.place_of(one.subject))
        return Plan(
            self.history, self.state, tuple(self._decided()), tuple(questions), tuple(self._warnings())
        )

    # -- answers ----------------------------------------------------------------------------------

    def settle(self, question: Question, answer: Decision) -> None:
        """Turn an answer into texts and priorities."""
        side = {OURS: self.ours, THEIRS: 1 - self.ours}.get(answer.choice or "")
        if question.kind == TEXT:
            self._settle_text(question.subject, answer, side)
        elif question.kind == PRIORITY:
            self._settle_priority(question.subject, answer, side)
        elif question.kind in (SUMMARIES, RESULTS):
            self._settle_two(question, answer, side)
        else:
            self._settle_hidden(question, answer, side)

    def _say(self, unit: bytes, answer: Decision, text: Text) -> None:
        self.texts[unit] = text
        self.by[TEXT, unit] = answer

    def _put(self, unit: bytes, answer: Decision, priority: int) -> None:
        self.priorities[unit] = priority
        self.by[PRIORITY, unit] = answer

    def _settle_text(self, unit: bytes, answer: Decision, side: int | None) -> None:
        rows = [side.text(unit) for side in self.sides]
        if side is not None:
            self._say(unit, answer, rows[side] or "")
        elif answer.choice == BOTH:
            said = [self._text(row) for row in (rows[self.ours], rows[1 - self.ours]) if row]
            self._say(unit, answer, "\n\n".join(said))
        elif answer.choice == BASE:
            found = self.history.find(unit)
            assert found is not None
            self._say(unit, answer, self.base_text(unit) or found.row)
        else:
            self._say(unit, answer, answer.text or "")

    def _settle_priority(self, unit: bytes, answer: Decision, side: int | None) -> None:
        found = self.history.find(unit)
        assert found is not None
        values = [one.priority(unit, found.row) or 0 for one in self.sides]
        if side is not None:
            self._put(unit, answer, values[side])
        elif answer.choice == BASE:
            marks = [base.marks.get(unit) for base in self.bases if unit in base.units]
            self._put(unit, answer, value(found.row, marks[0] if marks else None))
        else:  # a text is meant to be seen
            self._put(unit, answer, max(values))
            self._say(unit, answer, answer.text or "")

    def _settle_hidden(self, question: Question, answer: Decision, side: int | None) -> None:
        shows = question.shows or 0
        units, subject = question.units[shows], question.subject
        found = self.history.find(subject)
        assert found is not None
        if question.kind == COVERED:
            if side == shows:
                for summary in self._new_summaries(1 - shows):
                    if not set(units).isdisjoint(summary.row.targets):
                        self._put(summary.identity, answer, RETIRED)
            elif side is None:
                self._say(subject, answer, answer.text or "")
            return
        if side == shows or side is None:
            self._put(subject, answer, self.sides[shows].priority(subject, found.row) or 0)
        else:
            self._put(subject, answer, self._value(subject))
        if side is None:
            self._say(units[0], answer, answer.text or "")

    def _settle_two(self, question: Question, answer: Decision, side: int | None) -> None:
        gone = RETIRED if question.kind == SUMMARIES else int(Priority.SKIP)
        ones, twos = question.units
        if side is not None:
            left_out: tuple[bytes, ...] = (twos, ones)[side]
        elif answer.choice == BOTH:
            left_out = ()
        elif answer.choice == BASE:
            left_out = (*ones, *twos)
        else:
            left_out = tuple(unit for unit in (*ones, *twos) if unit != question.subject)
            self._say(question.subject, answer, answer.text or "")
        for unit in left_out:
            self._put(unit, answer, gone)

    # -- what is written --------------------------------------------------------------------------

    def _decided(self) -> Iterator[Decided]:
        """Yield each value that linear order alone does not give."""
        for unit, text in self.texts.items():
            found = self.history.find(unit)
            if found is None or (isinstance(text, Row) and text.blob == found.text.blob):
                continue
            if self._text(found.text) != (self._text(text) if isinstance(text, Row) else text):
                yield Decided(unit, text, None, self.by.get((TEXT, unit)))
        for unit, priority in self.priorities.items():
            if priority != self._alone(unit):
                yield Decided(unit, None, priority, self.by.get((PRIORITY, unit)))

    # -- what is no conflict ----------------------------------------------------------------------

    def _warnings(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield what is worth a look: what it is, and the two units."""
        instructions = [
            [row.identity for row in rows if row.type == "instruction" and row.kind == Kind.APPEND]
            for rows in self.beyond
        ]
        new = [
            [unit for unit in instructions[side] if not self.sides[1 - side].history.tells(unit)]
            for side in (0, 1)
        ]
        if new[0] and new[1]:
            yield "instructions", new[0][0], new[1][0]
        for side in (0, 1):
            yield from self._replied_to(side)
            yield from self._summarised(side)

    def _replied_to(self, side: int) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield what a side has edited and the other has replied to."""
        edited = {
            unit for unit in self.edited[side] if (one := self.history.find(unit)) and one.row.role == "user"
        }
        if not edited:
            return
        here, other = self.sides[side].history, self.sides[1 - side].history
        asked: bytes | None = None
        for unit in other.units:
            if unit.row.role == "user":
                asked = unit.identity
            elif asked is None or unit.row.role != "assistant":
                continue
            elif asked in edited and not here.tells(unit.identity):
                yield "replied", asked, unit.identity
                edited.discard(asked)

    def _summarised(self, side: int) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield what a side has skipped and the other has summarised."""
        for summary in self._new_summaries(1 - side):
            for unit in summary.row.targets:
                one, two = (self.sides[place].history.find(unit) for place in (side, 1 - side))
                skips = one and two and one.priority == Priority.SKIP != two.priority
                if skips and self._changed(side, unit, "marks"):
                    yield "summarised", unit, summary.identity
