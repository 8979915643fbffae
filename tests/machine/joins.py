"""What joining two histories asks and decides, straight from the rules: all walked anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.machine import oracle
from tests.machine.oracle import EDIT, MARK, MERGE, NORMAL, SKIP, SUMMARY, History, Record, State

RETIRED = "RETIRED"
#: what shows least stands first
LADDER = (RETIRED, SKIP, NORMAL, "IMPORTANT", "PINNED")

#: kind and identity of what is asked; of two summaries, both
Asked = tuple[str, str]
#: takes what is asked and the choices there are; returns one of them, or a text as ``"=text"``
Choose = Callable[[Asked, tuple[str, ...]], str]


@dataclass
class Side:
    """One side: its state, and which EDITs and MARKs it has of a unit, by identity."""

    tip: str
    state: State
    told: dict[str, Record]
    words: dict[tuple[str, str], list[tuple[str, Record]]] = field(default_factory=dict)

    @classmethod
    def of(cls, history: History, tip: str) -> Side:
        told = {name: history[commit] for name, commit in oracle.told(history, tip).items()}
        side = cls(tip, oracle.state(history, tip), told)
        for name, record in told.items():
            if record.kind in (EDIT, MARK):
                for target in record.targets:
                    side.words.setdefault((record.kind, target), []).append((name, record))
        return side

    def value(self, what: str, unit: str) -> str | None:
        """Return a unit's text or priority here; None where nothing is said of it."""
        if unit in self.state.units:
            if what == EDIT:
                return self.state.text[unit]
            return RETIRED if unit in self.state.retired else self.state.priority[unit]
        said = self.words.get((what, unit))
        if not said:
            return None
        last = said[-1][1]
        return last.text if what == EDIT else last.priority or RETIRED

    def lives(self, summary: str) -> bool:
        return summary in self.state.units and summary not in self.state.retired


@dataclass
class Join:
    """The joining of two histories, read in this order; ``ours`` is 0 or 1."""

    history: Mapping[str, Record]
    first: str
    second: str
    choose: Choose
    ours: int = 0
    asked: dict[Asked, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sides = [Side.of(self.history, self.first), Side.of(self.history, self.second)]
        self.bases = [Side.of(self.history, tip) for tip in bases(self.history, self.first, self.second)]
        self.joined = {**self.history, "join": Record(MERGE, parents=(self.first, self.second))}
        self.alone = oracle.state(self.joined, "join")
        changed_texts = [self._value_of_all(EDIT, side) for side in (0, 1)]
        self.edited = [{unit for unit in self.alone.units if unit in changed_texts[side]} for side in (0, 1)]
        self._values(EDIT)
        self._values(MARK)
        while self._round():
            pass

    # values

    def _value_of_all(self, what: str, side: int) -> set[str]:
        """Return what a side changed, and the other has otherwise."""
        return {
            unit
            for unit in self.alone.units
            if self.sides[1 - side].value(what, unit) not in (None, self.sides[side].value(what, unit))
            and self._changed(what, side, unit)
        }

    def _changed(self, what: str, side: int, unit: str) -> bool:
        """A side changed a value if it says something the other does not know.

        Where both do, the one that says what a base said has changed nothing.
        """
        if not self._news(what, side, unit):
            return False
        differs = [base.value(what, unit) != self.sides[side].value(what, unit) for base in self.bases]
        return not self._news(what, 1 - side, unit) or any(differs) or not differs

    def _news(self, what: str, side: int, unit: str) -> bool:
        here, there = self.sides[side], self.sides[1 - side]
        return any(name not in there.told for name, _ in here.words.get((what, unit), ()))

    def _values(self, what: str) -> None:
        into = self.texts if what == EDIT else self.priorities
        for unit in self.alone.units:
            one, two = (side.value(what, unit) for side in self.sides)
            if one is None or two is None or one == two:
                into[unit] = one or two or ""
                continue
            changed = [self._changed(what, side, unit) for side in (0, 1)]
            if changed[0] != changed[1]:
                into[unit] = two if changed[1] else one
                continue
            self._settle_value(what, unit, one, two)

    def _settle_value(self, what: str, unit: str, one: str, two: str) -> None:
        kind = "text" if what == EDIT else "priority"
        choices = ("ours", "theirs", "both", "base") if what == EDIT else ("ours", "theirs", "base")
        said = self._ask(kind, unit, choices)
        of = [one, two]
        into = self.texts if what == EDIT else self.priorities
        if said in ("ours", "theirs"):
            into[unit] = of[self._side(said)]
        elif said == "both":
            into[unit] = self._said(unit, f"{of[self.ours]}\n\n{of[1 - self.ours]}")
        elif said == "base":
            birth = self.alone.units[unit].text if what == EDIT else self.alone.units[unit].priority or NORMAL
            before = [base.value(what, unit) for base in self.bases if unit in base.state.units]
            into[unit] = (before[0] if before else None) or birth
        elif what == EDIT:
            into[unit] = self._said(unit, said[1:])
        else:
            into[unit] = max(of, key=LADDER.index)
            self.texts[unit] = self._said(unit, said[1:])

    def _ask(self, kind: str, unit: str, choices: tuple[str, ...]) -> str:
        self.asked[kind, unit] = choices
        return self.choose((kind, unit), choices)

    def _side(self, said: str) -> int:
        return self.ours if said == "ours" else 1 - self.ours

    # what is hidden

    def state(self) -> State:
        """Return the joined history with the priorities decided so far."""
        history, tip = dict(self.joined), "join"
        for place, (unit, priority) in enumerate(self.priorities.items()):
            if priority != self._value_alone(unit):
                mark = Record(MARK, parents=(tip,), targets=(unit,), priority=priority)
                tip = f"mark {place}"
                history[tip] = replace(mark, priority=None if priority == RETIRED else priority)
        return oracle.state(history, tip)

    def _value_alone(self, unit: str) -> str:
        return RETIRED if unit in self.alone.retired else self.alone.priority[unit]

    def _round(self) -> bool:
        """Ask what one side shows and the other would hide; tell whether something new was asked."""
        state = self.state()
        new: dict[tuple[str, str, int | None], tuple[list[str], list[str]]] = {}
        for side in (0, 1):
            for kind, subject, unit in self._hides(state, side):
                new.setdefault((kind, subject, side), ([], []))[0].append(unit)
        for pair in self._pairs(state):
            new["summaries", "|".join(sorted(pair)), None] = [pair[0]], [pair[1]]
        for results in self._answers(state):
            new["results", min(results[0] + results[1], key=self._age), None] = results
        asked = False
        for (kind, subject, shows), units in new.items():
            if (kind, subject) not in self.asked:
                asked = True
                units[0].sort(key=self.alone.order.index)
                self._settle_hidden(kind, subject, shows, units, state)
        return asked

    def _age(self, unit: str) -> tuple[int, str]:
        return self.alone.units[unit].author_us, unit

    def _hides(self, state: State, side: int) -> Iterator[tuple[str, str, str]]:
        here, there = self.sides[side], self.sides[1 - side]
        for unit in self.edited[side]:
            yield from self._marks(state, side, unit, unit)
            yield from (
                ("covered", cover, unit) for cover in self._covers(state, side, unit) if unit in state.covered
            )
        for unit in self.alone.units:
            call = state.call_of.get(unit)
            if call and unit in here.state.units and unit not in there.told and state.priority[unit] != SKIP:
                yield from self._marks(state, side, call, unit)
        for unit in self.alone.units:
            restored = here.value(MARK, unit) == RETIRED and unit in state.retired and there.lives(unit)
            if restored and any(name not in there.told for name, _ in here.words.get((MARK, unit), ())):
                yield from (("covered", cover, unit) for cover in self._covers(state, side, unit))

    def _marks(self, state: State, side: int, unit: str, shown: str) -> Iterator[tuple[str, str, str]]:
        for name in filter(None, (unit, state.call_of.get(unit))):
            mine, other = self.sides[side].value(MARK, name), self.sides[1 - side].value(MARK, name)
            stands = RETIRED if name in state.retired else state.priority[name]
            hides = (SKIP, RETIRED)
            if None in (mine, other) or mine in hides or other not in hides or stands not in hides:
                continue
            if ("priority", name) not in self.asked:
                yield ("retired" if other == RETIRED else "skipped"), name, shown

    def _newly(self, state: State, side: int) -> list[str]:
        """Return the summaries that stand only because a side has them."""
        return [
            name
            for name, unit in state.units.items()
            if unit.kind == SUMMARY
            and name not in state.retired
            and self.sides[side].lives(name)
            and not self.sides[1 - side].lives(name)
        ]

    def _covers(self, state: State, side: int, unit: str) -> list[str]:
        there = self.sides[1 - side].state
        return [
            name
            for name in self._newly(state, 1 - side)
            if unit in state.units[name].targets and name not in there.covered
        ]

    def _pairs(self, state: State) -> Iterator[tuple[str, str]]:
        for one in self._newly(state, 0):
            for two in self._newly(state, 1):
                targets = [set(state.units[name].targets) for name in (one, two)]
                outer = one not in self.sides[0].state.covered and two not in self.sides[1].state.covered
                if (
                    outer
                    and targets[0] & targets[1] & set(state.units)
                    and one not in targets[1]
                    and two not in targets[0]
                ):
                    yield one, two

    def _answers(self, state: State) -> Iterator[tuple[list[str], list[str]]]:
        for call, results in state.results.items():
            if all(call in side.state.units for side in self.sides):
                new = [
                    [
                        name
                        for name in results
                        if name in self.sides[side].told
                        and name not in self.sides[1 - side].told
                        and name not in state.skipped
                    ]
                    for side in (0, 1)
                ]
                if new[0] and new[1]:
                    yield new[0], new[1]

    def _settle_hidden(
        self, kind: str, subject: str, shows: int | None, units: tuple[list[str], list[str]], state: State
    ) -> None:
        two = kind in ("summaries", "results")
        first = min([*units[0], *units[1]], key=self._age) if two else subject
        said = self._ask(kind, subject, ("ours", "theirs", "both", "base") if two else ("ours", "theirs"))
        side = self._side(said) if said in ("ours", "theirs") else None
        if said.startswith("="):
            into = units[0][0] if kind in ("skipped", "retired") else first
            self.texts[into] = self._said(into, said[1:])
        if two:
            keep = {"both": [*units[0], *units[1]], "base": []}.get(said, [first])
            keep = units[side] if side is not None else keep
            for name in {*units[0], *units[1]} - set(keep):
                self.priorities[name] = RETIRED if kind == "summaries" else SKIP
        elif kind == "covered":
            for name in self._newly(state, 1 - (shows or 0)) if side == shows else ():
                if set(units[0]) & set(state.units[name].targets):
                    self.priorities[name] = RETIRED
        elif side in (None, shows):
            self.priorities[subject] = str(self.sides[shows or 0].value(MARK, subject))

    # what is written

    @property
    def decided(self) -> set[tuple[str, str, str | None]]:
        """Kind, unit and value of each commit that must be written: what linear order does not give."""
        found: set[tuple[str, str, str | None]] = set()
        for unit, text in self.texts.items():
            if text != self.alone.text[unit]:
                found.add((EDIT, unit, text))
        for unit, priority in self.priorities.items():
            if priority != self._value_alone(unit):
                found.add((MARK, unit, None if priority == RETIRED else priority))
        return found

    def _said(self, unit: str, text: str) -> str:
        """Return a text as an edit of the unit would store it."""
        from tests.machine.contents import (
            edited_text,
        )  # that module knows the library's types, this one rules

        return edited_text(self.alone.units[unit], text)

    @property
    def own(self) -> list[str]:
        """What a rebase copies: the second's commits that the first has not, MERGEs left out; identities."""
        return [
            name
            for name, commit in oracle.told(self.history, self.second).items()
            if name not in self.sides[0].told and self.history[commit].kind != MERGE
        ]


def behind(history: History, tip: str) -> set[str]:
    """Return a commit and all behind it."""
    return set(oracle.linear(history, tip))


def bases(history: History, one: str, two: str) -> list[str]:
    """Return the common commits that no other common one has behind itself, the newest first."""
    common = behind(history, one) & behind(history, two)
    older = {parent for name in common for parent in history[name].parents}
    order = list(history)
    return sorted(common - older, key=order.index, reverse=True)
