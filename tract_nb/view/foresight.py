"""Foresight: what an action on some units would change, before it is done.

Nothing is written: the commits that the verb would write are imagined on top of the history, and what
that compiles to is held against what is sent now.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from tract_nb.engine.chunks import Chunk
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import ContentError
from tract_nb.model.commit import HASH_TAKEN
from tract_nb.operations.workspace import Workspace
from tract_nb.view import figures
from tract_nb.view.imagining import ACTIONS, COMPRESSIONS, PRIORITIES, imagine
from tract_nb.view.outlook import LastCall, Outlook, last_call, sent_of, units_sent

QUOTED = 200  # characters of a text that stand in a line of Python


@dataclass(frozen=True, slots=True, repr=False)
class Foresight:
    """What an action would change.

    Parameters
    ----------
    action : str
        skip, unmark, important, pin, restore, edit, mask or structural.
    units : int
        How many units it would change: those named that are not so already.
    sent : int
        By how many units more (or less, below 0) the context would have.
    before, after : Outlook
        What is sent now and then, and what it costs.
    over : int
        By how many tokens the context would be beyond the budget; 0 within it or without one.
    refused : bool
        Whether the budget would refuse it.
    why : str
        What it means for the provider's cache, in one sentence.
    prices : str
        Why there are no prices; empty where there are.
    code : str
        The line of Python that does it.
    """

    action: str
    units: int
    sent: int
    before: Outlook
    after: Outlook
    over: int
    refused: bool
    why: str
    prices: str
    code: str

    @property
    def says(self) -> str:
        """Tokens and prices before and after, in one line."""
        before, after = self.before, self.after
        parts = [f"{figures.tokens(before.tokens)} → {figures.tokens(after.tokens)} tokens"]
        if before.next is not None and after.next is not None:
            parts.append(f"next call {figures.money(before.next)} → {figures.money(after.next)}")
        if before.later is not None and after.later is not None:
            parts.append(f"then {figures.money(before.later)} → {figures.money(after.later)} a call")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return "\n".join((f"{self.code}  # {self.says}", self.why))


def foresee(ws: Workspace, action: str, target: Any = None, *, text: str | None = None) -> Foresight:
    """Return what an action on some units of HEAD's history would change.

    Parameters
    ----------
    ws : Workspace
        Where.
    action : str
        One of :data:`~tract_nb.view.imagining.ACTIONS`.
    target : str, Commit, list, Series or DataFrame
        The units; of ``restore`` summaries or what is masked, of ``edit`` one unit. Of ``mask`` and
        ``structural`` none is all that ``compress`` takes by itself.
    text : str, optional
        Of ``edit``, the new text.

    Raises
    ------
    RefError
        If a name is no unit of this history.
    ContentError
        If the action is unknown, the text is missing or not asked for, or the verb would refuse it.
    """
    if action not in ACTIONS:
        raise ContentError(f"Unknown action {action!r}.", f"It is one of {', '.join(ACTIONS)}.")
    if (text is None) is (action == "edit"):
        raise ContentError(
            f"{action} with text={text!r} is no action.", "An edit has a text, nothing else has one."
        )
    call = last_call(ws)
    history = ws.snapshot(call.tip)
    would = imagine(ws, history, action, target, text)
    changed = history.imagined(*would.rows) if would.rows else history
    before, after = call.outlook(history), call.outlook(changed)
    most = ws.budget.max_tokens if ws.budget else None
    over = max(after.tokens - most, 0) if most else 0
    return Foresight(
        action=action,
        units=would.changes,
        sent=_count(changed) - _count(history),
        before=before,
        after=after,
        over=over,
        refused=_refused(ws, history, changed),
        why=_why(call, history, changed, before, after),
        prices=call.missing,
        code=code(action, would.units, text),
    )


def code(action: str, units: list[Unit], text: str | None = None) -> str:
    """Return the line of Python that does an action."""
    hashes = [f'"{unit.row.hash.hex()[:HASH_TAKEN]}"' for unit in units]
    named = hashes[0] if len(hashes) == 1 else f"[{', '.join(hashes)}]"
    if action == "edit":
        said = repr(text) if text is not None and len(text) <= QUOTED else "text"
        return f"t.edit({named}, {said})"
    if action == "restore":
        return f"t.restore({named})"
    if action in COMPRESSIONS:
        return f't.compress({f"commits={named}, " if units else ""}strategy="{action}")'
    return f't.annotate({named}, "{PRIORITIES[action].name}")'


def _refused(ws: Workspace, history: Snapshot, changed: Snapshot) -> bool:
    """Tell whether the budget would refuse a change, as check_budget does: by the counted size."""
    if ws.budget is None or ws.budget.action != "reject" or changed.size <= history.size:
        return False
    return context_size(changed.size) > ws.budget.max_tokens


def _why(call: LastCall, history: Snapshot, changed: Snapshot, before: Outlook, after: Outlook) -> str:
    """Return what a change means for the provider's cache, in one sentence."""
    if _same(history, changed):
        return "What is sent does not change."
    if call.sent is None:
        return "No call is recorded on this branch, so nothing is known of the provider's cache."
    if not call.uses_cache:
        return "The last call used no cache, so only the size counts."
    if after.cached > before.cached:
        ends = figures.tokens(after.cached)
        return f"The cache reaches up to {ends} again: it still has what this brings back."
    if after.cached < before.cached:
        return _broken(before, after)
    if not before.cached:
        return "Nothing of what is sent is cached, so this costs nothing extra."
    means = "nothing that is cached is lost" if after.tokens > before.tokens else "this costs nothing extra"
    return f"The cache already ends at {figures.tokens(before.cached)}, so {means}."


def _broken(before: Outlook, after: Outlook) -> str:
    """Return what it means that a change breaks the cache."""
    breaks = f"The cache breaks at {figures.tokens(after.cached)} instead of {figures.tokens(before.cached)}"
    if before.next is None or after.next is None or before.later is None or after.later is None:
        return f"{breaks}: what follows is sent anew."
    extra, saved = after.next - before.next, before.later - after.later
    if extra <= 0:
        return f"{breaks}, and still the next call costs {figures.money(-extra)} less."
    more = f"{breaks}: the next call costs {figures.money(extra)} more"
    if saved <= 0:
        return f"{more}."
    calls = ceil(extra / saved)
    return f"{more}, paid back after {calls:,} {'call' if calls == 1 else 'calls'}."


def _count(history: Snapshot) -> int:
    return sum(len(sent_of(chunk)) for chunk in history.chunks)


def _same(one: Snapshot, other: Snapshot) -> bool:
    """Tell whether the same is sent of two histories; what they share is not looked at."""
    if len(one.chunks) == len(other.chunks):
        pairs = [(a, b) for a, b in zip(one.chunks, other.chunks, strict=True) if a is not b]
        if all(_sent(a) == _sent(b) for a, b in pairs):
            return True
    return [_said(unit) for unit in units_sent(one)] == [_said(unit) for unit in units_sent(other)]


def _sent(chunk: Chunk) -> list[tuple[int | None, bytes, bytes]]:
    return [_said(unit) for unit in sent_of(chunk)]


def _said(unit: Unit) -> tuple[int | None, bytes, bytes]:
    """Return what tells one unit that is sent from another."""
    return unit.row.blob, unit.row.hash, unit.text.hash
