"""Values: what each unit's text and priority shall be where two histories are joined."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from tract_nb.engine.questions import PRIORITY, TEXT, Place, Question, Text, Texts
from tract_nb.engine.sides import RETIRED, Said, Side, merge_bases, rows_behind, value
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import Kind, Row
from tract_nb.model.conflict import Decision


class Values:
    """The texts and priorities of two histories, as far as the rules or the answers decide them.

    Parameters
    ----------
    one, two : Snapshot
        In the order in which they will be read.
    texts : callable
        Reads texts.
    answers : mapping
        What was decided, by the questions' keys.
    ours : int
        Which of the two is ours, 0 or 1.
    """

    def __init__(
        self, one: Snapshot, two: Snapshot, texts: Texts, answers: Mapping[str, Decision], *, ours: int = 0
    ) -> None:
        self.sides = Side(one), Side(two)
        self.ours = ours
        self.answers = answers
        self.beyond = one.beyond(two), two.beyond(one)
        self.history = one.extended(self.beyond[1])
        self._read = texts
        self._texts: dict[int, str] = {}
        self.texts: dict[bytes, Text] = {}
        self.priorities: dict[bytes, int] = {}
        self.by: dict[tuple[str, bytes], Decision] = {}
        self.edited: tuple[dict[bytes, None], dict[bytes, None]] = {}, {}
        self.asked: dict[Place, Question] = {}
        self.state = self.history

    def _load(self) -> None:
        """Read the texts that differ, in one query."""
        rows: list[Row] = []
        for unit in self._about("edits"):
            one, two = (side.text(unit) for side in self.sides)
            if one is not None and two is not None and one.blob != two.blob:
                rows += [one, two, *(row for base in self.bases if (row := self._base_text(base, unit)))]
        if rows:
            self._texts.update(self._read(rows))

    def _about(self, what: str) -> dict[bytes, None]:
        """Return what the EDITs or MARKs of either side are about and the other's are not, in order."""
        one, two = (getattr(side.said, what) for side in self.sides)
        return {unit: None for unit in (*one, *two) if one.get(unit) != two.get(unit)}

    @cached_property
    def bases(self) -> list[Said]:
        """What each merge base says; read only where it decides something."""
        one, two = (side.history for side in self.sides)
        return [Said(rows_behind(one, number), units=True) for number in merge_bases(one, two)]

    def base_text(self, unit: bytes) -> Row | None:
        """Return the row that holds a unit's text at the (first) merge base that has it."""
        return next((row for base in self.bases if (row := self._base_text(base, unit))), None)

    def _base_text(self, base: Said, unit: bytes) -> Row | None:
        edits = base.edits.get(unit)
        return edits[-1] if edits else base.units.get(unit)

    def _changed(self, side: int, unit: bytes, what: str) -> bool:
        """Tell whether a side has an EDIT (or MARK) of a unit that the other lacks."""
        here, there = self.sides[side].said, self.sides[1 - side].said
        return any(row.identity not in there.changes for row in getattr(here, what).get(unit, ()))

    def _same(self, one: Row, two: Row) -> bool:
        return one.blob == two.blob or self._text(one) == self._text(two)

    def _text(self, row: Row) -> str:
        assert row.blob is not None
        if row.blob not in self._texts:
            self._texts.update(self._read([row]))
        return self._texts[row.blob]

    def _decide_texts(self) -> None:
        for unit in self._about("edits"):
            one, two = (side.text(unit) for side in self.sides)
            if one is None or two is None or self._same(one, two):
                if one is not None or two is not None:
                    self.texts[unit] = one or two or ""
                continue
            rows = one, two
            changed = [self._changed_text(side, unit, row) for side, row in enumerate(rows)]
            for side in (0, 1):
                if changed[side]:
                    self.edited[side][unit] = None
            if changed[0] != changed[1]:
                self.texts[unit] = rows[changed[1]]
                continue
            self.texts[unit] = one
            self._ask(Question(TEXT, unit, None, ((unit,), (unit,)), (one.blob, two.blob)))

    def _changed_text(self, side: int, unit: bytes, row: Row) -> bool:
        if not self._changed(side, unit, "edits"):
            return False
        if not self._changed(1 - side, unit, "edits"):
            return True  # it knew all that the other one says
        before = [self._base_text(base, unit) for base in self.bases]
        return not before or any(base is None or not self._same(base, row) for base in before)

    def _decide_priorities(self) -> None:
        for unit in self._about("marks"):
            found = self.history.find(unit)
            if found is None:
                continue  # a MARK of what is in neither history
            one, two = (side.priority(unit, found.row) for side in self.sides)
            if one is None or two is None or one == two:
                if one is not None or two is not None:
                    self.priorities[unit] = (two or 0) if one is None else one
                continue
            values = one, two
            changed = [self._changed_priority(side, found.row, unit, values[side]) for side in (0, 1)]
            if changed[0] != changed[1]:
                self.priorities[unit] = values[changed[1]]
                continue
            # as long as nobody has decided, what hides less
            self.priorities[unit] = max(values)
            self._ask(Question(PRIORITY, unit, None, ((unit,), (unit,)), values))

    def _changed_priority(self, side: int, row: Row, unit: bytes, priority: int) -> bool:
        if not self._changed(side, unit, "marks"):
            return False
        if not self._changed(1 - side, unit, "marks"):
            return True
        return not self.bases or any(
            (unit not in base.units and unit not in base.marks)
            or value(row, base.marks.get(unit)) != priority
            for base in self.bases
        )

    def _ask(self, question: Question) -> None:
        self.asked[question.place] = question
        if question.key in self.answers:
            self.settle(question, self.answers[question.key])

    def _imagine(self) -> None:
        """Resolve both sides with the priorities decided so far."""
        wanted = [unit for unit, priority in self.priorities.items() if priority != self._alone(unit)]
        if not wanted:
            self.state = self.history
            return
        self.state = self.history.apart()
        for number, unit in enumerate(wanted):
            self.state = self.state.plus(_imagined_mark(unit, self.priorities[unit], number))

    def _alone(self, unit: bytes) -> int:
        """Return the priority that linear order alone gives a unit."""
        found = self.history.find(unit)
        assert found is not None
        return RETIRED if found.retired else int(found.priority)

    def _value(self, unit: bytes) -> int:
        return self.priorities[unit] if unit in self.priorities else self._alone(unit)

    def settle(self, question: Question, answer: Decision) -> None:
        """Turn an answer into texts and priorities."""
        raise NotImplementedError


def _imagined_mark(unit: bytes, priority: int, number: int) -> Row:
    """Return the row that a MARK would have; its number and hash are nobody's."""
    return Row(
        id=-1 - number,
        hash=b"imagined %d" % number,
        kind=Kind.MARK,
        parent1=None,
        parent2=None,
        origin=None,
        author_us=0,
        priority=None if priority == RETIRED else priority,
        type=None,
        role=None,
        name=None,
        call_id=None,
        blob=None,
        tokens=0,
        context=0,
        key=None,
        targets=(unit,),
    )
