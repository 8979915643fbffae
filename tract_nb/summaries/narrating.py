"""Narrating: a model is shown a trace, in as many steps as its window needs, and tells its story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tract_nb.engine.tokens import TiktokenCounter
from tract_nb.errors import ModelError
from tract_nb.llm.asking import Asker
from tract_nb.llm.prices import window
from tract_nb.llm.prompts import load
from tract_nb.model.reply import Written
from tract_nb.trace.json_lines import storable
from tract_nb.trace.narrative import Told
from tract_nb.trace.reading import still_there
from tract_nb.trace.recording import Trace
from tract_nb.trace.secrets import redact as redact_text
from tract_nb.trace.skeleton import Skeleton, skeletons
from tract_nb.trace.structural import LISTED, StructuralData

PROMPT = "trace_summarization"
NOTHING = "(nothing)"
ASSUMED = 16_000  # tokens that a model takes of which nothing is known
SHARE = 0.6  # of those for the trace: the rest is for prompt, answer, and another way of counting
BEFORE = 3_000  # tokens kept free in each of several steps for what was written before
SMALLEST = 1_000  # tokens of a trace in one step: a model that takes fewer can tell nothing
MOST_STEPS = 20  # calls for one summary: more is a reason to choose another model
SPARE = 12_000  # characters: a narrative may always be so long, and longer only if what it tells of is


class ModelNarrator:
    """Has a model write narratives; conforms to :class:`tract_nb.trace.narrative.Narrator`.

    Parameters
    ----------
    asker : Asker
        For the operation ``summarize``.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def __repr__(self) -> str:
        return f"ModelNarrator({self.model})"

    @property
    def model(self) -> str:
        """The model, as it was asked for."""
        return self._asker.settings.model

    @property
    def prompt_hash(self) -> str:
        """The SHA-256 of the prompt's text."""
        return load(PROMPT).hash

    @cached_property
    def _counter(self) -> TiktokenCounter:
        return TiktokenCounter(self.model)

    def __call__(self, tr: Trace, structure: StructuralData, *, redact: bool) -> Told:
        """Return the narrative; see :class:`tract_nb.trace.narrative.Narrator`.

        Raises
        ------
        ModelError
            If the model gives none, or cannot be shown the trace.
        """
        clean = _redacted if redact else storable
        room = int((window(self.model) or ASSUMED) * SHARE)
        counted = clean(self._shortened(structure, room // 3))
        room -= self._counter.count(counted)
        if room - BEFORE < SMALLEST:
            raise self._too_small("so little that neither its structure nor a part of it would fit")
        with still_there(tr):
            steps = skeletons(tr, room=room, step=room - BEFORE, count=self._counter.count, clean=clean)
        if len(steps) > MOST_STEPS:
            said = sum(step.size for step in steps)
            raise self._too_small(
                f"and {said:,} were said in this trace, which would take {len(steps)} calls"
            )
        written = self._ask(steps, counted)
        return Told(written[-1].text.strip(), _facts(written, steps))

    def _ask(self, steps: Sequence[Skeleton], counted: str) -> list[Written]:
        """Ask for each step, with what was written of those before."""
        written: list[Written] = []
        before = ""
        for number, step in enumerate(steps, 1):
            one = self._asker.ask(
                PROMPT,
                "narrative",
                most=len(before) + len(counted) + len(step.text) + SPARE,
                structure=counted,
                before=before or NOTHING,
                step=_said(number, len(steps)),
                left_out=_not_in(step),
                trace=step.text or NOTHING,
            )
            written.append(one)
            before = one.text.strip()
            if number < len(steps):
                self._check_room(before)
        return written

    def _check_room(self, before: str) -> None:
        """Fail where what was written so far leaves no room for the next step, and for writing it again."""
        size, prompt = self._counter.count(before), self._counter.count(load(PROMPT).text)
        spare = (window(self.model) or ASSUMED) * (1 - SHARE) - prompt
        if size - BEFORE + size > spare:
            raise self._too_small(f"and its own narrative of the first steps has {size:,}")

    def _shortened(self, structure: StructuralData, room: int) -> str:
        """Return the structure with as many items in its lists as there is room for."""
        for most in (LISTED, LISTED // 4, 2):
            text = structure.to_markdown(most)
            if self._counter.count(text) <= room:
                break
        return text

    def _too_small(self, why: str) -> ModelError:
        known = window(self.model)
        said = f"{known:,} tokens" if known else f"an unknown number of tokens, {ASSUMED:,} are assumed"
        return ModelError(
            f"{self.model} takes {said}, {why}.",
            "Choose a model with a larger window, or narrative=False (--structure-only).",
            model=self.model,
        )


def _redacted(text: str) -> str:
    return redact_text(storable(text))[0]


def _said(number: int, steps: int) -> str:
    """Return what the prompt says of the piece of the trace that it shows."""
    said = "what people, subagents and the main agent said in it as they said it."
    if steps == 1:
        return f"The trace: {said}"
    rest = "the rest is still to come" if number < steps else "this is the last step"
    return f"Step {number} of {steps} of the trace: {said} What came before is not shown again; {rest}."


def _not_in(step: Skeleton) -> str:
    """Count what a skeleton does not show."""
    counts = Counter({**step.not_shown, **step.left_out})
    return ", ".join(f"{count:,} {what}" for what, count in counts.items()) or "nothing"


def _facts(written: Sequence[Written], steps: Sequence[Skeleton]) -> dict[str, Any]:
    """Return what the front matter says of how a narrative came about: sums over all calls."""
    last = written[-1]
    usages = [one.reply.usage for one in written]
    costs = [one.reply.cost for one in written]
    facts: dict[str, Any] = {
        "prompt_name": last.prompt.name,
        "prompt_version": last.prompt.version,
        "answered_by": last.model,
        "config": {name: value for name, value in last.config.items() if name != "model"},
        "calls": len(written),
        "input_tokens": None,
        "output_tokens": None,
        "cost": None,
        "left_out": dict(steps[-1].left_out),
    }
    reported = [usage for usage in usages if usage is not None]
    if len(reported) == len(usages):  # a sum without one of them would be a wrong one
        facts["input_tokens"] = sum(usage.input_tokens for usage in reported)
        facts["output_tokens"] = sum(usage.output_tokens for usage in reported)
    known = [cost for cost in costs if cost is not None]
    if len(known) == len(costs):
        facts["cost"] = round(sum(known), 10)
    return facts
