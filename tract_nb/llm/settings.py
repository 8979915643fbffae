"""Settings: what a model is called with, and where each of them comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tract_nb.errors import TractError
from tract_nb.llm.secrets import HIDDEN, hidden, is_secret, scrub
from tract_nb.model.table import Column, Table

PREFIX = "TRACT_NB_LLM_"
#: how a call is made, not what is generated: kept in no commit and part of no replay
TRANSPORT = frozenset({"api_base", "base_url", "api_version", "organization", "timeout", "retries"})
DEFAULTS: Mapping[str, Any] = {"timeout": 120, "retries": 2}
#: of single operations: a summary of a trace is long to read and to write
OPERATION_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "summarize": {"model": "x-ai/grok-4.1-fast", "timeout": 300}
}
#: what can be set for its own: the verbs that call a model
OPERATIONS = ("chat", "generate", "merge", "compress", "summarize")
#: what every provider is called with by tract_nb itself
OWN = frozenset({"messages", "stream", "stream_options"})


class SettingsTable(Table):
    """What a model is called with."""

    __slots__ = ()

    columns = (
        Column("name", "str", "the setting, as litellm names it"),
        Column("value", "str", "its value as JSON; a key is never shown"),
        Column("source", "str", "call, operation, tract, environment or default"),
    )


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """What a model is called with, resolved: call, else operation, else tract, else environment.

    Parameters
    ----------
    values : mapping
        By litellm's names; keys are there, and their reprs hide them.
    sources : mapping
        Where each comes from.
    """

    values: Mapping[str, Any]
    sources: Mapping[str, str]

    def __repr__(self) -> str:
        return repr(self.table())

    @property
    def model(self) -> str:
        """Who is called.

        Raises
        ------
        TractError
            If no model is named anywhere.
        """
        name = self.values.get("model")
        if not name:
            raise TractError(
                "No model is named.",
                f"Give model='gpt-4o' to this call or to Tract.open, or set {PREFIX}MODEL.",
            )
        return str(name)

    def recorded(self) -> dict[str, Any]:
        """Return what is kept with a reply: what it was generated with, neither keys nor transport."""
        return public(self.values)

    def table(self) -> SettingsTable:
        """Return the settings by name, keys hidden."""
        return SettingsTable(
            tuple(
                (name, _shown(name, value), self.sources[name]) for name, value in sorted(self.values.items())
            )
        )


@dataclass(frozen=True, slots=True, repr=False)
class Layers:
    """The settings of one tract, by where they were given.

    Parameters
    ----------
    tract : mapping
        For every call.
    operations : mapping
        By operation, which come before those.
    """

    tract: Mapping[str, Any] = field(default_factory=dict)
    operations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Layers of {len(self.tract)} settings and of {', '.join(self.operations) or 'no operation'}>"

    @classmethod
    def made(
        cls, tract: Mapping[str, Any] | None, operations: Mapping[str, Mapping[str, Any]] | None
    ) -> Layers:
        """Return the layers that a caller gave.

        Raises
        ------
        TractError
            If they name an operation that calls no model, or a setting that is not theirs to set.
        """
        for name in operations or {}:
            check_operation(name)
        return cls(checked(tract or {}), {name: checked(given) for name, given in (operations or {}).items()})

    def resolve(
        self, operation: str, call: Mapping[str, Any] | None = None, *, model: str | None = None
    ) -> Settings:
        """Return the settings of one call; ``model`` is the tract's own, of its layer."""
        check_operation(operation)
        tract = {**({"model": model} if model else {}), **self.tract}
        layers = (
            ("default", {**DEFAULTS, **OPERATION_DEFAULTS.get(operation, {})}),
            ("environment", environment()),
            ("tract", tract),
            ("operation", self.operations.get(operation, {})),
            ("call", checked(call or {})),
        )
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for source, given in layers:
            for name, value in given.items():
                if value is not None:
                    values[name], sources[name] = value, source
        return Settings(values, sources)


def environment() -> dict[str, Any]:
    """Return the settings in the environment: ``TRACT_NB_LLM_TEMPERATURE=0.2`` is ``temperature``."""
    found = {
        name.removeprefix(PREFIX).lower(): text
        for name, text in os.environ.items()
        if name.startswith(PREFIX) and text
    }
    return checked({name: text if is_secret(name) else _value(text) for name, text in found.items()})


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with their keys hidden; refuse what is not theirs to set."""
    wrong = OWN.intersection(given)
    if wrong:
        raise TractError(
            f"{' and '.join(sorted(wrong))} cannot be set: tract_nb says them itself.", "Leave them out."
        )
    found = {
        name: hidden(value) if is_secret(name) or _holds_secret(value) else value
        for name, value in given.items()
    }
    if isinstance(found.get("extra_body"), Mapping):
        found["extra_body"] = checked(found["extra_body"])
    return found


def public(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config without keys and transport."""
    found = {name: value for name, value in config.items() if name not in TRANSPORT and not is_secret(name)}
    extra = found.get("extra_body")  # goes into the request as it stands, a key of one's own too
    if isinstance(extra, Mapping):
        found["extra_body"] = {name: value for name, value in extra.items() if not is_secret(str(name))}
    return found


def _holds_secret(value: Any) -> bool:
    """Tell whether a text has a key in it, as an address may."""
    return isinstance(value, str) and scrub(value, ()) != value


def check_operation(name: str) -> None:
    """Refuse the name of what calls no model."""
    if name not in OPERATIONS:
        raise TractError(
            f"{name!r} is no operation that calls a model.", f"These are: {', '.join(OPERATIONS)}."
        )


def _value(text: str) -> Any:
    """Return a variable's value: JSON where it is some, else the text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _shown(name: str, value: Any) -> str:
    if is_secret(name):
        return HIDDEN
    return scrub(value if isinstance(value, str) else orjson.dumps(value, default=str).decode(), ())
