"""Shortening: what each strategy of compress would leave of a history with the range that it takes by itself.

Told without writing anything, for ``budget`` and for advice. A draft without a model is a text that has to be
written to be counted: some 0.1 s of 5,000 units, so it is kept for a history. What a model would write is
an estimate by arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.masking import KEEP_LAST
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import message_size
from tract_nb.model.group import STRUCTURAL, SUMMARIZE
from tract_nb.model.summariser import summary_length
from tract_nb.operations import ranges
from tract_nb.operations.drafting import LEAST, Ask, planned
from tract_nb.operations.masking import masks
from tract_nb.operations.workspace import Workspace


class Summaries(NamedTuple):
    """What would stand for runs of units.

    Parameters
    ----------
    runs : tuple of list of Unit
        The runs, in order.
    tokens : tuple of int
        Of each run's summary the tokens of its text.
    texts : tuple of str
        The texts; none where nobody has written them yet.
    """

    runs: tuple[list[Unit], ...]
    tokens: tuple[int, ...]
    texts: tuple[str, ...] = ()

    @property
    def units(self) -> list[Unit]:
        """What they would stand for."""
        return [unit for run in self.runs for unit in run]

    @property
    def saved(self) -> int:
        """By how many tokens the context would be smaller."""
        return sum(unit.size for unit in self.units) - sum(map(message_size, self.tokens))


def by_masks(ws: Workspace, history: Snapshot) -> tuple[list[Unit], int]:
    """Return the units that ``compress`` would mask, and what that saves; worked out once for a history."""
    key = "masks", ws.counter.name
    found: tuple[list[Unit], int] | None = history.notes.get(key)
    if found is None:
        made = masks(ws, history, _range(history), ())
        found = [mask.item.unit for mask in made], sum(mask.saved for mask in made)
        history.notes[key] = found
    return found


def by_drafts(ws: Workspace, history: Snapshot) -> Summaries:
    """Return the summaries that ``compress`` would write without a model; drafted once for a history."""
    key = "structural", ws.counter.name
    found: Summaries | None = history.notes.get(key)
    if found is None:
        plan = planned(ws, Ask(STRUCTURAL), history, ranges.Range(_range(history), given=False))
        texts = tuple(clean_text(draft.text) for draft in plan.drafts)
        runs = tuple([item.unit for item in run] for run in plan.runs)
        found = history.notes[key] = Summaries(runs, tuple(map(ws.count, texts)), texts)
    return found


def by_a_model(history: Snapshot) -> Summaries:
    """Return what a model's summaries would be, if they are as long as it would be told to write."""
    found: Summaries | None = history.notes.get(SUMMARIZE)
    if found is None:
        whole, _ = ranges.coverable(history, _range(history))
        runs = [run for run in ranges.runs(history, whole) if sum(unit.size for unit in run) >= LEAST]
        of_runs = [sum(unit.text.tokens for unit in run if unit.size) for run in runs]
        # one that is no shorter than what it stands for is not accepted
        lengths = tuple(min(summary_length(tokens), tokens // 2) for tokens in of_runs)
        found = history.notes[SUMMARIZE] = Summaries(tuple(runs), lengths)
    return found


def _range(history: Snapshot) -> list[Unit]:
    return ranges.since_summary(list(history.shown), KEEP_LAST)
