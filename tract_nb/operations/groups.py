"""Groups of a pending compression: what each is of by now, and what its draft would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tract_nb.engine.canonical import without_surrogates
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import message_size
from tract_nb.model.group import MASK, OPEN, PROPOSED, REJECTED, Group
from tract_nb.model.summariser import Draft
from tract_nb.operations import ranges
from tract_nb.operations.drafting import Ask, lacking
from tract_nb.operations.losing import Losses
from tract_nb.operations.masking import Item, Mask, items, masks
from tract_nb.operations.summarising import size
from tract_nb.operations.workspace import Workspace
from tract_nb.store.reviews import StoredReview

TOLD = 16  # hexadecimal digits of the commits by which an edit is noticed


class Live(NamedTuple):
    """A group as it is by now.

    Parameters
    ----------
    key : str
        What it goes by.
    run : list of Item
        The units that the draft would stand for.
    strategy, text : str
        How the draft was written, and what it says; of masks their lines.
    problem : str
        Why it cannot be approved; empty where it can.
    choice : str or None
        What was decided.
    after : int
        Tokens that what stands for the units has.
    edits : tuple of str
        The commits, in short, that hold the texts of units edited since the draft was written.
    texts : tuple of str
        The commits, in short, that hold the texts of all its units.
    taken : int
        How many units are not in it any more.
    masks : list of Mask
        Where masks are the draft.
    metadata : mapping or None
        How the draft was written.
    """

    key: str
    run: list[Item]
    strategy: str
    text: str
    problem: str
    choice: str | None
    after: int
    edits: tuple[str, ...]
    texts: tuple[str, ...]
    taken: int
    masks: list[Mask]
    metadata: Mapping[str, Any] | None

    @property
    def state(self) -> str:
        """How it stands."""
        return self.choice or (OPEN if self.problem else PROPOSED)

    @property
    def fits(self) -> bool:
        """Whether it would be done if all were approved."""
        return self.choice != REJECTED and not self.problem


def as_written(texts: Sequence[str], strategy: str, draft: Draft) -> dict[str, Any]:
    """Return a draft as it is stored, with the units' ``texts`` that whoever wrote it had before him."""
    written = {
        "strategy": strategy,
        "text": draft.text,
        "problem": draft.problem,
        "metadata": draft.metadata or None,
        "of": list(texts),
    }
    kept: dict[str, Any] = without_surrogates(written)  # a model may write what no JSON can hold
    return kept


def unit_texts(history: Snapshot, units: Sequence[bytes]) -> list[str]:
    """Return which commit holds the text of each unit, in short; empty where it is not in the history."""
    found = [history.find(unit) for unit in units]
    return ["" if unit is None else unit.text.hash.hex()[:TOLD] for unit in found]


def living(ws: Workspace, history: Snapshot, stored: StoredReview, ask: Ask) -> list[Live]:
    """Return the groups of which something is left, in the order of the context."""
    groups = [[bytes.fromhex(unit) for unit in group] for group in stored.args["groups"]]
    strategies = [stored.proposals.get(str(place), {}).get("strategy", "") for place in range(len(groups))]
    choices = [stored.answers.get(str(place), {}).get("choice") for place in range(len(groups))]
    there = {unit.identity: unit for unit in history.shown}
    covered = [
        there[unit]
        for group, strategy, choice in zip(groups, strategies, choices, strict=True)
        if strategy != MASK and choice != REJECTED
        for unit in group
        if unit in there
    ]
    can_go = {unit.identity for unit in ranges.coverable(history, covered)[0]}
    wanted = [
        [
            there[unit]
            for unit in group
            if unit in there and (unit in can_go or strategy == MASK or choice == REJECTED)
        ]
        for group, strategy, choice in zip(groups, strategies, choices, strict=True)
    ]
    every = items(ws, history, [unit for group in wanted for unit in group])
    by_unit = {item.unit.identity: item for item in every}
    return [
        _live(ws, history, ask, str(place), [by_unit[unit.identity] for unit in units], groups[place], stored)
        for place, units in enumerate(wanted)
        if any(unit.size for unit in units)
    ]


def _live(
    ws: Workspace,
    history: Snapshot,
    ask: Ask,
    key: str,
    run: list[Item],
    units: Sequence[bytes],
    stored: StoredReview,
) -> Live:
    written = stored.proposals.get(key, {})
    strategy, text, problem = (written.get(name, "") for name in ("strategy", "text", "problem"))
    made: list[Mask] = []
    if strategy == MASK:
        made = masks(ws, history, [item.unit for item in run], ask.preserve)
        text = "\n".join(one.line for one in made)
        problem = "" if made else "there is nothing to mask"
        after = size(run) - sum(one.saved for one in made)
    elif not text:
        problem = problem or "nobody has written a draft"
        after = size(run)
    else:
        problem = lacking(ask, run, text)
        after = message_size(ws.count(text))
    then, now = written.get("of", []), unit_texts(history, units)
    return Live(
        key=key,
        run=run,
        strategy=strategy,
        text=text,
        problem=problem,
        choice=stored.answers.get(key, {}).get("choice"),
        after=after,
        edits=tuple(new for old, new in zip(then, now, strict=False) if new and old != new),
        texts=tuple(now),
        taken=len(units) - len(run),
        masks=made,
        metadata=written.get("metadata"),
    )


def size_after(history: Snapshot, live: Sequence[Live]) -> int:
    """Return the size of the context if all groups were approved that can be."""
    return history.size - sum(size(one.run) - one.after for one in live if one.fits)


def shown(
    ws: Workspace, history: Snapshot, live: Sequence[Live], known: Iterable[Group] = ()
) -> Iterator[Group]:
    """Yield the groups as a person sees them.

    Of those ``known`` at the same tip whose place, units and draft are the same, what got lost is not worked
    out again.
    """
    losses = Losses(ws, history, [one.run for one in live])
    compared = {(place, group.units, group.draft): group.compared for place, group in enumerate(known)}
    for place, one in enumerate(live):
        units = tuple(item.unit.row.hash.hex() for item in one.run)
        found = compared.get((place, units, one.text))
        yield Group(
            units=units,
            draft=one.text,
            tokens_before=size(one.run),
            tokens_after=one.after,
            compared=found or (losses.of(place, one.text) if one.text else tuple),
            state=one.state,
            strategy=one.strategy,
            problem=one.problem,
            edits=one.edits,
            texts=one.texts,
            taken=one.taken,
            metadata=one.metadata,
            key=one.key,
        )
