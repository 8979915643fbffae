"""compile: turn the history at a commit into what a model is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tract_nb.engine.context import CompiledContext
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import ESTIMATE, context_size, message_size
from tract_nb.errors import ContentError, RefError
from tract_nb.model.commit import HASH_SHOWN, from_us, to_us
from tract_nb.model.listing import counted
from tract_nb.operations import names
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects, oplog, refs
from tract_nb.store.collected import NOTHING
from tract_nb.store.usage import usage_before


@dataclass(frozen=True)
class StoreReader:
    """Reads what a context shows when it is looked at: what it reads is never changed."""

    ws: Workspace
    number: int

    def payloads(self, groups: Sequence[Sequence[int]]) -> Sequence[Mapping[int, bytes]]:
        """Return stored bytes by blob number, for each group."""
        with self.ws.db.read():
            found = objects.groups_of_blobs(self.ws.db, groups)
        for wanted, texts in zip(groups, found, strict=True):
            if len(texts) < len(wanted) or NOTHING in texts.values():
                raise RefError(
                    "This context was compiled before gc took its commits away, and its texts with them.",
                    "Compile again.",
                )
        return found

    def configs(self, numbers: Iterable[int]) -> Mapping[int, Mapping[str, Any] | None]:
        """Return generation configs by commit number."""
        with self.ws.db.read():
            found = objects.details(self.ws.db, list(numbers))
        return {number: details.generation_config for number, details in found.items()}

    def last_sent(self) -> Snapshot | None:
        """Return the history that the last reported call on this line was made with."""
        with self.ws.db.read():
            found = usage_before(self.ws.db, self.number) if self.number else None
            return self.ws.snapshot(found.commit) if found else None


def compile_context(
    ws: Workspace,
    at: Any = None,
    *,
    at_time: datetime | str | None = None,
    order: Any = None,
    include_reasoning: bool = False,
) -> CompiledContext:
    """Return the context at a commit, of HEAD without one, or as it was at a time."""
    if at is not None and at_time is not None:
        raise ContentError("at and at_time both say which commit.", "Give one of them.")
    if at_time is not None:
        number = commit_at(ws, to_us(at_time))
    else:
        number = ws.tip() if at is None else names.commit_named(ws, at).id
    history = ws.snapshot(number)
    tokens, source = count(ws, number, history)
    if include_reasoning:
        thoughts = sum(message_size(unit.text.tokens) for unit in history.shown if unit.is_reasoning)
        tokens += context_size(history.size + thoughts) - context_size(history.size)
    context = CompiledContext(
        head=history.last.hash.hex() if number else "",
        snapshot=history
        if order is None
        else ordered(ws, history, order, include_reasoning=include_reasoning),
        include_reasoning=include_reasoning,
        token_count=tokens,
        token_source=source,
        budget=ws.budget,
        history=history,
        reader=StoreReader(ws, number),
        model=ws.model,
        prices=ws.prices,
    )
    if ws.batch is not None:
        context.load()  # a batch may be rolled back, and its numbers be given again
    return context


def custom(ws: Workspace, context: CompiledContext) -> CompiledContext:
    """Return a context as the tract's own compiler makes it, counted anew."""
    if ws.compiler is None:
        return context
    messages = tuple(ws.compiler(context.messages))
    tokens = context_size(sum(message_size(ws.count(message.text)) for message in messages))
    source = ESTIMATE if ws.counter.name == ESTIMATE else "tiktoken"
    return replace(context, own_messages=messages, token_count=tokens, token_source=source)


def ordered(ws: Workspace, history: Snapshot, order: Any, *, include_reasoning: bool) -> Snapshot:
    """Return a history with what it shows in another order; nothing is committed.

    Raises
    ------
    RefError
        If the order leaves out a shown unit, names one twice, or one that is not shown.
    """
    shown = {unit.identity: unit for unit in history.shown if include_reasoning or not unit.is_reasoning}
    wanted = units_in(ws, history, order)
    given = [unit.identity for unit in wanted]
    for unit in wanted:
        if unit.identity not in shown:
            raise RefError(
                f"{_short(unit)} does not compile, so it has no place in an order.", "See compile()."
            )
    doubled = [unit for unit in wanted if given.count(unit.identity) > 1]
    if doubled:
        raise RefError(f"{_short(doubled[0])} stands in the order twice.", "Name each unit once.")
    missing = [unit for identity, unit in shown.items() if identity not in set(given)]
    if missing:
        raise RefError(
            f"The order leaves out {counted(len(missing), 'unit')}, {_short(missing[0])} first.",
            "Name every unit of compile().commit_hashes.",
        )
    return history.reordered(wanted)


def units_in(ws: Workspace, history: Snapshot, order: Any) -> list[Unit]:
    """Return the units that an order names."""
    return [names.unit_named(ws, history, name) for name in names.names_in(order)]


def _short(unit: Unit) -> str:
    return unit.row.hash.hex()[:HASH_SHOWN]


def commit_at(ws: Workspace, at: int) -> int:
    """Return where the branch stood at a time, in microseconds since the epoch.

    After its last operation recorded by then; before the first one, as far as the imported history
    goes whose times, the latest so far, are not after it.
    """
    if ws.branch is None:
        raise RefError("HEAD is detached, so it has no past of its own.", "Switch to a branch.")
    ref = refs.HEADS + ws.branch
    tip = oplog.tip_at(ws.db, ws.tract, ref, at)
    if tip is not None:
        return tip
    first = oplog.first_tip(ws.db, ws.tract, ref)
    found = 0
    for row in ws.snapshot(first).rows if first else ():
        if row.author_us > at:
            break
        found = row.id
    if not found:
        when = from_us(at).strftime("%Y-%m-%d %H:%M:%S")
        raise RefError(f"{ws.branch} has nothing as old as {when} UTC.", "log() shows its times.")
    return found


def count(ws: Workspace, number: int, history: Snapshot) -> tuple[int, str]:
    """Return the tokens of the context at a commit, and where the figure comes from.

    What a provider reported for the newest reply on the first-parent line, plus what was counted
    since; without a report all is counted.
    """
    counted = context_size(history.size)
    found = usage_before(ws.db, number) if number else None
    if found is None:
        return counted, ESTIMATE if ws.counter.name == ESTIMATE else "tiktoken"
    reported = found.usage.total_tokens
    if found.commit == number:
        return reported, "api"
    since = counted - context_size(ws.row(found.commit).context)
    return max(reported + since, 0), "api+estimate"
