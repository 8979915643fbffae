"""Front matter: what a file says of itself above its text, a name and a JSON value on each line."""

from __future__ import annotations

from typing import Any

from tract_nb.trace.json_lines import dumps, loads

_FENCE = "---"


def read_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return what stands in the front matter, and the text below it.

    A value that is no JSON is a text as it stands: other tools write YAML.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].rstrip() != _FENCE:
        return {}, text
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return {}, text
    said: dict[str, Any] = {}
    for line in lines[1:end]:
        name, colon, value = line.partition(":")
        if colon and name.strip() and not line[0].isspace():
            said[name.strip()] = _value(value.strip())
    return said, "\n".join(lines[end + 1 :]).removeprefix("\n")


def _value(written: str) -> Any:
    try:
        return loads(written.encode())[0]
    except ValueError:
        return written


def with_front_matter(said: dict[str, Any], text: str) -> str:
    """Return a text with its front matter."""
    lines = [f"{name}: {dumps(value)}" for name, value in said.items()]
    return "\n".join([_FENCE, *lines, _FENCE, "", text])
