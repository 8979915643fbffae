"""What sending a context would cost, as far as the calls recorded so far tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, takewhile

from tract_nb.engine.chunks import Chunk
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import context_size
from tract_nb.errors import TractError
from tract_nb.model.price import Price
from tract_nb.operations.compiling import count
from tract_nb.operations.workspace import Workspace
from tract_nb.store.usage import usage_before


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a context is, and what sending it would cost.

    Parameters
    ----------
    tokens : int
        As the provider would count it: the ``token_count`` of a compile.
    cached : int
        How many of them, from the start, the provider has in its cache, as of the last call recorded.
    next : float or None
        Price of the next call's input in US dollars: what is cached is read, the rest written to the
        cache. None where no price is known.
    later : float or None
        Price of the input of each call after it, as long as nothing changes.
    """

    tokens: int
    cached: int
    next: float | None
    later: float | None


@dataclass(frozen=True, slots=True)
class LastCall:
    """The last call recorded on a line, and whose prices count.

    Parameters
    ----------
    tip : int
        The commit whose outlook is asked for.
    source : str
        Where the count at the tip comes from, as in a compile.
    beyond : int
        By how much the provider's count of the call and its reply was more than the units' own.
    reach : int
        How far the provider's cache went after the call, in tokens: what it read and what it wrote.
    sent : Snapshot or None
        The history at the call's reply; None where no call is recorded.
    at_us : int
        The reply's author time.
    model : str or None
        The tract's own, else the one that replied.
    price : Price or None
        Of that model.
    missing : str
        Why no price is known; empty where one is.
    """

    tip: int
    source: str
    beyond: int = 0
    reach: int = 0
    sent: Snapshot | None = field(default=None, repr=False)
    at_us: int = 0
    model: str | None = None
    price: Price | None = None
    missing: str = ""

    @property
    def unrecorded(self) -> int:
        """Tokens that the provider counted and no unit explains, before all units: its prompt and tools."""
        return max(self.beyond, 0)

    @property
    def uses_cache(self) -> bool:
        """Whether the call read from a cache or wrote to it."""
        return self.reach > 0

    def outlook(self, history: Snapshot) -> Outlook:
        """Return what it would cost to send a history: the tip's, or what a change makes of it."""
        return self.outlook_of(history.size, units_sent(history))

    def outlook_of(self, size: int, begins: Iterable[Unit]) -> Outlook:
        """Return what it would cost to send a history of a size, of which it is known how it begins.

        ``begins`` may end at the first unit that has not been sent by anybody yet: no cache goes beyond.
        """
        tokens = max(context_size(size) + self.beyond, 0)
        cached = min(self._cached(begins), tokens)
        if self.price is None:
            return Outlook(tokens, cached, None, None)
        rate = self.price.cache_write if self.uses_cache else self.price.input
        again = self.price.cached if self.uses_cache else self.price.input
        first = cached * self.price.cached + (tokens - cached) * rate
        return Outlook(tokens, cached, first, tokens * again if self.sent else None)

    def _cached(self, begins: Iterable[Unit]) -> int:
        """Return how much of what is sent, from its start, is what the last call has left in the cache.

        Its reply is not: the call after it is the first to send that.
        """
        if self.sent is None or not self.uses_cache:
            return 0
        same = self.unrecorded
        for unit, sent in zip(begins, _before_reply(self.sent), strict=False):
            if same >= self.reach or (unit.row.blob, unit.text.blob) != (sent.row.blob, sent.text.blob):
                break
            same += unit.size
        return min(same, self.reach)


def units_sent(history: Snapshot) -> Iterator[Unit]:
    """Return the units that a provider is sent: no thoughts, nothing blank."""
    return chain.from_iterable(map(sent_of, history.chunks))


def _before_reply(history: Snapshot) -> Iterator[Unit]:
    """Return what was sent for the reply that a history ends with: all but the assistant's last turn."""
    total = sum(len(sent_of(chunk)) for chunk in history.chunks)
    newest = chain.from_iterable(reversed(sent_of(chunk)) for chunk in reversed(history.chunks))
    reply = sum(1 for _ in takewhile(lambda unit: unit.row.role == "assistant", newest))
    return islice(units_sent(history), total - reply)


def sent_of(chunk: Chunk) -> tuple[Unit, ...]:
    """Return the units of a chunk that a provider is sent."""
    found: tuple[Unit, ...] | None = chunk.notes.get("sent")
    if found is None:
        found = chunk.notes["sent"] = tuple(u for u in chunk.shown(reasoning=False) if u.text.tokens)
    return found


def last_call(ws: Workspace, tip: int | None = None) -> LastCall:
    """Return the last call recorded on the line of HEAD, and what HEAD's context counts as; or of a tip."""
    tip = ws.tip() if tip is None else tip
    _, source = count(ws, tip, ws.snapshot(tip))
    found = usage_before(ws.db, tip) if tip else None
    model = ws.model or (found.model if found else None)
    price, missing = priced(ws, model)
    if found is None:
        return LastCall(tip, source, model=model, price=price, missing=missing)
    reply = ws.row(found.commit)
    return LastCall(
        tip,
        source,
        beyond=found.usage.total_tokens - context_size(reply.context),
        reach=found.usage.cached_tokens + found.usage.cache_write_tokens,
        sent=ws.snapshot(found.commit),
        at_us=reply.author_us,
        model=model,
        price=price,
        missing=missing,
    )


def priced(ws: Workspace, model: str | None) -> tuple[Price | None, str]:
    """Return a model's price, or why there is none."""
    if model is None:
        return None, "No model is named, so no price is known."
    if ws.prices is None:
        return None, "No prices are at hand."
    try:
        return ws.prices(model), ""
    except TractError as error:
        return None, error.message
