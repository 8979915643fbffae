"""The token budget of a tract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tract_nb.errors import TractError


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """How many tokens the compiled context may have, and what happens beyond.

    Parameters
    ----------
    max_tokens : int
        The most tokens.
    action : {"warn", "reject"} or callable
        What a verb that goes beyond it does: warn, write nothing and raise, or ask
        ``action(tokens, max_tokens)`` first, which may raise.
    """

    max_tokens: int
    action: str | Callable[[int, int], None] = field(default="warn")

    def __post_init__(self) -> None:
        if not isinstance(self.max_tokens, int):
            raise TractError(f"{self.max_tokens!r} is no number of tokens.", "Give a positive number.")
        if self.max_tokens <= 0:
            raise TractError(
                f"A budget of {self.max_tokens} tokens holds nothing.", "Give a positive number."
            )
        if not callable(self.action) and self.action not in ("warn", "reject"):
            raise TractError(f"Unknown action {self.action!r}.", "It is 'warn', 'reject' or a function.")


def as_budget(value: TokenBudget | int | None) -> TokenBudget | None:
    """Return what a caller gave as a budget; a number warns beyond it."""
    return value if value is None or isinstance(value, TokenBudget) else TokenBudget(value)
