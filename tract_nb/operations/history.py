"""log, show, expand: reading history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from tract_nb.engine.snapshot import Snapshot
from tract_nb.errors import ContentError, RefError
from tract_nb.model.commit import Commit, Kind, Row, to_us
from tract_nb.model.listing import Log
from tract_nb.operations import names, present
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs


def log(
    ws: Workspace,
    limit: int | None = None,
    *,
    branch: str | None = None,
    kind: Kind | str | None = None,
    content_type: str | None = None,
    role: str | None = None,
    since: datetime | str | None = None,
    all: bool = False,
) -> Log:
    """Return the commits of a branch, newest first; without ``all``, no MARKs and nothing folded away."""
    check_limit(limit)
    tip, name = _start(ws, branch)
    history = ws.snapshot(tip)
    wanted = _kind(kind)
    since_us = None if since is None else to_us(since)
    rows: list[Row] = []
    for row in history.newest:
        if limit is not None and len(rows) == limit:
            break
        if not all and wanted is None and hidden(row, history):
            continue
        if wanted is not None and row.kind != wanted:
            continue
        if content_type is not None and row.type != content_type:
            continue
        if role is not None and row.role != role:
            continue
        if since_us is not None and row.author_us < since_us:
            continue
        rows.append(row)
    return listed(ws, rows, history, dict.fromkeys((row.id for row in rows), name))


def check_limit(limit: Any) -> None:
    """Refuse what is no number of rows."""
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise ContentError(f"limit={limit!r} lists nothing.", "Give 0 or more, or nothing for all.")


def listed(ws: Workspace, rows: Iterable[Row], history: Snapshot, branch_of: dict[int, str | None]) -> Log:
    """Return rows as a log."""
    rows = list(rows)
    found, joins = present.contents(ws, rows), present.joined(ws, rows)
    return Log(tuple(present.log_row(row, branch_of.get(row.id), found, history.find, joins) for row in rows))


def hidden(row: Row, history: Snapshot) -> bool:
    """Tell whether a log leaves a commit out: a MARK, or what a summary covers and folds."""
    if row.kind == Kind.MARK:
        return True
    unit = history.find(row.identity) if row.is_unit else None
    return unit is not None and unit.covered


def _start(ws: Workspace, branch: str | None) -> tuple[int, str | None]:
    if branch is None:
        return ws.tip(), ws.branch
    branch = names.one_name(branch)
    number = refs.get(ws.db, ws.tract, refs.HEADS + branch)
    if number is None:
        return names.commit_named(ws, branch).id, None
    return number, branch


def _kind(kind: Kind | str | None) -> Kind | None:
    if kind is None or isinstance(kind, Kind):
        return kind
    try:
        return Kind[kind.upper()]
    except KeyError as error:
        known = ", ".join(member.name.lower() for member in Kind)
        raise ContentError(f"Unknown kind {kind!r}.", f"It is one of {known}.") from error


def show(ws: Workspace, name: Any) -> Commit:
    """Return one commit, whole."""
    return replace(present.commits(ws, [names.commit_named(ws, name)])[0], whole=True)


def expand(ws: Workspace, target: Any) -> Log:
    """Return the commits that a summary stands for, oldest first, as a log."""
    wanted = names.names_in(target)
    if len(wanted) != 1:
        raise RefError(f"expand takes one summary, not {len(wanted)}.", "Name one commit.")
    history = ws.snapshot(ws.tip())
    row = names.commit_named(ws, wanted[0])
    if row.kind != Kind.SUMMARY:
        raise RefError(f"{wanted[0]} is no SUMMARY, so it covers nothing.", "log(kind='summary') lists them.")
    if not history.has(row.id):
        history = ws.snapshot(row.id)
    covered = sorted(unit.row for target in row.targets if (unit := history.find(target)) is not None)
    return listed(ws, covered, history, dict.fromkeys((row.id for row in covered), ws.branch))
