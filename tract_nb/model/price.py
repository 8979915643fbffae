"""Prices of models, and what knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Price(NamedTuple):
    """What a model costs, in US dollars a token."""

    input: float
    output: float
    cached: float  # input read from the provider's cache
    cache_write: float  # input written to it


#: returns the price of a model by its name; raises TractError where it has none
Prices = Callable[[str], Price]
