"""Counting tokens, offline."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import tiktoken

#: what the chat format adds to each message, and to the whole for the reply it opens
#: (OpenAI cookbook, "How to count tokens with tiktoken": tokens_per_message = 3, reply primed with 3)
PER_MESSAGE = 3
PER_REPLY = 3

DEFAULT_ENCODING = "o200k_base"
ESTIMATE = "estimate"  # the name of counts made without an encoding
CHARACTERS_PER_TOKEN = 4  # OpenAI's rule of thumb for English, used where no encoding can be loaded

#: tiktoken's work on one run of letters grows faster than the run; text is counted in slices of this
SLICE = 100_000


class TokenCounter(Protocol):
    """What counts tokens: a name (counts are stored under it) and a function."""

    @property
    def name(self) -> str: ...

    def count(self, text: str) -> int: ...


class TiktokenCounter:
    """Counts with one of tiktoken's encodings; special tokens are plain text.

    Parameters
    ----------
    model : str, optional
        Whose encoding to use; ``o200k_base`` where tiktoken does not know it.
    encoding : str, optional
        The encoding itself, instead.
    """

    def __init__(self, model: str | None = None, *, encoding: str | None = None) -> None:
        name = encoding or encoding_name(model)
        self._encoding = None if name == ESTIMATE else load(name)

    @property
    def name(self) -> str:
        return ESTIMATE if self._encoding is None else self._encoding.name

    def count(self, text: str) -> int:
        """Return the number of tokens; a blank text has none, since it is never sent."""
        if not text or text.isspace():
            return 0
        if self._encoding is None:
            return -(-len(text) // CHARACTERS_PER_TOKEN)
        if len(text) <= SLICE:
            return len(self._encoding.encode_ordinary(text))
        return sum(
            len(self._encoding.encode_ordinary(text[start : start + SLICE]))
            for start in range(0, len(text), SLICE)
        )


def encoding_name(model: str | None) -> str:
    """Return the encoding of a model, a provider's prefix (``openai/``) stepped over."""
    if not model:
        return DEFAULT_ENCODING
    try:
        return tiktoken.encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return DEFAULT_ENCODING


@lru_cache
def load(name: str) -> tiktoken.Encoding | None:
    """Return an encoding, from the ranks that litellm's wheel carries where there is no network."""
    point_at_shipped_ranks()
    try:
        return tiktoken.get_encoding(name)
    except Exception:  # noqa: BLE001  any failure of a download means the same: estimate, and say so
        return None


def point_at_shipped_ranks() -> None:
    """Let tiktoken find ranks without the network, unless the user has set a place."""
    if os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR"):
        return
    spec = find_spec("litellm")  # where it is, without importing it: that takes two seconds
    if spec is None or spec.origin is None:
        return
    ranks = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    if ranks.is_dir():
        os.environ["TIKTOKEN_CACHE_DIR"] = str(ranks)


def message_size(tokens: int) -> int:
    """Return what a unit of so many tokens adds to the context; a blank one adds nothing."""
    return tokens + PER_MESSAGE if tokens else 0


def context_size(size: int) -> int:
    """Return the size of a context from the sum of its messages."""
    return size + PER_REPLY if size else 0
