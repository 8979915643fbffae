"""Deciding: who answers the questions of a merge or rebase, and how far it goes by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tract_nb.engine.canonical import clean_text
from tract_nb.errors import ReviewError, TractError
from tract_nb.model.conflict import BASE, BOTH, OURS, THEIRS, Conflict, Decision, Proposer, Resolver
from tract_nb.model.listing import counted

AUTO, SEMANTIC = "auto", "semantic"
STRATEGIES = (AUTO, OURS, THEIRS, SEMANTIC)
MANUAL, COLLABORATIVE, AUTONOMOUS = "manual", "collaborative", "autonomous"
MODES = (MANUAL, COLLABORATIVE, AUTONOMOUS)
ROUNDS = 8  # an answer may bring up one question more; not for ever

Decisions = dict[str, Decision]


@dataclass(frozen=True)
class Deciding:
    """What a caller said about how to decide.

    Parameters
    ----------
    strategy : {"auto", "ours", "theirs", "semantic"}
        ``auto`` decides nothing that is in conflict.
    resolver : callable, optional
        Decides conflict by conflict.
    instructions : str, optional
        For the model.
    mode : {"manual", "collaborative", "autonomous"}, optional
        A person gives the answers; a rule or model proposes and a person approves; or it is applied at
        once. Without one, a rule or resolver of the caller's is applied, a model only proposes.
    model : str, optional
        Which model proposes.
    proposer : Proposer, optional
        What asks it.
    """

    strategy: str = AUTO
    resolver: Resolver | None = None
    instructions: str | None = None
    mode: str | None = None
    model: str | None = None
    proposer: Proposer | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for what, given, known in (("strategy", self.strategy, STRATEGIES), ("mode", self.mode, MODES)):
            if given is not None and given not in known:
                raise ReviewError(f"Unknown {what} {given!r}.", f"It is one of {', '.join(known)}.")
        if self.instructions is not None and not isinstance(self.instructions, str):
            raise ReviewError(f"{self.instructions!r:.60} are no instructions.", "Give a text for the model.")
        if self.resolver is not None and not callable(self.resolver):
            raise ReviewError(
                f"The resolver {self.resolver!r:.60} cannot be called.", "Give a function of one conflict."
            )
        if self.resolver is not None and self.strategy != AUTO:
            raise ReviewError(
                f"A resolver and the strategy {self.strategy!r} both decide.", "Give one of them."
            )
        if self.strategy == SEMANTIC and self.mode != MANUAL and self.proposer is None:
            raise ReviewError(
                "The strategy 'semantic' asks a model, and none is set.",
                "Open the tract with model=..., or take strategy='ours', 'theirs' or a resolver.",
            )

    @property
    def asks_outside(self) -> bool:
        """Whether somebody else's code is asked: outside of any lock."""
        return self.mode != MANUAL and (self.resolver is not None or self.strategy == SEMANTIC)

    @property
    def proposes(self) -> bool:
        """Whether its answers wait for a person."""
        return self.mode == COLLABORATIVE or (self.mode is None and self.strategy == SEMANTIC)

    def decide(self, look: Callable[[Mapping[str, Decision]], Sequence[Conflict]]) -> Decisions:
        """Return answers to all that comes up; ``look`` returns the conflicts by the answers so far.

        Raises
        ------
        ReviewError
            If a resolver fails, or a model's answer is none.
        """
        answers: Decisions = {}
        for _ in range(ROUNDS):
            open_ones = [one for one in look(answers) if one.key not in answers]
            found = self._asked(open_ones) if open_ones and self.mode != MANUAL else {}
            if not found:
                break
            answers.update(found)
        return answers

    def _asked(self, conflicts: Sequence[Conflict]) -> Decisions:
        if self.resolver is not None:
            given = [self._resolved(place, one) for place, one in enumerate(conflicts)]
        elif self.strategy in (OURS, THEIRS):
            given = [Decision(self.strategy, by="rule") for _ in conflicts]
        elif self.strategy == SEMANTIC:
            given = list(self.proposed(conflicts))
        else:
            given = []
        return {
            one.key: checked(one, answer)
            for one, answer in zip(conflicts, given, strict=bool(given))
            if answer is not None
        }

    def _resolved(self, place: int, conflict: Conflict) -> Decision | None:
        assert self.resolver is not None
        try:
            said = self.resolver(conflict)
        except TractError:
            raise
        except Exception as error:  # whatever a function of the caller's raises, it says which conflict
            raise ReviewError(
                f"The resolver failed at conflict {place} ({conflict.question}) "
                f"{type(error).__name__}: {error}",
                "Nothing was changed. Mend it, or return None to leave a conflict open.",
            ) from error
        return as_answer(said)

    def proposed(self, conflicts: Sequence[Conflict]) -> Sequence[Decision | None]:
        """Return what the model proposes, an answer a conflict or None."""
        assert self.proposer is not None
        given = list(self.proposer(conflicts, instructions=self.instructions, model=self.model))
        if len(given) != len(conflicts) or any(not isinstance(one, Decision | None) for one in given):
            raise ReviewError(
                f"The model gave {counted(len(given), 'answer')} to {counted(len(conflicts), 'conflict')}.",
                "Nothing was changed. Ask again, or decide by hand: strategy='auto'.",
            )
        return given

    def refuse_open(self, open_ones: Sequence[Conflict]) -> None:
        """Refuse what an autonomous run leaves to a person."""
        if self.mode == AUTONOMOUS and open_ones:
            first = open_ones[0]
            raise ReviewError(
                f"{counted(len(open_ones), 'conflict')} nobody decides, the first at {first.commit[:8]}: "
                f"{first.question}",
                "Nothing was changed. Give strategy='ours' or 'theirs', a resolver, or another mode.",
            )


def as_answer(said: Any) -> Decision | None:
    """Return what a resolver returned as an answer: a choice by its name, else a text."""
    if said is None or isinstance(said, Decision):
        return said
    if isinstance(said, str) and said in (OURS, THEIRS, BOTH, BASE):
        return Decision(said, by="resolver")
    if isinstance(said, str):
        return Decision(text=said, by="resolver")
    raise ReviewError(
        f"A resolver cannot return {said!r:.60}.",
        "Return 'ours', 'theirs', 'both', 'base', a text, a Decision, or None to leave it open.",
    )


def checked(conflict: Conflict, answer: Decision) -> Decision:
    """Return an answer that fits, without lone surrogates in its text."""
    answer = conflict.checked(answer)
    if answer.text is None or answer.text == clean_text(answer.text):
        return answer
    return Decision(None, clean_text(answer.text), answer.by, answer.metadata, answer.generation_config)


def to_json(answers: Mapping[str, Decision]) -> dict[str, Any]:
    """Return answers as they are stored."""
    return {
        key: {name: value for name in _FIELDS if (value := getattr(answer, name)) is not None}
        for key, answer in answers.items()
    }


def from_json(stored: Mapping[str, Any]) -> Decisions:
    """Return stored answers."""
    return {key: Decision(**fields) for key, fields in stored.items()}


_FIELDS = ("choice", "text", "by", "metadata", "generation_config")
