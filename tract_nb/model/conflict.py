"""Conflicts: one thing that both sides changed, and what somebody decided about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tract_nb.errors import ReviewError
from tract_nb.model.commit import HASH_SHOWN, preview

OURS, THEIRS, BOTH, BASE = "ours", "theirs", "both", "base"


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about one conflict: a side to take, or a text of their own.

    Parameters
    ----------
    choice : {"ours", "theirs", "both", "base"}, optional
        Whose version stands.
    text : str, optional
        Or the text that shall stand.
    by : str
        Who decided: a person, ``rule``, ``resolver``, or the model that wrote the text.
    metadata : dict, optional
        Of a text that a model wrote: prompt name, version and hash, model, usage, cost.
    generation_config : dict, optional
        What it was generated with.
    """

    choice: str | None = None
    text: str | None = None
    by: str = "user"
    metadata: Mapping[str, Any] | None = None
    generation_config: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.choice if self.choice is not None else preview(self.text or "", 60)


@dataclass(frozen=True, slots=True, repr=False)
class Conflict:
    """One thing to decide.

    Parameters
    ----------
    key : str
        What it goes by as long as both sides say the same.
    kind : str
        text, priority, skipped, retired, covered, summaries or results.
    question : str
        What is asked, one sentence.
    commit, role, type : str
        The unit: full hash, role and content type.
    base, ours, theirs : str
        What the merge base and each side show; a priority by its name.
    units : tuple of str
        All units in question: full hashes.
    choices : tuple of str
        What can be chosen.
    takes_text : bool
        Whether a text can be given instead.
    proposal : Decision, optional
        What a rule or a model proposes.
    answer : Decision, optional
        What was decided.
    """

    key: str
    kind: str
    question: str
    commit: str
    role: str
    type: str
    base: str
    ours: str
    theirs: str
    units: tuple[str, ...] = ()
    choices: tuple[str, ...] = (OURS, THEIRS, BOTH, BASE)
    takes_text: bool = True
    proposal: Decision | None = None
    answer: Decision | None = None

    @property
    def settled(self) -> bool:
        """Whether there is an answer, or a proposal to approve."""
        return self.answer is not None or self.proposal is not None

    @property
    def proposed(self) -> str | None:
        """The text that would stand by the answer, else by the proposal; None where there is neither."""
        return self.shown_by(self.answer or self.proposal)

    def shown_by(self, answer: Decision | None) -> str | None:
        """Return what would stand by an answer."""
        if answer is None:
            return None
        if answer.choice is None:
            return answer.text
        if answer.choice == BOTH:
            return f"{self.ours}\n\n{self.theirs}"
        return {OURS: self.ours, THEIRS: self.theirs, BASE: self.base}.get(answer.choice)

    def checked(self, answer: Decision) -> Decision:
        """Return an answer that can be given to this conflict.

        Raises
        ------
        ReviewError
            If it names no choice that there is, gives a text where none fits, or an empty one.
        """
        if answer.choice is not None and answer.choice not in self.choices:
            raise ReviewError(
                f"{answer.choice!r} cannot be chosen here: {self.question}",
                f"Choose {listed(self.choices)}{', or give a text' if self.takes_text else ''}.",
            )
        if answer.choice is None and (not isinstance(answer.text, str) or not self.takes_text):
            raise ReviewError(
                f"{preview(repr(answer.text), 60)} is no answer here: {self.question}",
                f"Choose {listed(self.choices)}{', or give a text' if self.takes_text else ''}.",
            )
        if answer.choice is None and not str(answer.text).strip():
            raise ReviewError(
                f"An empty text settles nothing: {self.question}",
                f"Choose {listed(self.choices)}, give words, or leave it out: t.annotate(unit, 'SKIP').",
            )
        return answer

    def __repr__(self) -> str:
        state = f"answered: {self.answer}" if self.answer else "open"
        return f"<{self.kind} conflict at {self.commit[:HASH_SHOWN]}, {state}>"


def listed(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: this, that or the other."""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


#: decides one conflict: a choice, a text, a :class:`Decision`, or None to leave it open
Resolver = Callable[[Conflict], "Decision | str | None"]


class Proposer(Protocol):
    """Proposes answers to conflicts; the room that calls models has one."""

    def __call__(
        self, conflicts: Sequence[Conflict], *, instructions: str | None = None, model: str | None = None
    ) -> Sequence[Decision | None]:
        """Return one answer a conflict, in their order; None where it has none."""
