"""Where a unit comes from: what stands behind it, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass

from tract_nb.model.table import UTC, Column, Table


@dataclass(frozen=True, slots=True, repr=False)
class Provenance(Table):
    """What stands behind a unit: of a summary the units that it covers, of any other its texts in turn.

    Parameters
    ----------
    commit : str
        The unit's full hash.
    made : dict
        How it was made, as far as that was kept: strategy, prompt, model, tokens, cost, who approved.
    """

    commit_hash: str = ""
    made: tuple[tuple[str, str], ...] = ()

    columns = (
        Column("commit", "str", "the first 12 digits of its hash"),
        Column("kind", "str", "append or summary: a covered unit; edit: a later text; mask: one that masks"),
        Column("role", "str", "system, user, assistant or tool"),
        Column("tokens", "int64", "tokens of its text"),
        Column("time", UTC, "author time"),
        Column("preview", "str", "its text in one line of at most 80 characters"),
    )

    def __repr__(self) -> str:
        facts = [f"{name}: {value}" for name, value in self.made]
        return "\n".join([*facts, Table.__repr__(self)])
