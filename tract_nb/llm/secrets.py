"""Keys: which settings and variables are secret, and a text without them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

#: names of settings whose values nobody is shown, and nothing keeps
_SECRET_SETTING = re.compile(
    r"api_?key|access_key|secret|passw|credential|authorization|headers|(^|_)token$", re.IGNORECASE
)
_SECRET_VARIABLE = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(_ID)?$")
#: what looks like a key wherever it stands: a provider may quote one that is set nowhere here
_LOOKS_SECRET = re.compile(r"\bBearer\s+[\w.~+/=*-]{6,}|\bsk-[\w*-]{6,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
SHORTEST = 8  # characters: a shorter value is a placeholder ("none", "x"), and would hide ordinary words
HIDDEN = "[key]"


class Secret(str):
    """A text whose repr does not say it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


class SecretMapping(dict[str, Any]):
    """A mapping whose repr does not say what is in it, such as headers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


def hidden(value: Any) -> Any:
    """Return a secret value as one whose repr does not say it."""
    if isinstance(value, str):
        return Secret(value)
    return SecretMapping(value) if isinstance(value, Mapping) else value


def plain(value: Any) -> Any:
    """Return what :func:`hidden` hid."""
    if isinstance(value, str):
        return str.__str__(value)
    return dict(value) if isinstance(value, SecretMapping) else value


def is_secret(name: str) -> bool:
    """Tell from its name whether a setting's value is secret."""
    return _SECRET_SETTING.search(name) is not None


def secrets_in(config: Mapping[str, Any]) -> set[str]:
    """Return the secret values among settings and in the environment."""
    given = (value for name, value in config.items() if is_secret(name))
    found = {str(text) for value in given for text in _texts(value)}
    found.update(value for name, value in os.environ.items() if _SECRET_VARIABLE.search(name.upper()))
    return {value for value in found if len(value) >= SHORTEST}


def _texts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    return [value]


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return a text with every key replaced."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may be part of another
        text = text.replace(secret, HIDDEN)
    return _LOOKS_SECRET.sub(HIDDEN, text)


def scrubbed(value: Any, secrets: Iterable[str]) -> Any:
    """Return a JSON value with every key in its texts replaced."""
    known = tuple(secrets)
    if isinstance(value, str):
        return scrub(value, known)
    if isinstance(value, Mapping):
        return {name: scrubbed(item, known) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(item, known) for item in value]
    return value
