"""Prices and windows, from the table in litellm's wheel; neither the network nor litellm is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from tract_nb.errors import TractError
from tract_nb.model.price import Price

TABLE = "model_prices_and_context_window_backup.json"


def price(model: str) -> Price:
    """Return what a model costs; a provider's prefix (``anthropic/``) may be left out or given.

    Raises
    ------
    TractError
        If the table does not have the model, or no price for its tokens.
    """
    entry = _entry(model)
    if entry is None:
        close = get_close_matches(model, prices(), n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "Give a name that litellm knows."
        raise TractError(f"No price is known for the model {model!r}.", hint)
    given, taken = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if given is None or taken is None:
        raise TractError(f"litellm's table has no price for tokens of {model!r}.", "Choose a chat model.")
    return Price(
        given,
        taken,
        entry.get("cache_read_input_token_cost", given),
        entry.get("cache_creation_input_token_cost", given),
    )


def window(model: str) -> int | None:
    """Return how many tokens a model takes; None where the table does not say, or is not installed.

    Of a model that the table does not have under this provider, the smallest window that it has at others.
    """
    try:
        entry = _entry(model)
        if entry is None:
            return min(_elsewhere(model), default=None)
    except TractError:
        return None
    return _window_of(entry)


def _window_of(entry: Mapping[str, Any]) -> int | None:
    known = entry.get("max_input_tokens") or entry.get("max_tokens")
    return known if isinstance(known, int) and known > 0 else None


def _elsewhere(model: str) -> Iterator[int]:
    """Yield the windows of a model at other providers, who put a name or two before its own."""
    bare = model.rpartition("/")[2]
    for name, entry in prices().items():
        if name.endswith((f"/{bare}", f".{bare}")) and (found := _window_of(entry)) is not None:
            yield found


def _entry(model: str) -> dict[str, Any] | None:
    table = prices()
    return table.get(model) or table.get(model.partition("/")[2]) or table.get(model.rpartition("/")[2])


@cache
def prices() -> dict[str, dict[str, Any]]:
    """Return litellm's table, by model."""
    spec = find_spec("litellm")
    origin = spec.origin if spec else None
    path = Path(origin).parent / TABLE if origin else None
    if path is None or not path.is_file():
        raise TractError("litellm's table of prices is not installed.", "pip install litellm")
    table: dict[str, dict[str, Any]] = orjson.loads(path.read_bytes())
    return table
