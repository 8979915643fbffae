"""Reading usage: the shapes in which providers report it, as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tract_nb.errors import ContentError
from tract_nb.model.event import Usage


def read_usage(reported: Any) -> Usage:
    """Return what a provider reported, with input meaning all input.

    Understood: OpenAI chat completions and litellm (``prompt_tokens``, cached ones included), OpenAI
    responses (``input_tokens`` with ``input_tokens_details``), Anthropic (``input_tokens`` without
    what was read from or written to the cache), and :class:`Usage` itself. A dict, or an object with
    these attributes, also a whole reply that has one under ``usage``.

    Raises
    ------
    ContentError
        If it is none of these, or contradicts itself.
    """
    if isinstance(reported, Usage):
        return _checked(reported, None)
    fields = _fields(reported)
    if isinstance(fields.get("usage"), Mapping):
        fields = fields["usage"]
    given = {fields[name] for name in ("prompt_tokens", "input_tokens") if fields.get(name) is not None}
    if len(given) > 1:
        raise ContentError(
            "The usage contradicts itself: prompt_tokens and input_tokens differ.", "Give one of them."
        )
    if "prompt_tokens" in fields:
        return _openai(fields, "prompt", "completion")
    if "input_tokens" in fields and _fields(fields.get("input_tokens_details")):
        return _openai(fields, "input", "output")
    if "input_tokens" in fields:
        return _anthropic(fields)
    raise ContentError(
        "This is no usage that tract_nb knows.",
        "Give the reply's usage: prompt_tokens and completion_tokens, or input_tokens and output_tokens.",
    )


def _openai(fields: Mapping[str, Any], given: str, taken: str) -> Usage:
    into, out = _fields(fields.get(f"{given}_tokens_details")), _fields(fields.get(f"{taken}_tokens_details"))
    # litellm repeats Anthropic's own names beside OpenAI's
    cached = into.get("cached_tokens") or fields.get("cache_read_input_tokens")
    written = into.get("cache_creation_tokens") or fields.get("cache_creation_input_tokens")
    usage = Usage(
        _number(fields, f"{given}_tokens"),
        _number(fields, f"{taken}_tokens"),
        _count("cached", cached),
        _count("cache_creation", written),
        _count("reasoning", out.get("reasoning_tokens")),
    )
    return _checked(usage, fields.get("total_tokens"))


def _anthropic(fields: Mapping[str, Any]) -> Usage:
    cached = _number(fields, "cache_read_input_tokens")
    written = _number(fields, "cache_creation_input_tokens")
    fresh = _number(fields, "input_tokens")
    usage = Usage(fresh + cached + written, _number(fields, "output_tokens"), cached, written)
    return _checked(usage, fields.get("total_tokens"))


def _checked(usage: Usage, total: Any) -> Usage:
    if min(usage) < 0:
        raise ContentError("The usage has a negative count.", "Give what the provider reported.")
    if usage.cached_tokens + usage.cache_write_tokens > usage.input_tokens:
        raise ContentError(
            f"The usage contradicts itself: {usage.cached_tokens + usage.cache_write_tokens:,} cached tokens "
            f"of {usage.input_tokens:,} input tokens.",
            "Input means all input, cached included.",
        )
    if usage.reasoning_tokens > usage.output_tokens:
        raise ContentError(
            f"The usage contradicts itself: {usage.reasoning_tokens:,} reasoning tokens of "
            f"{usage.output_tokens:,} output tokens.",
            "Output means all output, reasoning included.",
        )
    if total is not None and _count("total", total) != usage.total_tokens:
        raise ContentError(
            f"The usage contradicts itself: {usage.input_tokens:,} and {usage.output_tokens:,} tokens are "
            f"not {total:,} in total.",
            "Give what the provider reported.",
        )
    return usage


def _fields(value: Any) -> Mapping[str, Any]:
    """Return a dict of what may be a dict, a pydantic model or another object."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "model_dump"):
        dumped: Mapping[str, Any] = value.model_dump()
        return dumped
    return vars(value) if hasattr(value, "__dict__") else {}


def _number(fields: Mapping[str, Any], name: str) -> int:
    return _count(name, fields.get(name))


def _count(name: str, value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ContentError(f"{name} is {value!r}, not a number of tokens.", "Give whole numbers.")
    return value
