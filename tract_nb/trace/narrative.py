"""Narratives: what somebody tells of a trace, beside what Python counts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from tract_nb.trace.quotes import CheckedText, check_quotes
from tract_nb.trace.reading import still_there
from tract_nb.trace.recording import Trace
from tract_nb.trace.structural import StructuralData

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Told(NamedTuple):
    """What a narrator says, before anybody looked at its quotes."""

    text: str
    facts: Mapping[str, Any] = _NOTHING  # how it came about, for the front matter: JSON, and no keys


class Narrator(Protocol):
    """What writes the narrative of a trace."""

    @property
    def model(self) -> str:
        """The model's name."""

    @property
    def prompt_hash(self) -> str:
        """The hash of the prompt that it is given."""

    def __call__(self, tr: Trace, structure: StructuralData, *, redact: bool) -> Told:
        """Return the narrative as markdown.

        Parameters
        ----------
        tr : Trace
            :func:`tract_nb.trace.skeleton.skeletons` gives as much of it as a model has room for.
        structure : StructuralData
            What stands beside the narrative.
        redact : bool
            Whether likely secrets are to be kept from whoever is asked.
        """


@dataclass(frozen=True, slots=True, repr=False)
class Narrative(CheckedText):
    """A narrative with its quotes looked up.

    Parameters
    ----------
    text, quotes
        As in :class:`tract_nb.trace.quotes.CheckedText`.
    facts : mapping
        How it came about: ``answered_by`` (the model as the provider names it), ``calls``,
        ``input_tokens``, ``output_tokens`` and ``cost`` (US dollars; None where they are not known),
        ``prompt_name``, ``prompt_version``, ``config``, ``left_out``.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Narrative({len(self.text):,} characters; of {len(self.quotes)} quotes "
            f"{self.verbatim} verbatim, {self.mended} mended, {len(self.removed)} taken out)"
        )


def narrate(narrator: Narrator, tr: Trace, structure: StructuralData, *, redact: bool) -> Narrative:
    """Let a narrator tell, and look up what it quotes."""
    told = narrator(tr, structure, redact=redact)
    with still_there(tr):
        checked = check_quotes(told.text, tr, redacted=redact)
    return Narrative(checked.text, checked.quotes, dict(told.facts))
