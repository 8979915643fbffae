"""The workspace: what one handle on a tract knows and shares with every verb."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tract_nb.engine.linear import linear
from tract_nb.engine.snapshot import EMPTY, Snapshot
from tract_nb.engine.tokens import TokenCounter
from tract_nb.errors import RefError, StoreError, TractError
from tract_nb.model.budget import TokenBudget
from tract_nb.model.commit import Row, from_us, to_us
from tract_nb.model.conflict import Proposer
from tract_nb.model.content import Content
from tract_nb.model.custom import CustomType
from tract_nb.model.message import Compiler
from tract_nb.model.price import Prices
from tract_nb.model.summariser import Expects, Summariser
from tract_nb.store import collected, objects, refs
from tract_nb.store.database import Database
from tract_nb.store.objects import Details

if TYPE_CHECKING:
    from tract_nb.operations.transaction import Transaction

ROWS_KEPT = 4096
#: resolved histories that a handle keeps: those asked for, and those just written; they share all but
#: what differs
ASKED_KEPT, GROWN_KEPT = 64, 16
CLOCK_VARIABLE = "TRACT_NB_CLOCK"

Clock = Callable[[], datetime]
#: where a handle stands: branch, detached commit, branch before, the tip it has seen
Place = tuple[str | None, int, str | None, int]


class Notice(NamedTuple):
    """Something a verb has to say besides its result; a warning where it may be unwelcome."""

    text: str
    is_warning: bool = False


class Written(NamedTuple):
    """A commit just written, with what would have to be read again to show it."""

    number: int
    content: Content | None
    details: Details


@dataclass
class Workspace:
    """A handle's state: where it stands, and what every verb needs.

    ``branch`` is None where the handle stands on a commit (detached), which is then ``detached``.
    ``seen`` is the tip this handle last gave its caller; a write is refused where it is not the
    tip any more.
    """

    db: Database
    tract: int
    name: str
    counter: TokenCounter
    encoding: int
    clock: Clock | None = None
    actor: str = "user"
    budget: TokenBudget | None = None
    model: str | None = None
    prices: Prices | None = None
    compiler: Compiler | None = None
    proposer: Proposer | None = None  # asks a model to settle conflicts
    summariser: Summariser | None = None  # asks a model to write summaries
    expects: Expects | None = None  # tells what that would take
    has_writer: Callable[[], bool] = bool  # whether a model is set that it would ask
    branch: str | None = None
    detached: int = 0
    previous: str | None = None
    seen: int = 0
    batch: Transaction | None = None  # while one is open
    types: dict[str, CustomType] = field(default_factory=dict)
    verify_cache: bool = False
    notices: list[Notice] = field(default_factory=list)
    written: Written | None = None  # the last commit of this handle
    #: how far two commits are apart, which never changes: ahead and behind
    apart: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _generation: int = 0  # how many rollbacks this database had when the rest was kept
    _rows: dict[int, Row] = field(default_factory=dict)
    _asked: OrderedDict[bytes, Snapshot] = field(default_factory=OrderedDict)
    _grown: OrderedDict[bytes, Snapshot] = field(default_factory=OrderedDict)

    def say(self, text: str) -> None:
        """Keep something to say once the verb is done."""
        self.notices.append(Notice(text))

    def warn(self, text: str) -> None:
        """Keep a warning to give once the verb is done."""
        self.notices.append(Notice(text, is_warning=True))

    def count(self, text: str) -> int:
        """Return the tokens of a text; a blank one is never sent, whatever a counter of one's own says."""
        return self.counter.count(text) if text.strip() else 0

    def now_us(self) -> int:
        """Return the clock's time in microseconds since the epoch."""
        if self.clock is not None:
            return to_us(self.clock())
        frozen = os.environ.get(CLOCK_VARIABLE)
        if frozen:
            try:
                return to_us(datetime.fromisoformat(frozen))
            except ValueError as error:
                raise TractError(
                    f"{CLOCK_VARIABLE}={frozen!r} is no time.", "Write it as ISO 8601."
                ) from error
        return time.time_ns() // 1000

    def tip(self) -> int:
        """Return the commit the handle stands on, as the store has it now; 0 without one."""
        if self.branch is None:
            self.db.notice_collected(collected.newest(self.db))
            return self.detached
        found = refs.get(self.db, self.tract, refs.HEADS + self.branch)
        return self._moved_off() if found is None else found

    def look(self) -> None:
        """Take the branch as it is now for what this handle's caller knows: writes go on top of it."""
        self.seen = self.tip()

    def _moved_off(self) -> int:
        """Step to the tract's first branch, since the handle's own is gone."""
        heads = refs.all_of(self.db, self.tract, refs.HEADS)
        if not heads:
            raise RefError(f"The tract {self.name} has no branch left.", "Use undo to bring one back.")
        gone, (self.branch, found) = self.branch, next(iter(heads.items()))
        self.warn(f"The branch {gone} is gone; HEAD is on {self.branch} now.")
        return found

    @property
    def place(self) -> Place:
        """Where the handle stands, for :meth:`stand`."""
        return self.branch, self.detached, self.previous, self.seen

    def stand(self, place: Place) -> None:
        """Stand somewhere: elsewhere, or again where a verb that failed began."""
        self.branch, self.detached, self.previous, self.seen = place

    def row(self, number: int) -> Row:
        """Return a commit that is known to be there."""
        if self._generation != self.db.rollbacks:
            self.forget()
        found = self._rows.get(number)
        if found is None:
            found = objects.row(self.db, number)
            if found is None:
                raise self._missing(number)
            self.keep(found)
        return found

    def _missing(self, number: int) -> RefError:
        """Return the error for a commit that is not there: collected, or lost."""
        at = collected.commit_at(self.db, number)
        if at is None:
            return RefError(f"The commit number {number} is not in this database.", "Run verify.")
        return RefError(
            f"What stood there was collected on {from_us(at):%Y-%m-%d}: nothing led to it any more.",
            "See operations for when it left the branch; gc() says what it keeps.",
        )

    def keep(self, row: Row) -> None:
        """Keep a commit's row at hand: it never changes."""
        if len(self._rows) >= ROWS_KEPT:
            self._rows.clear()
        self._rows[row.id] = row

    def snapshot(self, number: int) -> Snapshot:
        """Return the resolved history at a commit, from the cache where it is there."""
        if not number:
            return EMPTY
        digest = self.row(number).hash
        cached = self.cached(digest)
        if cached is None:
            cached = self.cold(number)
        elif self.verify_cache:
            self._verify(cached, number)
        _keep(self._asked, digest, cached, ASKED_KEPT)
        return cached

    def cold(self, number: int, *, settle: bool = False) -> Snapshot:
        """Return the history at a commit, resolved anew."""
        return Snapshot.of(linear(objects.history(self.db, number), number), settle=settle)

    def _verify(self, warm: Snapshot, number: int) -> None:
        """Hold a cached snapshot against one that is resolved anew."""
        cold = self.cold(number)
        if warm.size != cold.size or list(warm.units) != list(cold.units) or warm.rows != cold.rows:
            raise StoreError(
                f"The cache of commit number {number} differs from what its history resolves to.",
                "This is a fault of tract_nb: please report it. Reopen the tract to go on.",
            )

    def forget(self) -> None:
        """Let all that was resolved or kept go."""
        self._asked.clear()
        self._grown.clear()
        self._rows.clear()
        self.apart.clear()
        self.written = None
        self._generation = self.db.rollbacks

    def cached(self, digest: bytes) -> Snapshot | None:
        """Return a resolved history only if it is there."""
        if self._generation != self.db.rollbacks:
            self.forget()
        return self._asked.get(digest) or self._grown.get(digest)

    def remember(self, digest: bytes, snapshot: Snapshot) -> None:
        """Keep the history at a commit just written.

        Apart from those that were asked for, so that many commits do not drive these out.
        """
        _keep(self._grown, digest, snapshot, GROWN_KEPT)


def _keep(kept: OrderedDict[bytes, Snapshot], digest: bytes, snapshot: Snapshot, most: int) -> None:
    """Keep a history as the one used last, and let the one longest unused go."""
    kept[digest] = snapshot
    kept.move_to_end(digest)
    while len(kept) > most:
        kept.popitem(last=False)
