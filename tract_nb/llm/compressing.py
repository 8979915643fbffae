"""Compressing by meaning: a model writes what stands for a run of messages, in steps where it is long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tract_nb.llm.asking import Asker
from tract_nb.llm.prices import window
from tract_nb.llm.prompts import load
from tract_nb.model.reply import Written
from tract_nb.model.summariser import Draft, Expected, Original, Rejected, summary_length

PROMPT = "context_compression"
NOTHING = "(nothing)"
ASSUMED = 16_000  # tokens that a model takes of which nothing is known
SHARE = 0.6  # of those for messages: the rest is for the prompt, the answer, and another way of counting
SMALLEST = 400  # tokens of messages in one step, however little room there is
TAG = 30  # tokens of what a message is wrapped in
CHARACTERS = 4  # of a token of the prompt, for an estimate
SPARE = 2_000  # characters beyond all that it was given: a text longer than that summarises nothing


def summarise(
    asker: Asker,
    originals: Sequence[Original],
    *,
    target: int | None = None,
    preserve: Sequence[str] = (),
    rejected: Rejected | None = None,
    instructions: str | None = None,
) -> Draft:
    """Return a summary of some messages, and how it was written.

    What does not fit the model's window is taken in steps: each is given the summary so far.

    Parameters
    ----------
    asker : Asker
        For the operation ``compress``.
    originals : sequence of Original
        The important first, else in the order of the context.
    target : int, optional
        Tokens that it may have.
    preserve : sequence of str
        What must stand in it word by word.
    rejected : Rejected, optional
        What was written before and did not do.
    instructions : str, optional
        What the person who compresses asks for.

    Raises
    ------
    ModelError
        If the model gives no summary.
    """
    length = target or summary_length(sum(original.tokens for original in originals))
    room = _room(asker.settings.model, length)
    before, written = "", list[Written]()
    for important, messages in steps(originals, room):
        given = [shown(important), shown(messages)]
        said = "\n".join([before, *given])
        one = asker.ask(
            PROMPT,
            "summary",
            most=len(said) + SPARE,
            before=before or NOTHING,
            important=given[0] or NOTHING,
            messages=given[1] or NOTHING,
            preserve="\n".join(text for text in preserve if text in said) or NOTHING,
            length=f"{length:,} tokens, about {max(length * 3 // 4, 1):,} words",
            rejected=NOTHING if rejected is None else f"{rejected.draft.text}\n\n{rejected.why}",
            instructions=(instructions or "").strip() or NOTHING,
        )
        written.append(one)
        before = one.text.strip()
    return Draft(before, made(written, rejected))


def _room(model: str, length: int) -> int:
    """Return how many tokens of messages one step may have, for a summary of some length."""
    return max(int((window(model) or ASSUMED) * SHARE) - 2 * length, SMALLEST)


def expected(model: str, groups: Sequence[Sequence[int]]) -> Expected:
    """Return what summaries of groups would take, from the tokens of their messages: an estimate."""
    prompt = len(load(PROMPT).text) // CHARACTERS
    given, taken = 0, 0
    for tokens in groups:
        length, messages = summary_length(sum(tokens)), sum(tokens) + TAG * len(tokens)
        calls = -(-messages // _room(model, length))
        given += messages + calls * prompt + (calls - 1) * length
        taken += calls * length
    return Expected(model, given, taken)


def steps(originals: Sequence[Original], room: int) -> list[tuple[list[Original], list[Original]]]:
    """Return what each step is given: what is important, every time, and some of the messages.

    Where the important would take more than a third of the room, it is read once, before all others.
    """
    important = [original for original in originals if original.important]
    others = [original for original in originals if not original.important]
    if _size(important) > room // 3:
        important, others = [], list(originals)
    room -= _size(important)
    parts: list[list[Original]] = [[]]
    for piece in (piece for original in others for piece in _pieces(original, room)):
        if parts[-1] and _size(parts[-1]) + _size([piece]) > room:
            parts.append([])
        parts[-1].append(piece)
    return [(important, part) for part in parts]


def _size(originals: Sequence[Original]) -> int:
    return sum(original.tokens + TAG for original in originals)


def _pieces(original: Original, room: int) -> list[Original]:
    """Return a message in pieces that fit; most messages are one."""
    count = -(-original.tokens // max(room - TAG, 1))
    if count <= 1:
        return [original]
    text, length = original.text, -(-len(original.text) // count)
    cut = [text[start : start + length] for start in range(0, len(text), length)]
    return [replace(original, text=piece, tokens=-(-original.tokens // count)) for piece in cut]


def shown(originals: Sequence[Original]) -> str:
    """Return messages as the prompt shows them: each between tags that say who speaks."""
    lines = []
    for original in originals:
        tool = f' tool="{original.name}"' if original.name else ""
        kind = "" if original.type in ("dialogue", "tool_io") else f' type="{original.type}"'
        lines.append(f'<message role="{original.role}"{tool}{kind}>\n{original.text}\n</message>')
    return "\n".join(lines)


def made(written: Sequence[Written], rejected: Rejected | None = None) -> dict[str, Any]:
    """Return what a SUMMARY keeps of how it was written; calls, usage and cost are those of all its calls."""
    last: dict[str, Any] = written[-1].metadata()["written_by"]
    kept = {name: value for name, value in last.items() if name not in ("usage", "cost")}
    took = [{"calls": 1, **one.metadata()["written_by"]} for one in written]
    took += [dict(rejected.draft.metadata)] if rejected and rejected.draft.metadata else []
    kept["calls"] = sum(one["calls"] for one in took)
    usages = [one["usage"] for one in took if "usage" in one]
    if usages:
        kept["usage"] = {name: sum(usage[name] for usage in usages) for name in usages[0]}
    if all("cost" in one for one in took):  # a sum without one of them would be a wrong one
        kept["cost"] = round(sum(one["cost"] for one in took), 10)
    return kept
