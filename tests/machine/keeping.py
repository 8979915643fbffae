"""What a collection leaves and what a forgotten text becomes, straight from the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tests.machine.oracle import EDIT, History, Operation, Record, in_effect


def behind(history: History, ends: Iterable[str | None]) -> set[str]:
    """Return commits and all behind them."""
    todo, found = [end for end in ends if end and end in history], set[str]()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += history[name].parents
    return found


def dead(
    history: History,
    refs: Mapping[str, str],
    operations: Sequence[Operation],
    recorded: Mapping[str, datetime],
    now: datetime,
    keep: timedelta,
) -> set[str]:
    """Return what gc takes: all but what branches and tags, recent operations and the last day lead to."""
    young = {name for name, at in recorded.items() if at >= now - timedelta(days=1)}
    since = (now - keep).timestamp() * 1e6
    return set(history) - behind(history, {*refs.values(), *young, *ends(history, operations, since)})


def ends(history: History, operations: Sequence[Operation], since: float) -> set[str]:
    """Return where operations since a time moved refs from and to, unless a later hard reset dropped it.

    A reset that was taken back dropped nothing; what it dropped is what lay behind the branch before it.
    """
    found: set[str] = set()
    for place, one in enumerate(operations):
        if one.at_us < since:
            continue
        for ref, (old, new) in one.moved.items():
            for end, from_place in ((old, place), (new, place + 1)):
                dropped = any(
                    end in behind(history, [later.moved[ref][0]])
                    for at, later in enumerate(operations)
                    if at >= from_place and later.hard and ref in later.moved and in_effect(operations, at)
                )
                if end and not dropped:
                    found.add(end)
    return found


def forgotten(history: History, name: str, told: Iterable[str], line: str) -> dict[str, Record]:
    """Return the commits that a text was taken from, with the line; each keeps its hash and its size.

    Told are all that have the same content: every unit of the same hash, every edit of one unit to one text.
    """
    of, told = history[name], set(told)
    assert name in told
    assert {history[one].text for one in told} == {of.text}
    for other, record in history.items():
        if record.kind == EDIT:
            same = of.kind == EDIT and (record.targets, record.text) == (of.targets, of.text)
        else:
            same = record.content_hash is not None and record.content_hash == of.content_hash
        assert not same or other in told, "every commit with this text"
        if EDIT not in (record.kind, of.kind) and record.content_hash is not None:
            assert same or other not in told, "no commit with another content"
    return {one: replace(history[one], text=line, weight=history[one].text) for one in told}
