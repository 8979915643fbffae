"""batch: all that is written inside is one operation, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tract_nb.engine.tokens import context_size
from tract_nb.operations.budget import check_budget
from tract_nb.operations.transaction import Transaction, in_own_batch, transaction
from tract_nb.operations.workspace import Workspace
from tract_nb.store import refs
from tract_nb.store.interrupts import deferred


@contextmanager
def batch(ws: Workspace, verb: str = "batch", args: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Make what is written inside one transaction and one operation, or nothing at all.

    A verb that is made of others writes its operation under its own name.
    """
    if in_own_batch(ws):
        yield  # a batch within a batch is part of it
        return
    tx: Transaction | None = None
    stood = ws.place
    try:
        with transaction(ws, verb, args) as tx:
            ws.batch = tx
            deferred.leave()  # between its verbs the stop button is heard
            try:
                yield
            finally:
                deferred.enter()
            ws.batch = None
            _check(ws, stood[-1])
    except BaseException:  # whatever dropped the batch, the handle stands where it stood
        # an interrupt is heard when the batch is left: then all of it is written, and stays
        if tx is None or tx.section is None or not tx.section.committed:
            ws.stand(stood)
        raise
    finally:
        ws.batch = None


def _check(ws: Workspace, before: int) -> None:
    """Hold what the batch made of the context against the budget."""
    # not ws.tip(): where nothing was written, nobody is asked where the handle stands
    after = refs.get(ws.db, ws.tract, f"{refs.HEADS}{ws.branch}") if ws.branch is not None else None
    if not after or after == before:
        return
    size = ws.row(after).context
    if ws.budget is not None and callable(ws.budget.action):
        if context_size(size) > ws.budget.max_tokens:
            ws.budget.action(context_size(size), ws.budget.max_tokens)
    else:
        check_budget(ws, size)
