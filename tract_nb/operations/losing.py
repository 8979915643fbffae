"""Losing: what the drafts of a compression no longer say, and how often it is said later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from tract_nb.engine.identifiers import compare, identifiers
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.commit import HASH_TAKEN, Row
from tract_nb.operations import present
from tract_nb.operations.masking import Item, words_of
from tract_nb.operations.workspace import Workspace

#: rows of :class:`tract_nb.model.group.LostTable`
Lost = tuple[tuple[Any, ...], ...]


class Losses:
    """What the drafts of some groups lose; worked out when somebody asks, each text looked at once.

    Parameters
    ----------
    ws : Workspace
        Reads the texts behind the groups.
    history : Snapshot
        What the groups are of.
    runs : sequence of sequences of Item
        The groups, in the order of the context.
    """

    def __init__(self, ws: Workspace, history: Snapshot, runs: Sequence[Sequence[Item]]) -> None:
        self._ws = ws
        self._runs = runs
        ends = {run[-1].unit.identity: place for place, run in enumerate(runs) if run}
        self._behind: list[list[Row]] = [[] for _ in runs]  # what the model is sent up to the next group
        place = None
        for unit in history.shown:
            if place is not None and unit.size:
                self._behind[place].append(unit.text)
            place = ends.get(unit.identity, place)
        self._said: dict[str, list[tuple[int, int]]] | None = None

    def of(self, place: int, draft: str) -> Callable[[], Lost]:
        """Return what tells what a draft of one group lost and added, those said most often later first."""
        run = self._runs[place]

        def told() -> Lost:
            found = compare([item.words for item in run], draft)
            lost = [
                (place, "lost", one.kind, one.text, times, self._later(place, one.text), _short(run[first]))
                for one, (first, times) in found.lost.items()
            ]
            lost.sort(key=lambda row: -row[5])  # stable: else in the order of the originals
            added = [
                (place, "added", one.kind, one.text, 0, self._later(place, one.text), None)
                for one in found.added
            ]
            return (*lost, *added)

        return cache(told)

    def _later(self, place: int, text: str) -> int:
        """Return how often an identifier is said behind a group."""
        if self._said is None:
            self._said = self._read()
        return sum(times for where, times in self._said.get(text, ()) if where >= place)

    def _read(self) -> dict[str, list[tuple[int, int]]]:
        """Return each identifier said behind a group with the groups behind which it is, and how often."""
        said: dict[str, list[tuple[int, int]]] = {}
        with self._ws.db.read():
            contents = present.contents(self._ws, [row for rows in self._behind for row in rows])
        for place, rows in enumerate(self._behind):
            texts = (words_of(contents[row.blob]) for row in rows if row.blob in contents)
            for one, times in identifiers("\n".join(texts)).items():
                said.setdefault(one.text, []).append((place, times))
        return said


def _short(item: Item) -> str:
    return item.unit.row.hash.hex()[:HASH_TAKEN]
