"""Ways: what each strategy of compress would make of the context, by the plan that it would carry out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from math import ceil
from typing import Any, NamedTuple

from tract_nb.engine.canonical import clean_text
from tract_nb.engine.masking import KEEP_LAST
from tract_nb.engine.resolve import Unit
from tract_nb.engine.snapshot import Snapshot
from tract_nb.model.advice import NOW, Ways
from tract_nb.model.content import Dialogue
from tract_nb.model.group import STRUCTURAL, SUMMARIZE
from tract_nb.model.summariser import summary_length
from tract_nb.operations import ranges
from tract_nb.operations.drafting import LEAST, Ask, planned
from tract_nb.operations.masking import MASK, Mask
from tract_nb.operations.workspace import Workspace
from tract_nb.view.imagining import cover_rows, known, mask_rows
from tract_nb.view.outlook import LastCall, Outlook, priced, units_sent

PRICE_DIGITS = 6  # a millionth of a dollar


class Way(NamedTuple):
    """What a strategy would make of a history, as far as its commits alone say.

    Parameters
    ----------
    strategy : str
        now, mask, structural or summarize.
    units : int
        How many units lines or summaries would stand for.
    size : int
        Tokens of what would be sent, the messages' overhead included.
    begins : tuple of Unit
        What would be sent, up to the first text that was never committed: no provider has seen that.
    groups : tuple of tuple of int
        Of summarize the tokens of each group's messages.
    """

    strategy: str
    units: int
    size: int
    begins: tuple[Unit, ...]
    groups: tuple[tuple[int, ...], ...] = ()


def ways_of(ws: Workspace, history: Snapshot, masks: Sequence[Mask]) -> tuple[Way, ...]:
    """Return what each strategy would make of a history, with the range that compress takes by itself.

    ``masks`` are those of that range.
    """
    units = ranges.since_summary(list(history.shown), KEEP_LAST)
    return (_masked(ws, history, masks), _structural(ws, history, units), _summarised(ws, history, units))


def _masked(ws: Workspace, history: Snapshot, masks: Sequence[Mask]) -> Way:
    return _way(MASK, len(masks), history.imagined(*mask_rows(ws, masks)))


def _structural(ws: Workspace, history: Snapshot, units: list[Unit]) -> Way:
    plan = planned(ws, Ask(STRUCTURAL), history, ranges.Range(units, given=False))
    runs = [[item.unit for item in run] for run in plan.runs]
    said = [Dialogue(role="user", text=clean_text(draft.text)) for draft in plan.drafts]
    tokens = [ws.count(content.text) for content in said]
    rows = cover_rows(ws, runs, tokens, known(ws, said))
    return _way(STRUCTURAL, sum(map(len, runs)), history.imagined(*rows))


def _summarised(ws: Workspace, history: Snapshot, units: list[Unit]) -> Way:
    """Return what a model's summaries would make of it, if they are as long as it would be told to write."""
    whole, _ = ranges.coverable(history, units)
    runs = [run for run in ranges.runs(history, whole) if sum(unit.size for unit in run) >= LEAST]
    groups = [tuple(unit.text.tokens for unit in run if unit.size) for run in runs]
    # one that is no shorter than what it stands for is not accepted
    tokens = [min(summary_length(sum(group)), sum(group) // 2) for group in groups]
    after = history.imagined(*cover_rows(ws, runs, tokens, [None] * len(runs)))
    return _way(SUMMARIZE, sum(map(len, runs)), after)._replace(groups=tuple(groups))


def _way(strategy: str, units: int, after: Snapshot) -> Way:
    begins = takewhile(lambda unit: unit.text.blob is not None, units_sent(after))
    return Way(strategy, units, after.size, tuple(begins))


# -- prices -------------------------------------------------------------------------------------------


def table(ws: Workspace, call: LastCall, history: Snapshot, ways: Iterable[Way], model: str | None) -> Ways:
    """Return the ways with what they save and cost by the last call recorded, beside the history as it is."""
    now = call.outlook(history)
    rows = [_row(NOW, 0, now, now, 0.0)]
    for way in ways:
        after = call.outlook_of(way.size, way.begins) if way.units else now
        making, writer = _making(ws, way, model) if way.groups else (0.0, None)
        rows.append(_row(way.strategy, way.units, now, after, making, writer))
    return Ways(tuple(rows))


def _row(
    strategy: str, units: int, now: Outlook, after: Outlook, making: float | None, writer: str | None = None
) -> tuple[Any, ...]:
    return (
        strategy,
        units,
        after.tokens,
        now.tokens - after.tokens,
        after.cached,
        _rounded(after.next),
        _rounded(after.later),
        _rounded(making),
        _paid_back(now, after, making) if units else None,
        strategy == SUMMARIZE,
        writer,
    )


def _making(ws: Workspace, way: Way, model: str | None) -> tuple[float | None, str | None]:
    """Return what a model would take for its summaries, and who that is."""
    expected = ws.expects(way.groups, model) if ws.expects is not None else None
    if expected is None:
        return None, None
    price, _ = priced(ws, expected.model)
    if price is None:
        return None, expected.model
    return expected.input * price.input + expected.output * price.output, expected.model


def _paid_back(now: Outlook, after: Outlook, making: float | None) -> int | None:
    """Return after how many calls a way has cost less than staying as it is; None where it never will."""
    if now.next is None or after.next is None or making is None:
        return None
    extra = making + after.next - now.next
    if extra <= 0:
        return 1
    if now.later is None or after.later is None or after.later >= now.later:
        return None
    return 1 + ceil(extra / (now.later - after.later))


def _rounded(dollars: float | None) -> float | None:
    return None if dollars is None else round(dollars, PRICE_DIGITS)
