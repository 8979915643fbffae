"""compile: turn the history at a commit into what a model is sent."""

from __future__ import annotations

from tract_nb.engine.context import CompiledContext, Messages
from tract_nb.engine.resolve import Resolved
from tract_nb.engine.tokens import context_size, message_size
from tract_nb.model.commit import from_us
from tract_nb.operations import names
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects


def compile_context(
    ws: Workspace, at: str | None = None, *, include_reasoning: bool = False
) -> CompiledContext:
    """Return the context at a commit; of HEAD without one."""
    number = names.commit_named(ws, at).id if at else ws.tip()
    history = ws.resolved(number)
    shown = tuple(unit for unit in history.shown if include_reasoning or unit.row.type != "reasoning")
    wanted = {row.blob for unit in shown for row in (unit.row, unit.text) if row.blob is not None}
    payloads = objects.blobs(ws.db, wanted)
    tokens, source = count(ws, number, history)
    if include_reasoning:
        tokens += sum(message_size(unit.text.tokens) for unit in shown if unit.row.type == "reasoning")
    details = objects.details(ws.db, [unit.row.id for unit in shown])
    return CompiledContext(
        head=ws.row(number).hash.hex() if number else "",
        messages=Messages(shown, payloads),
        token_count=tokens,
        token_source=source,
        budget=ws.budget,
        generation_configs=tuple(details[unit.row.id].generation_config for unit in shown),
        _times=tuple(from_us(unit.row.author_us) for unit in shown),
        _left_out=frozenset(
            unit.call.hex() for unit in history.units if unit.call is not None and not unit.shown
        ),
    )


def count(ws: Workspace, number: int, history: Resolved) -> tuple[int, str]:
    """Return the tokens of the context at a commit, and where the figure comes from.

    What a provider reported for the newest reply on the first-parent line, plus what was counted
    since; without a report all is counted.
    """
    counted = context_size(history.size)
    estimated = "estimate" if ws.counter.name == "estimate" else "tiktoken"
    found = objects.usage_before(ws.db, number) if number else None
    if found is None:
        return counted, estimated
    commit, usage = found
    reported = usage["input_tokens"] + usage["output_tokens"]
    if commit == number:
        return reported, "api"
    since = history.size - ws.row(commit).context
    return max(reported + since, 0), "api+estimate"
