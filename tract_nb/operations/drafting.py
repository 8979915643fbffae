"""Drafting: what a compression would do, before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.identifiers import missing
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.structural import structural
from tract_nb.engine.tokens import context_size, message_size
from tract_nb.errors import ContentError
from tract_nb.model.group import STRATEGIES, STRUCTURAL, SUMMARIZE, TEXT
from tract_nb.model.listing import counted
from tract_nb.model.summariser import Draft
from tract_nb.operations import ranges
from tract_nb.operations.masking import MASK, Item, Mask, items, masks, may_mask
from tract_nb.operations.workspace import Workspace

MANUAL, COLLABORATIVE, AUTONOMOUS = MODES = ("manual", "collaborative", "autonomous")
LEAST = 24  # tokens below which a summary says nothing


class Ask(NamedTuple):
    """What a caller asked for, checked; ``proposes`` where a person decides before it is done."""

    strategy: str
    texts: tuple[str, ...] = ()
    target: int | None = None
    preserve: tuple[re.Pattern[str], ...] = ()
    instructions: str | None = None
    model: str | None = None
    proposes: bool = False


class Plan(NamedTuple):
    """What would be written: runs with a draft each, or masks."""

    ask: Ask
    history: Snapshot
    runs: list[list[Item]]
    drafts: list[Draft]
    masks: list[Mask]
    notes: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.masks or self.drafts)


# -- what was asked ---------------------------------------------------------------------------------


def asked(
    content: Any,
    strategy: Any,
    mode: Any,
    target: Any,
    preserve: Any,
    instructions: str | None,
    model: str | None,
    *,
    has_writer: bool,
) -> Ask:
    """Return what a caller asked for, checked; without a strategy a model writes, where there is one."""
    texts = () if content is None else _several(content)
    if mode is not None and mode not in MODES:
        raise ContentError(
            f"Unknown mode {mode!r}.",
            "It is 'manual' (content=...), 'collaborative' or 'autonomous'; dry_run=True only shows.",
        )
    if mode == MANUAL and not texts:
        raise ContentError("A manual compression wants its text.", "Give content='...', or one for each run.")
    if texts and (mode == AUTONOMOUS or strategy is not None):
        raise ContentError("A text is given, and a strategy that writes one.", "Give one of them.")
    for text in texts if content is None or texts else (content,):
        if not isinstance(text, str) or not text.strip():
            raise ContentError(f"{text!r} is no summary.", "Give a text that says what stands there.")
    if instructions is not None and not isinstance(instructions, str):
        raise ContentError(f"{instructions!r:.60} are no instructions.", "Give a text for the model.")
    if strategy is not None and strategy not in STRATEGIES:
        raise ContentError(f"Unknown strategy {strategy!r}.", f"It is one of {', '.join(STRATEGIES)}.")
    if target is not None and (isinstance(target, bool) or not isinstance(target, int) or target <= 0):
        raise ContentError(
            f"target_tokens={target!r} is no size.", "Give the tokens of the context after it."
        )
    chosen = TEXT if texts else strategy or (SUMMARIZE if has_writer or model else MASK)
    texts = tuple(clean_text(text) for text in texts)
    proposes = mode == COLLABORATIVE or (mode is None and chosen == SUMMARIZE)
    return Ask(chosen, texts, target, patterns(preserve), instructions, model, proposes)


def _several(given: Any) -> tuple[Any, ...]:
    """Return what was given, one thing or several."""
    one = isinstance(given, str | bytes | re.Pattern) or not isinstance(given, Iterable)
    return (given,) if one else tuple(given)


def patterns(preserve: Any) -> tuple[re.Pattern[str], ...]:
    """Return what must survive as patterns."""
    try:
        compiled = tuple(re.compile(pattern) for pattern in _several(preserve))
        if any(isinstance(pattern.pattern, bytes) for pattern in compiled):
            raise TypeError("bytes match no text")  # noqa: TRY301  said like what re finds wrong
    except (re.error, TypeError) as error:
        raise ContentError(
            f"preserve={preserve!r} is no pattern: {error}.", "Give regular expressions."
        ) from error
    return compiled


# -- what would be done -----------------------------------------------------------------------------


def planned(ws: Workspace, ask: Ask, history: Snapshot, found: ranges.Range) -> Plan:
    """Return what would be done, but for what a model writes.

    Raises
    ------
    ContentError
        If a range was given and nothing of it can be compressed, or a text does not fit.
    """
    if found.given and not found.units:
        raise ContentError("Nothing of this range shows.", "compile() shows what does.")
    if ask.strategy == MASK and not ask.proposes:
        if ask.target is not None:
            _check_target(ask.target, history.size - sum(u.size for u in found.units if may_mask(u)))
        made = masks(ws, history, found.units, ask.preserve)
        return Plan(ask, history, [[mask.item for mask in made]] if made else [], [], made, [*found.notes])
    units, notes = ranges.coverable(history, found.units)
    if ask.strategy == MASK:  # which takes an output without its call
        can_go = {unit.identity for unit in units}
        units, notes = [u for u in found.units if u.identity in can_go or may_mask(u)], []
    notes = [*found.notes, *notes]
    runs = ranges.runs(history, units)
    if not runs and found.given:
        raise ContentError(
            f"Nothing of {counted(len(found.units), 'unit')} can be covered: pinned, or a call without its "
            "results, or a result without its call.",
            "Unpin them, or name calls and their results together.",
        )
    if not runs:
        return Plan(ask, history, [], [], [], notes)
    if ask.texts and len(ask.texts) not in (1, len(runs)):
        raise ContentError(
            f"There are {counted(len(ask.texts), 'text')} for {counted(len(runs), 'run')} of units.",
            "Give one for all, or one for each run; dry_run=True shows the runs.",
        )
    if len(ask.texts) == 1:
        runs = [[unit for run in runs for unit in run]]
    every = items(ws, history, [unit for run in runs for unit in run])
    by_unit = {item.unit.identity: item for item in every}
    plan = Plan(ask, history, [[by_unit[unit.identity] for unit in run] for run in runs], [], [], notes)
    if ask.target is not None:
        stays = history.size - sum(unit.size for run in runs for unit in run)
        _check_target(ask.target, stays + LEAST * len(runs))
    if ask.strategy == TEXT:
        plan = plan._replace(drafts=[Draft(text, {"written_by": ws.actor}) for text in ask.texts])
        check_preserved(plan)
        return plan
    if ask.strategy == MASK:
        some = [run for run in plan.runs if masks(ws, history, [item.unit for item in run], ask.preserve)]
        return plan._replace(runs=some, drafts=[Draft("") for _ in some])
    return _structured(ws, plan) if ask.strategy == STRUCTURAL else plan


def _check_target(target: int, stays: int) -> None:
    if target < context_size(stays):
        raise ContentError(
            f"target_tokens={target:,} is less than what is not compressed: {context_size(stays):,} tokens.",
            "Unpin or compress more (keep_last, start), or set a higher target.",
        )


def limits(plan: Plan) -> list[int | None]:
    """Return the tokens that each run's text may have: the target's room, by the weight of the runs."""
    if plan.ask.target is None:
        return [None] * len(plan.runs)
    weights = [sum(item.unit.size for item in run) for run in plan.runs]
    room = plan.ask.target - context_size(plan.history.size - sum(weights))
    return [max(room * weight // sum(weights) - message_size(0), 1) for weight in weights]


def _structured(ws: Workspace, plan: Plan) -> Plan:
    """Write the drafts without a model; a run that would become longer stays."""
    runs, drafts, notes = [], [], list(plan.notes)
    for run, limit in zip(plan.runs, limits(plan), strict=True):
        text = structural_text(ws, plan.ask, run, limit)
        if message_size(ws.count(text)) < sum(item.unit.size for item in run):
            runs.append(run)
            drafts.append(Draft(text))
        else:
            notes.append(f"{counted(len(run), 'unit')} stayed: a summary would be no shorter")
    return plan._replace(runs=runs, drafts=drafts, notes=notes)


def structural_text(ws: Workspace, ask: Ask, run: Sequence[Item], limit: int | None) -> str:
    """Return what was asked, done and decided in a run, told without a model."""
    tokens = sum(item.unit.text.tokens for item in run)
    return structural(
        [item.told() for item in run if not item.unit.is_reasoning],
        f"[{len(run)} messages, {tokens:,} tokens, summarised from what was recorded]",
        verbatim=lacks(ask, run, ""),
        limit=limit,
        count=ws.count,
    )


def lacks(ask: Ask, run: Sequence[Item], text: str) -> list[str]:
    """Return what must be preserved of a run and does not stand in a text."""
    return missing(ask.preserve, [item.text for item in run], text)


def lacking(ask: Ask, run: Sequence[Item], text: str) -> str:
    """Say what a text lacks of what must be preserved; empty where it lacks nothing."""
    found = lacks(ask, run, text) if ask.preserve else []
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"it lacks what must be preserved: {found[0]!r}{more}" if found else ""


def check_preserved(plan: Plan) -> None:
    """Refuse a draft that lacks what must survive."""
    for place, (run, draft) in enumerate(zip(plan.runs, plan.drafts, strict=False)):
        lack = lacking(plan.ask, run, draft.text)
        if lack:
            raise ContentError(
                f"The summary of group {place} does not do: {lack}. Nothing was changed.",
                "Put it in word by word, or leave the units out.",
            )
