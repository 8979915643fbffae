"""gc: take away what nothing leads to any more, and texts that a summary has stood for for long."""

from __future__ import annotations

from typing import Any, NamedTuple

from tract_nb.errors import ContentError, StoreError
from tract_nb.model.collection import Collected
from tract_nb.model.commit import HASH_TAKEN, Kind, Row, from_us
from tract_nb.operations import archive, names
from tract_nb.operations.transaction import in_own_batch, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import collected, objects, oplog, reach, refs, reviews, rewriting
from tract_nb.store.reach import End

DAY_US = 86_400_000_000
KINDS = {int(kind): kind.name.lower() for kind in Kind}
MOST_DAYS = 100_000
YOUNG_US = DAY_US  # what was recorded since is never taken: somebody may be writing on top of it


class Plan(NamedTuple):
    """What gc would take away.

    Commits by rising number, their texts that no other commit has (by blob, with bytes), and texts of
    commits that stay (by blob, with what covers them).
    """

    dead: list[int]
    free: dict[int, int]
    covered: dict[int, archive.Text]


def gc(
    ws: Workspace,
    *,
    keep_days: float = 7,
    archive_days: float = 30,
    branch: str | None = None,
    dry_run: bool = False,
    vacuum: bool = False,
) -> Collected:
    """Take away commits that nothing leads to and texts that are covered for long; return what went.

    A dry run writes nothing and returns what would go.
    """
    check_days("keep_days", keep_days)
    check_days("archive_days", archive_days)
    refuse_in_batch(ws, "gc")
    if dry_run:
        with ws.db.read():
            return _told(ws, _plan(ws, keep_days, archive_days, branch), done=False)
    args: dict[str, Any] = {}
    with transaction(ws, "gc", args) as tx:
        plan = _plan(ws, keep_days, archive_days, branch)
        told = _told(ws, plan, done=True)
        if told.rows:
            at = tx.tick()
            archive.take(ws, plan.covered, at)
            collected.take_commits(ws.db, plan.dead, plan.free, at)
            args.update(commits=told.commits, texts=told.texts, bytes=told.size)
            tx.listed = True
    if told.rows:
        ws.db.rollbacks += 1  # whoever kept something by number looks anew
    if vacuum:
        try:
            told = told.with_room(rewriting.rewrite(ws.db)[0])
        except StoreError as error:  # what went is gone all the same
            ws.warn(f"The file was not written anew: {error.message}")
    return told


def check_days(name: str, days: Any) -> None:
    """Refuse what is no number of days."""
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 <= days <= MOST_DAYS:
        raise ContentError(f"{name}={days!r} is no number of days.", f"Give 0 to {MOST_DAYS:,}.")


def refuse_in_batch(ws: Workspace, verb: str) -> None:
    """Refuse a verb that cannot be taken back where a batch may be."""
    if in_own_batch(ws):
        raise ContentError(
            f"{verb} cannot be part of a batch: it cannot be taken back.", "Leave the batch first."
        )


def _plan(ws: Workspace, keep_days: float, archive_days: float, branch: str | None) -> Plan:
    now = ws.now_us()
    kept = roots(ws, now - round(keep_days * DAY_US), now - YOUNG_US)
    reached = reach.behind(ws.db, kept)
    dead = [number for number in reach.all_numbers(ws.db) if number not in reached]
    only: set[int] | None = None
    if branch is not None:
        only = _of_branch(ws, names.one_name(branch))
        dead = [number for number in dead if number in only]
    covered = archive.covered_long(ws, kept, now - round(archive_days * DAY_US), only)
    return Plan(dead, collected.texts_alone(ws.db, dead), covered)


def roots(ws: Workspace, since: int, young: int) -> set[int]:
    """Return the commits that are kept with all behind them.

    Where branches and tags of all tracts stand, and links; ends of operations recorded since a time,
    unless a later hard reset dropped them; what was recorded since another; where this handle stands;
    what pending reviews would join.
    """
    kept = reach.standing(ws.db) | reach.recorded_since(ws.db, young) | _ends(ws, since)
    kept |= reviews.sources(ws.db)
    if ws.branch is None and ws.detached:
        kept.add(ws.detached)
    return kept


def _ends(ws: Workspace, since: int) -> set[int]:
    """Return the ends of operations since a time that no later hard reset dropped."""
    taken_back: dict[int, set[int]] = {}
    dropped: list[tuple[End, set[int]]] = []
    for reset in reach.hard_resets(ws.db, since):
        back = taken_back.setdefault(reset.tract, oplog.taken_back(ws.db, reset.tract))
        if reset.op not in back and reset.old:
            dropped.append((reset, reach.behind(ws.db, [reset.old])))
    kept: set[int] = set()
    for end in reach.ends_since(ws.db, since):
        later = [
            (reset, behind)
            for reset, behind in dropped
            if (reset.tract, reset.ref) == (end.tract, end.ref) and reset.op >= end.op
        ]
        if end.old and not any(end.old in behind for _, behind in later):
            kept.add(end.old)
        if end.new and not any(end.new in behind for reset, behind in later if reset.op > end.op):
            kept.add(end.new)
    return kept


def _of_branch(ws: Workspace, branch: str) -> set[int]:
    """Return the commits that a branch of this tract stands or ever stood on, with all behind them."""
    ref = refs.HEADS + branch
    moves = oplog.moves_of(ws.db, ws.tract, ref, -1)
    tip = refs.get(ws.db, ws.tract, ref)
    if tip is None and not moves:
        names.commit_named(ws, branch)  # a better error where it is a commit
        raise ContentError(f"{branch} is no branch.", "branches() lists them.")
    ends = {number for move in moves for number in (move.old, move.new) if number}
    return reach.behind(ws.db, ends | ({tip} if tip else set()))


def _told(ws: Workspace, plan: Plan, *, done: bool) -> Collected:
    """Return what goes as a table: the commits, then the texts."""
    dead = objects.rows(ws.db, plan.dead)
    sizes = dict(plan.free)  # the bytes of a text are counted once
    rows = [
        _row(dead[number], "commit", sizes.pop(dead[number].blob or 0, 0), "nothing leads to it")
        for number in plan.dead
    ]
    lengths = collected.lengths(ws.db, plan.covered)
    rows += [_row(text.row, "text", lengths[blob], text.why) for blob, text in plan.covered.items()]
    return Collected(tuple(rows), done=done)


def _row(row: Row, what: str, size: int, why: str) -> tuple[Any, ...]:
    return (
        row.hash.hex()[:HASH_TAKEN],
        what,
        KINDS[row.kind],
        row.type,
        row.role,
        row.tokens,
        size,
        from_us(row.author_us),
        why,
    )
