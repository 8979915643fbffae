"""Hiding: what one of two histories shows and the other would hide once they are joined."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tract_nb.engine.questions import COVERED, PRIORITY, RESULTS, RETIRED_COVER, SKIPPED, SUMMARIES, Question
from tract_nb.engine.resolve import Unit
from tract_nb.engine.sides import HIDING, RETIRED
from tract_nb.engine.values import Values
from tract_nb.model.commit import Kind, Priority


class Hiding(Values):
    """Finds what is hidden, by the priorities decided so far."""

    def hidden(self) -> Iterator[Question]:
        """Yield what one side shows, and the other would hide."""
        subjects: dict[tuple[str, bytes, int], dict[bytes, None]] = {}
        for side in (0, 1):
            for kind, subject, unit in self._hides(side):
                subjects.setdefault((kind, subject, side), {})[unit] = None
        for (kind, subject, side), units in subjects.items():
            shown, hides = tuple(sorted(units, key=self.history.place_of)), (subject,)
            sides = (shown, hides) if side == 0 else (hides, shown)
            texts = tuple(self._blob(side, unit) for unit in shown)
            yield Question(kind, subject, side, sides, texts)
        yield from self._two_summaries()
        yield from self._two_results()

    def _blob(self, side: int, unit: bytes) -> int | None:
        row = self.sides[side].text(unit)
        return row.blob if row else None

    def _hides(self, side: int) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield what hides a unit that a side has edited, answered or restored: kind, subject, unit."""
        for unit in self.edited[side]:
            found = self.state.find(unit)
            if found is not None:
                yield from self._marks_over(side, found, unit)
                if found.covered:
                    yield from ((COVERED, cover, unit) for cover in self._covers_over(side, unit))
        other = self.sides[1 - side]
        for row in self.beyond[side]:
            found = self.state.find(row.identity) if row.is_result and row.targets else None
            if found is not None and other.history.find(row.identity) is None:
                call = self.state.find(row.targets[0])
                if found.priority != Priority.SKIP and call is not None:
                    yield from self._marks_over(side, call, row.identity)
        for unit in self._about("marks"):
            found = self.state.find(unit)
            if found is None or not found.retired or not self._changed(side, unit, "marks"):
                continue
            if other.lives(unit) and self.sides[side].priority(unit, found.row) == RETIRED:
                yield from ((COVERED, cover, unit) for cover in self._covers_over(side, unit))

    def _marks_over(self, side: int, found: Unit, unit: bytes) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield the priorities that the other side gave a unit, or its call, and that hide it."""
        here, there = self.sides[side], self.sides[1 - side]
        for identity in (found.identity, found.call):
            marked = self.state.find(identity) if identity is not None else None
            if identity is None or marked is None or (PRIORITY, identity, None, None) in self.asked:
                continue
            mine, other = (one.priority(identity, marked.row) for one in (here, there))
            if mine is None or other is None or mine in HIDING or other not in HIDING:
                continue
            if self._value(identity) in HIDING:
                yield (RETIRED_COVER if other == RETIRED else SKIPPED), identity, unit

    def _covers_over(self, side: int, unit: bytes) -> list[bytes]:
        """Return the outermost summaries over a unit that stand only because the other side has them."""
        here, there = self.sides[side], self.sides[1 - side]
        found = []
        for summary in self._new_summaries(1 - side):
            over = there.history.find(summary.identity)
            if (
                unit in summary.row.targets
                and not (over and over.covered)
                and not here.lives(summary.identity)
            ):
                found.append(summary.identity)
        return found

    def _new_summaries(self, side: int) -> list[Unit]:
        """Return the summaries that stand, and only because a side has them."""
        here, there = self.sides[side], self.sides[1 - side]
        found = []
        for identity in self._summaries[side]:
            unit = self.state.find(identity)
            if unit and not unit.retired and here.lives(identity) and not there.lives(identity):
                found.append(unit)
        return found

    @cached_property
    def _summaries(self) -> tuple[list[bytes], list[bytes]]:
        """The summaries that may stand on one side only: new there, or marked on either."""
        found: list[list[bytes]] = []
        marked = self._about("marks")
        for side in (0, 1):
            names = {row.identity: None for row in self.beyond[side] if row.kind == Kind.SUMMARY}
            for unit in marked:
                known = self.history.find(unit)
                if known is not None and known.row.kind == Kind.SUMMARY:
                    names[unit] = None
            found.append(list(names))
        return found[0], found[1]

    def _two_summaries(self) -> Iterator[Question]:
        """Yield pairs of summaries that share a unit, neither standing for the other."""
        for one in self._new_summaries(0):
            for two in self._new_summaries(1):
                if any(
                    unit is None or unit.covered
                    for side, summary in ((0, one), (1, two))
                    for unit in [self.sides[side].history.find(summary.identity)]
                ):
                    continue
                shared = [unit for unit in one.row.targets if unit in two.row.targets]
                stands_for = one.identity in two.row.targets or two.identity in one.row.targets
                if not stands_for and any(self.state.find(unit) for unit in shared):
                    first = min(one, two, key=lambda unit: (unit.row.author_us, unit.identity)).identity
                    units = (one.identity,), (two.identity,)
                    texts = self._blob(0, one.identity), self._blob(1, two.identity)
                    yield Question(SUMMARIES, first, None, units, (*units, *texts))

    def _two_results(self) -> Iterator[Question]:
        """Yield the calls that both have and that were answered on both."""
        new: tuple[dict[bytes, dict[bytes, Unit]], dict[bytes, dict[bytes, Unit]]] = {}, {}
        for side in (0, 1):
            here, other = self.sides[side].history, self.sides[1 - side].history
            for row in self.beyond[side]:
                if not row.is_result or not row.targets or other.tells(row.identity):
                    continue
                found, call = self.state.find(row.identity), row.targets[0]
                both = here.find(call) is not None and other.find(call) is not None
                if both and found is not None and not found.skipped:
                    new[side].setdefault(call, {})[found.identity] = found
        for call, answers in new[0].items():
            others = new[1].get(call)
            if others:
                every = (*answers.values(), *others.values())
                first = min(every, key=lambda unit: (unit.row.author_us, unit.identity))
                units = tuple(answers), tuple(others)
                texts = [self._blob(side, unit) for side, names in enumerate(units) for unit in names]
                yield Question(RESULTS, first.identity, None, units, (call, *texts))
