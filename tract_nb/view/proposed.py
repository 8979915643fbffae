"""A pending compression as a page shows it: what stays between its groups, and what it would cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any, NamedTuple

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import Kind, Priority, preview
from tract_nb.model.compression import Compressed
from tract_nb.model.content import Dialogue
from tract_nb.model.group import MASK, REJECTED, Group
from tract_nb.operations import edit, proposing
from tract_nb.operations.groups import Live
from tract_nb.operations.workspace import Workspace
from tract_nb.view.imagining import cover_rows, known, mask_rows
from tract_nb.view.originals import Originals
from tract_nb.view.outlook import Outlook, last_call, units_sent
from tract_nb.view.strip import short_hash, who

PINS_LISTED = 2  # pins in one gap that are named; of more only how many there are


class Stay(NamedTuple):
    """What stays before a group, or behind the last one.

    Parameters
    ----------
    kind : str
        pinned, summary, units, or last: all behind the last group.
    units, tokens : int
        How many, and what they have in the context.
    covers : int
        Of summaries how many commits they stand for.
    commit : str
        The first one, 12 digits.
    """

    kind: str
    units: int
    tokens: int
    covers: int
    commit: str


@dataclass(frozen=True, slots=True)
class Costs:
    """What the compression would make of the context, and what it takes.

    Parameters
    ----------
    before, after : Outlook
        Of the branch as it is, and if all were done that can be.
    prices : str
        Why there are no prices; empty where there are.
    drafts : float or None
        What the drafts there are cost, in US dollars; None where a model wrote one and said no cost.
    """

    before: Outlook
    after: Outlook
    prices: str
    drafts: float | None

    def to_wire(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


class Proposed:
    """A pending compression beside the history that it is about, as of one moment.

    Parameters
    ----------
    ws : Workspace
        Of the handle.
    seen : Compressed
        The compression, as it is by now.
    """

    def __init__(self, ws: Workspace, seen: Compressed) -> None:
        self._ws = ws
        ask, self.history, self.live = proposing.standing(ws, seen)
        self.groups = seen.groups
        self.originals = {
            group.key: Originals(one.run, group) for one, group in zip(self.live, seen.groups, strict=True)
        }
        self.between = _between(self.history, self.live)
        self.model = ask.model

    def costs(self) -> Costs:
        """Return what sending the context costs now and then; calls are recorded, so it changes."""
        call = last_call(self._ws, self.history.last.id)
        after = _afterwards(self._ws, self.history, self.live)
        begins = takewhile(lambda unit: unit.text.blob is not None, units_sent(after))
        return Costs(
            before=call.outlook(self.history),
            after=call.outlook_of(after.size, begins),
            prices=call.missing,
            drafts=_spent(self.groups),
        )

    def named(self) -> dict[str, str]:
        """Return what those say that stay and are named, by their hashes."""
        listed = {stay.commit for gap in self.between for stay in gap if stay.kind == "pinned"}
        units = [unit for unit in self.history.shown if short_hash(unit) in listed]
        return {short_hash(unit): f"{who(unit)}: {preview(edit.text_at(self._ws, unit))}" for unit in units}


def _between(history: Snapshot, live: Sequence[Live]) -> list[list[Stay]]:
    """Return what stays before each group, and behind the last one."""
    place_of = {item.unit.identity: place for place, one in enumerate(live) for item in one.run}
    gaps: list[list[Unit]] = [[] for _ in range(len(live) + 1)]
    reached = 0
    for unit in history.shown:
        place = place_of.get(unit.identity)
        if place is not None:
            reached = place + 1
        elif unit.size:
            gaps[reached].append(unit)
    *inner, last = gaps
    return [*map(_stays, inner), [_stay("last", last)] if last else []]


def _stays(units: Sequence[Unit]) -> list[Stay]:
    """Return units in a row by what they are, those of one kind together."""
    runs: list[tuple[str, list[Unit]]] = []
    lone = sum(unit.priority is Priority.PINNED for unit in units) <= PINS_LISTED
    for unit in units:
        kind = _kind(unit)
        if runs and runs[-1][0] == kind and not (lone and kind == "pinned"):
            runs[-1][1].append(unit)
        else:
            runs.append((kind, [unit]))
    return [_stay(kind, run) for kind, run in runs]


def _kind(unit: Unit) -> str:
    if unit.row.kind == Kind.SUMMARY:
        return "summary"
    return "pinned" if unit.priority is Priority.PINNED else "units"


def _stay(kind: str, units: Sequence[Unit]) -> Stay:
    covers = sum(len(unit.row.targets) for unit in units if unit.row.kind == Kind.SUMMARY)
    return Stay(kind, len(units), sum(unit.size for unit in units), covers, short_hash(units[0]))


def _afterwards(ws: Workspace, history: Snapshot, live: Iterable[Live]) -> Snapshot:
    """Return the history if all were done that can be and was not rejected."""
    done = [one for one in live if one.fits]
    texts = [one for one in done if one.strategy != MASK]
    said = [Dialogue(role="user", text=clean_text(one.text)) for one in texts]
    runs = [[item.unit for item in one.run] for one in texts]
    rows = [
        *mask_rows(ws, [mask for one in done if one.strategy == MASK for mask in one.masks]),
        *cover_rows(ws, runs, [ws.count(content.text) for content in said], known(ws, said)),
    ]
    # numbers and names of their own: else one would be taken for another
    return history.imagined(
        *(row._replace(id=-1 - place, hash=place.to_bytes(32)) for place, row in enumerate(rows))
    )


def _spent(groups: Iterable[Group]) -> float | None:
    """Return what the drafts cost; None where that is not known of one that a model wrote."""
    made = [dict(found) for found in _written(groups)]
    return None if any("cost" not in one for one in made) else sum(float(one["cost"]) for one in made)


def _written(groups: Iterable[Group]) -> Iterator[Mapping[str, Any]]:
    """Yield how drafts were written, of those that a model wrote and that count."""
    for group in groups:
        if group.state != REJECTED and group.metadata and group.metadata.get("model"):
            yield group.metadata
