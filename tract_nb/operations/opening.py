"""open: find or make a tract in a database, and stand on its branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tract_nb.engine.tokens import ESTIMATE, TiktokenCounter, TokenCounter
from tract_nb.errors import RefError, StoreError, TractError
from tract_nb.model.budget import TokenBudget
from tract_nb.model.message import Compiler
from tract_nb.model.price import Prices
from tract_nb.operations.branches import check_name
from tract_nb.operations.workspace import Clock, Notice, Workspace
from tract_nb.store import objects, oplog, refs
from tract_nb.store.database import Database

MAIN = "main"
DEFAULT = "default"


def open_workspace(
    db: Database,
    *,
    name: str = DEFAULT,
    branch: str | None = None,
    model: str | None = None,
    token_budget: TokenBudget | None = None,
    verify_cache: bool = False,
    prices: Prices | None = None,
    compiler: Compiler | None = None,
    clock: Clock | None = None,
    token_counter: TokenCounter | None = None,
    actor: str = "user",
) -> Workspace:
    """Return a workspace on a tract of a database; a tract that is not there is made.

    Model and budget are kept with the tract, so that the same path opens the same context.
    """
    if not name or len(name) > 200 or any(not character.isprintable() for character in name):
        raise TractError(f"{name!r} cannot name a tract.", "Use up to 200 printable characters.")
    if branch is not None:
        check_name(branch)
    with db.read():
        found = refs.tract_named(db, name)
        settings = _stored(found.settings, name) if found else {}
        wanted = {**settings, **_settings(model, token_budget)}
        counter = token_counter or TiktokenCounter(wanted.get("model"))
        # running sizes are in the encoding that the tract began with, so it keeps it
        wanted.setdefault("encoding", counter.name)
        encoding = objects.encoding_number(db, wanted["encoding"])
    notices = []
    while db.notes:
        notices.append(Notice(db.notes.pop(0), is_warning=True))
    if not db.has_wal:
        text = f"{db.name} stands where SQLite cannot keep its log (a network drive?): one writer at a time."
        notices.append(Notice(text, is_warning=True))
    if counter.name != wanted["encoding"]:
        text = f"{name} is counted in {wanted['encoding']}, as it began, not in {counter.name}."
        notices.append(Notice(text, is_warning=True))
        counter = TiktokenCounter(encoding=wanted["encoding"])
        if counter.name == ESTIMATE and wanted["encoding"] != ESTIMATE:
            text = f"{wanted['encoding']} cannot be loaded here: new texts are estimated by their length."
            notices.append(Notice(text, is_warning=True))
    ws = Workspace(
        db,
        tract=found.id if found else 0,
        name=name,
        counter=counter,
        encoding=encoding or 0,
        clock=clock,
        actor=actor,
        verify_cache=verify_cache,
        model=wanted.get("model"),
        prices=prices,
        compiler=compiler,
        budget=token_budget or _budget(settings),
        notices=notices,
    )
    differs = found is None or wanted != settings or encoding is None
    # in one transaction: where it cannot stand where it was asked to, nothing was made
    with db.write() if differs and not db.read_only else db.read():
        if differs:
            _store(ws, branch, wanted)
        _stand(ws, branch)
    return ws


def _stored(text: str, name: str) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StoreError(
            f"The settings of {name} are damaged: {text!r:.60}.", "`tract rescue` exports what can be read."
        ) from error
    return settings


def _settings(model: str | None, budget: TokenBudget | None) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if model is not None:
        kept["model"] = model
    if budget is not None and isinstance(budget.action, str):
        kept["budget"] = {"max_tokens": budget.max_tokens, "action": budget.action}
    return kept


def _budget(settings: Mapping[str, Any]) -> TokenBudget | None:
    kept = settings.get("budget")
    return TokenBudget(kept["max_tokens"], kept["action"]) if kept else None


def _store(ws: Workspace, branch: str | None, settings: Mapping[str, Any]) -> None:
    """Write a new tract, or the changed settings of an old one."""
    if ws.db.read_only:
        if not ws.tract:
            raise TractError(
                f"There is no tract {ws.name!r} in {ws.db.name}.", "Session(path).tracts() lists them."
            )
        return
    text = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode()
    ws.encoding = objects.put_encoding(ws.db, settings["encoding"])
    found = refs.tract_named(ws.db, ws.name)  # another process may have made it meanwhile
    if found is not None:
        ws.tract = found.id
        refs.set_settings(ws.db, ws.tract, text)
    else:
        at = max(ws.now_us(), oplog.last_at(ws.db) + 1)
        ws.tract = refs.add_tract(ws.db, ws.name, branch or MAIN, at, text)


def _stand(ws: Workspace, branch: str | None) -> None:
    """Stand on a branch: the one asked for, else the one the tract opens on."""
    found = refs.tract_named(ws.db, ws.name)
    assert found is not None
    heads = refs.all_of(ws.db, ws.tract, refs.HEADS)
    if branch is not None and branch not in heads:
        raise RefError(f"{ws.name} has no branch {branch}.", f"It has {', '.join(heads) or 'none'}.")
    ws.branch = branch or found.open_branch
    ws.look()
