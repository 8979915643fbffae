"""What providers report of a reply, in each one's own words, as one usage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tract_nb.model.event import Usage
from tract_nb.trace.formats.claude_blocks import MOST_TOKENS, whole
from tract_nb.trace.notes import Notes

_NO_SENSE = "usage that makes no sense"
#: where the figures stand: OpenAI's two interfaces, Anthropic, Inspect, Langfuse, LangChain
_INPUT = ("prompt_tokens", "input_tokens", "input")
_OUTPUT = ("completion_tokens", "output_tokens", "output")
_TOTAL = ("total_tokens", "total")
_READ = (
    *("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cached_input_tokens"),
    *("cache_read_input_tokens", "input_tokens_cache_read", "input_token_details.cache_read"),
    *("input_cache_read", "input_cached_tokens", "prompt_details.cache_read"),
)
_WRITTEN = (
    *("cache_creation_input_tokens", "input_tokens_cache_write", "input_token_details.cache_creation"),
    *("input_cache_creation", "prompt_details.cache_creation"),
)
_THOUGHT = (
    *("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
    *("reasoning_output_tokens", "reasoning_tokens", "output_token_details.reasoning"),
    *("output_reasoning", "completion_details.reasoning"),
)
#: a provider that has these fields leaves the cached part out of the input
_APART = ("cache_read_input_tokens", "cache_creation_input_tokens")


def reported_usage(said: Any, notes: Notes) -> Usage | None:
    """Translate a report; None where there is none, or where its figures make no sense.

    Providers differ in whether the input has its cached part in it. Where a total stands beside, it
    tells; else the names of the fields do.

    Parameters
    ----------
    said : Any
        What stands in the trace.
    notes : Notes
        Where reports that make no sense are counted.
    """
    if not said:
        return None
    if type(said) is not dict:
        notes.skipped[_NO_SENSE] += 1
        return None
    given, output = _figure(said, _INPUT), _figure(said, _OUTPUT)
    if given is None and output is None:
        return None  # figures of something else: costs, rate limits
    given, output = given or 0, output or 0
    read, written = _figure(said, _READ) or 0, _figure(said, _WRITTEN) or 0
    thought, total = _figure(said, _THOUGHT) or 0, _figure(said, _TOTAL)
    apart = (
        total == given + read + written + output if total is not None else any(key in said for key in _APART)
    )
    if apart:
        given += read + written
    figures = (given, output, read, written, thought)
    if min(figures) < 0 or max(figures) >= MOST_TOKENS:
        notes.skipped[_NO_SENSE] += 1
        return None
    return Usage(given, output, min(read, given), min(written, given), min(thought, output))


def _figure(said: dict[str, Any], names: Iterable[str]) -> int | None:
    """Return the first of some figures that stands there; -1 for one that is none."""
    for name in names:
        outer, _, inner = name.partition(".")
        value = said.get(name)
        if value is None and inner:
            details = said.get(outer)
            value = details.get(inner) if type(details) is dict else None
        if value is not None:
            return whole(value)
    return None


def reported_cost(value: Any) -> float | None:
    """Return a sum of US dollars; None where that is none."""
    return float(value) if type(value) in {int, float} and 0 <= value < MOST_TOKENS else None
