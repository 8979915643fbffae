"""compile: turn the history at a commit into what a model is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tract_nb.engine.context import CompiledContext
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import ESTIMATE, context_size, message_size
from tract_nb.operations import names
from tract_nb.operations.workspace import Workspace
from tract_nb.store import objects
from tract_nb.store.database import Database


@dataclass(frozen=True)
class StoreReader:
    """Reads what a context shows when it is looked at: what it reads is never changed."""

    db: Database

    def payloads(self, numbers: Iterable[int]) -> Mapping[int, bytes]:
        """Return stored bytes by blob number."""
        with self.db.read():
            return objects.blobs(self.db, numbers)

    def configs(self, numbers: Iterable[int]) -> Mapping[int, Mapping[str, Any] | None]:
        """Return generation configs by commit number."""
        with self.db.read():
            found = objects.details(self.db, list(numbers))
        return {number: details.generation_config for number, details in found.items()}


def compile_context(
    ws: Workspace, at: str | None = None, *, include_reasoning: bool = False
) -> CompiledContext:
    """Return the context at a commit; of HEAD without one."""
    number = names.commit_named(ws, at).id if at else ws.tip()
    history = ws.snapshot(number)
    tokens, source = count(ws, number, history)
    if include_reasoning:
        tokens += sum(message_size(unit.text.tokens) for unit in history.shown if unit.is_reasoning)
    return CompiledContext(
        head=history.last.hash.hex() if number else "",
        snapshot=history,
        include_reasoning=include_reasoning,
        token_count=tokens,
        token_source=source,
        budget=ws.budget,
        reader=StoreReader(ws.db),
    )


def count(ws: Workspace, number: int, history: Snapshot) -> tuple[int, str]:
    """Return the tokens of the context at a commit, and where the figure comes from.

    What a provider reported for the newest reply on the first-parent line, plus what was counted
    since; without a report all is counted.
    """
    counted = context_size(history.size)
    found = objects.usage_before(ws.db, number) if number else None
    if found is None:
        return counted, ESTIMATE if ws.counter.name == ESTIMATE else "tiktoken"
    commit, usage = found
    reported = usage["input_tokens"] + usage["output_tokens"]
    if commit == number:
        return reported, "api"
    since = history.size - ws.row(commit).context
    return max(reported + since, 0), "api+estimate"
