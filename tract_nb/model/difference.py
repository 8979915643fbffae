"""Differences: what two commits' contexts have and have not in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from tract_nb.model.commit import HASH_SHOWN, preview
from tract_nb.model.table import Column, Table, cell_html

if TYPE_CHECKING:
    import pandas as pd


class Changes(Table):
    """What changed, one row a unit and a kind of change."""

    __slots__ = ()

    columns = (
        Column("change", "str", "added, removed, edited, reprioritised, covered or uncovered"),
        Column("commit", "str", "first 12 digits of the unit's hash"),
        Column("role", "str", "system, user, assistant or tool"),
        Column("type", "str", "content type"),
        Column("tokens", "int64", "what the change adds to the context, negative where it takes away"),
        Column("before", "str", "the text before in one line, or the priority"),
        Column("after", "str", "the text after in one line, or the priority"),
    )


@dataclass(frozen=True, slots=True)
class TextChange:
    """The text of one unit on both sides."""

    commit: str
    before: str
    after: str

    def lines(self) -> list[str]:
        """Return a unified diff, without its two head lines."""
        found = unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=2)
        return list(found)[2:]


@dataclass(frozen=True, slots=True, repr=False)
class Diff:
    """The difference between two commits' contexts.

    Parameters
    ----------
    a, b : str
        Their full hashes; empty where nothing is committed.
    changes : Changes
        What changed, in the order of the context.
    texts : tuple of TextChange
        The units whose text differs.
    tokens_a, tokens_b : int
        The counted sizes of both contexts.
    config : mapping
        Keys of the newest generation config that differ: ``{key: (before, after)}``.
    """

    a: str
    b: str
    changes: Changes
    texts: tuple[TextChange, ...]
    tokens_a: int
    tokens_b: int
    config: Mapping[str, tuple[Any, Any]]

    @property
    def tokens(self) -> int:
        """What the difference adds to the context."""
        return self.tokens_b - self.tokens_a

    def to_frame(self) -> pd.DataFrame:
        """Return the changes as a DataFrame."""
        return self.changes.to_frame()

    def __len__(self) -> int:
        return len(self.changes)

    @property
    def title(self) -> str:
        """Both sides and both sizes in one line."""
        sides = f"{self.a[:HASH_SHOWN] or 'nothing'} → {self.b[:HASH_SHOWN] or 'nothing'}"
        sign = "+" if self.tokens >= 0 else "−"
        return f"{sides}: {self.tokens_a:,} → {self.tokens_b:,} tokens ({sign}{abs(self.tokens):,})"

    def __repr__(self) -> str:
        lines = [self.title, *self._config_lines()]
        by_commit = {change.commit[:12]: change for change in self.texts}
        for change, commit, role, kind, tokens, before, after in self.changes:
            sign = {"added": "+", "removed": "−", "edited": "~"}.get(change, "·")
            said = f"{before} → {after}" if change == "reprioritised" else preview(after or before, 60)
            lines.append(f"{sign} {change:<13} {commit[:HASH_SHOWN]}  {role} {kind}, {tokens:+,}: {said}")
            if change == "edited" and commit in by_commit:
                lines += [f"    {line}" for line in by_commit[commit].lines()]
        return "\n".join(lines if len(lines) > 1 else [*lines, "no difference"])

    def _config_lines(self) -> list[str]:
        return [f"config {key}: {before!r} → {after!r}" for key, (before, after) in self.config.items()]

    def _repr_html_(self) -> str:
        return f"<pre>{cell_html(repr(self))}</pre>"
