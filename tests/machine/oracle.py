"""What a history means, straight from the rules: plain lists and dicts, no cache, no SQL, no engine.

A history is a dict from a commit's hash to its record. Everything here walks it anew at every question.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

APPEND, EDIT, MARK, SUMMARY, MERGE = "APPEND", "EDIT", "MARK", "SUMMARY", "MERGE"
SKIP, NORMAL, IMPORTANT, PINNED = "SKIP", "NORMAL", "IMPORTANT", "PINNED"


@dataclass(frozen=True)
class Record:
    """One commit; targets and origin are identities."""

    kind: str
    parents: tuple[str, ...] = ()
    role: str = ""  # what a unit compiles as
    type: str = ""
    text: str = ""  # a unit's text at birth, or the text of an EDIT
    targets: tuple[str, ...] = ()
    priority: str | None = None
    origin: str | None = None
    author_us: int = 0
    call_id: str | None = None  # of a call and of a result
    name: str = ""  # of the tool
    key: str | None = None
    content_hash: str | None = None
    mask: bool = False  # of an EDIT: a line that stands for an output
    weight: str | None = None  # the text that was forgotten: its size stays


@dataclass(frozen=True)
class Shown:
    """One unit in its place."""

    commit: str
    identity: str
    role: str
    text: str
    priority: str
    type: str
    cost: int = 0


History = Mapping[str, Record]


def commit_hash(record: Record) -> str:
    """What the commit must be called."""
    parents, targets = list(record.parents), list(record.targets)
    whole = ["tract1", record.kind, record.content_hash, parents, targets, record.priority, record.origin]
    dumped = json.dumps([*whole, record.author_us], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(dumped.encode()).hexdigest()


# The order of a history ----------------------------------------------------------------------------


def first_parents(history: History, tip: str | None) -> list[str]:
    """Return the first-parent line, newest first."""
    line = []
    while tip is not None:
        line.append(tip)
        tip = (history[tip].parents or (None,))[0]
    return line


def linear(history: History, tip: str | None) -> list[str]:
    """linear(c) = linear(p1) + those of linear(p2) that are not ancestors of p1 + c."""
    order: list[str] = []
    for name in reversed(first_parents(history, tip)):
        for second in history[name].parents[1:]:
            order += [other for other in linear(history, second) if other not in order]
        order.append(name)
    return order


def told(history: History, tip: str | None) -> dict[str, str]:
    """Return identity -> commit in linear order; a commit whose identity was already told is passed over."""
    emitted: dict[str, str] = {}
    for name in linear(history, tip):
        emitted.setdefault(history[name].origin or name, name)
    return emitted


# What it means -------------------------------------------------------------------------------------


@dataclass
class State:
    """Every unit of a history at one commit: where it stands, its text and priority, whether it shows."""

    order: list[str] = field(default_factory=list)
    commit: dict[str, str] = field(default_factory=dict)  # identity -> the commit that brought it here
    units: dict[str, Record] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)
    weight: dict[str, str] = field(default_factory=dict)  # the text whose tokens count
    priority: dict[str, str] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    results: dict[str, list[str]] = field(default_factory=dict)  # call -> its results in this history
    call_of: dict[str, str] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    covered: set[str] = field(default_factory=set)

    def shows(self, name: str) -> bool:
        """Tell whether a unit is sent, reasoning left aside."""
        return name not in self.skipped | self.covered | self.retired


def state(history: History, tip: str | None) -> State:
    """Resolve a whole history."""
    here, s = {name: history[commit] for name, commit in told(history, tip).items()}, State()
    s.commit = told(history, tip)
    for name, record in here.items():  # births
        if record.kind in (APPEND, SUMMARY):
            s.units[name], s.text[name], s.priority[name] = record, record.text, record.priority or NORMAL
            s.weight[name] = _weight(record)
    for record in here.values():  # the last wins
        for target in record.targets:
            if record.kind == EDIT:
                s.text[target], s.weight[target] = record.text, _weight(record)
            elif record.kind == MARK and record.priority is None:
                s.retired.add(target)
                s.priority[target] = (s.units[target].priority if target in s.units else None) or NORMAL
            elif record.kind == MARK:
                s.priority[target] = str(record.priority)
                s.retired.discard(target)
    for name, record in s.units.items():
        for call in record.targets if record.kind == APPEND else ():
            if call in s.units:
                s.call_of[name] = call
                s.results.setdefault(call, []).append(name)
    s.order = _stand(s.units)
    s.skipped = {
        name for name in s.units if SKIP in (s.priority[name], s.priority.get(s.call_of.get(name, "")))
    }
    s.covered = _covered(s)
    return s


def _weight(record: Record) -> str:
    return record.text if record.weight is None else record.weight


def _stand(units: Mapping[str, Record]) -> list[str]:
    """Put each summary before the first of its targets that is in this history; the latest stands first."""
    order = [name for name in units if not _moves(units, name)]
    for name in units:
        if _moves(units, name):
            first = next(other for other in units if other in units[name].targets)
            while _moves(units, first):  # itself a summary: where that stands
                first = next(other for other in units if other in units[first].targets)
            at = order.index(first)
            while at and _moves(units, order[at - 1]):
                at -= 1
            order.insert(at, name)
    return order


def _moves(units: Mapping[str, Record], name: str) -> bool:
    return units[name].kind == SUMMARY and any(target in units for target in units[name].targets)


def _covered(s: State) -> set[str]:
    """A cover hides nothing pinned, and a call with its results only all together."""
    covers = [unit for name, unit in s.units.items() if unit.kind == SUMMARY and name not in s.retired]
    named = {target for cover in covers for target in cover.targets}
    hidden = set()
    for name in named & set(s.units):
        call = s.call_of.get(name, name)
        group = {member for member in (call, *s.results.get(call, [])) if member not in s.skipped} | {name}
        if group <= named and not any(s.priority[member] == PINNED for member in group):
            hidden.add(name)
    return hidden


def coverable(s: State, chosen: Iterable[str]) -> list[str]:
    """Return what a summary of some units can hide: nothing pinned, and pairs whole; in runs that are sent.

    A run ends where something else is sent.
    """
    free = [name for name in chosen if s.shows(name) and s.priority[name] != PINNED]
    whole = []
    for name in free:
        call = s.call_of.get(name, name)
        group = [member for member in (call, *s.results.get(call, [])) if member not in s.skipped]
        if all(member in free or member in s.covered for member in group):
            whole.append(name)
    runs: list[list[str]] = [[]]
    for name in s.order:
        is_sent = s.shows(name) and s.units[name].type != "reasoning" and _costs(s, name)
        if name in whole:
            runs[-1].append(name)
        elif is_sent:
            runs.append([])
    sent = [run for run in runs if any(_costs(s, name) and s.units[name].type != "reasoning" for name in run)]
    return [name for run in sent for name in run]


#: letters: a line that stands for an output has more than the one, and less than the other
LINE_LEAST, LINE_MOST = 47, 500


def maskable(history: History, tip: str | None, chosen: Iterable[str]) -> dict[str, bool]:
    """Return the outputs among some units that a mask may stand for, and whether it must.

    It may for what a tool gave, shows, and is neither important, pinned nor masked; it must where a line is
    surely shorter.
    """
    s, picked = state(history, tip), set(chosen)
    masked = set(masked_now(history, tip))
    return {
        name: len(s.weight[name].strip()) > LINE_MOST
        for name in s.order
        if name in picked
        and s.shows(name)
        and s.units[name].role == "tool"
        and s.priority[name] == NORMAL
        and name not in masked
        and len(s.weight[name].strip()) > LINE_LEAST
    }


def edits_of(history: History, tip: str | None, unit: str) -> list[Record]:
    """Return the EDITs of a unit in linear order."""
    said = [history[commit] for commit in told(history, tip).values()]
    return [one for one in said if one.kind == EDIT and one.targets == (unit,)]


def ever_masked(history: History, tip: str | None) -> list[str]:
    """Return the units that a mask stood for at some time."""
    units = state(history, tip).units
    return [name for name in units if any(one.mask for one in edits_of(history, tip, name))]


def masked_now(history: History, tip: str | None) -> dict[str, str]:
    """Return the units that a line stands for, whoever brought it here, and what it stands for.

    A line says the hash of that text; where none of the unit's texts here has it, it is the last of them.
    """
    s, found = state(history, tip), {}
    for name in ever_masked(history, tip):
        edits = edits_of(history, tip, name)
        lines = {one.text for one in edits if one.mask}
        if s.text[name] in lines:
            texts = [s.units[name].text, *(one.text for one in edits if one.text not in lines)]
            digests = [hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts]
            said = [text for text, digest in zip(texts, digests, strict=True) if digest in s.text[name]]
            found[name] = (said or texts)[-1]
    return found


def _costs(s: State, name: str) -> bool:
    """Tell whether a unit is more than blank."""
    called = s.units[name].name if is_call(s.units[name]) else ""
    return bool(f"{called} {s.weight[name]}".strip())


def compiled(
    history: History, tip: str | None, *, include_reasoning: bool = False, count: Callable[[str], int] = len
) -> list[Shown]:
    """Return what a model is sent at a commit."""
    s = state(history, tip)
    found = []
    for name in s.order:
        unit, text = s.units[name], s.text[name]
        if s.shows(name) and (include_reasoning or unit.type != "reasoning"):
            # of a call, its name is sent too
            paid = f"{unit.name} {s.weight[name]}" if is_call(unit) and unit.name else s.weight[name]
            cost = count(paid) if paid.strip() else 0
            found.append(Shown(s.commit[name], name, unit.role, text, s.priority[name], unit.type, cost))
    return found


# What it costs -------------------------------------------------------------------------------------


def size(
    history: History, tip: str | None, count: Callable[[str], int], *, include_reasoning: bool = False
) -> int:
    """Tokens of each effective text and 3 a message, 3 more if there is anything; blank text is nothing."""
    shown = compiled(history, tip, include_reasoning=include_reasoning, count=count)
    each = [unit.cost + 3 for unit in shown if unit.cost]
    return sum(each) + 3 if each else 0


def counted(
    history: History, tip: str | None, count: Callable[[str], int], usages: Mapping[str, int]
) -> tuple[int, str]:
    """The newest usage on the first-parent line and what was added since, else the sum."""
    here = size(history, tip, count)
    for name in first_parents(history, tip):
        if name in usages and history[name].origin is None:
            if name == tip:
                return usages[name], "api"
            return max(usages[name] + here - size(history, name, count), 0), "api+estimate"
    return here, "tiktoken"


# Names ---------------------------------------------------------------------------------------------


def tilde(history: History, tip: str, n: int) -> str | None:
    """Stand right before the n-th listed commit on the first-parent line."""
    if n == 0:
        return tip
    line = [name for name in first_parents(history, tip) if history[name].kind != MARK]
    return (history[line[n - 1]].parents or (None,))[0] if n <= len(line) else None


def unit_meant(history: History, tip: str) -> str | None:
    """Step over MARKs; an edit means its unit; what comes is an identity."""
    for name in first_parents(history, tip):
        record = history[name]
        if record.kind == EDIT:
            return record.targets[0]
        if record.kind != MARK:
            return record.origin or name
    return None


def call_for(history: History, tip: str | None, call_id: str) -> str | None:
    """The first unanswered call with that id in the newest run that has one, else the last with it.

    A run is what the assistant says and calls without anybody between.
    """
    s = state(history, tip)
    runs: list[list[str]] = [[]]
    for name in s.order:
        if s.units[name].role != "assistant":
            runs.append([])
        elif is_call(s.units[name]) and s.units[name].call_id == call_id:
            runs[-1].append(name)
    for run in reversed(runs):
        for name in run:
            if name not in s.results:
                return name
    return next((name for run in reversed(runs) for name in reversed(run)), None)


def keyed(history: History, tip: str | None, key: str) -> tuple[str, str] | None:
    """Return the unit that a key wrote into this history (its identity), and what it wrote last."""
    wrote = [name for name in told(history, tip).values() if history[name].key == key]
    units = [history[name].origin or name for name in wrote if history[name].kind == APPEND]
    return (units[0], wrote[-1]) if units else None


def is_call(record: Record) -> bool:
    """Tell a call from a result: both have an id, the role differs."""
    return record.kind == APPEND and record.type == "tool_io" and record.role == "assistant"


# Operations ----------------------------------------------------------------------------------------


@dataclass
class Operation:
    """One entry of the operation log: the refs that it moved, from where to where."""

    verb: str
    actor: str
    moved: dict[str, tuple[str | None, str | None]]
    at_us: int = 0
    undoes: int | None = None  # its place in the list of operations
    is_undo: bool = False
    hard: bool = False  # a hard reset


def in_effect(operations: Sequence[Operation], place: int) -> bool:
    """An operation is in effect until one that is in effect takes it back."""
    return not any(one.undoes == place and in_effect(operations, i) for i, one in enumerate(operations))


def to_undo(operations: Sequence[Operation], actor: str) -> int | None:
    """This actor's newest operation that moved a ref, is not itself an undo and is not undone."""
    return _newest(
        i
        for i, one in enumerate(operations)
        if one.actor == actor and one.moved and not one.is_undo and in_effect(operations, i)
    )


def to_redo(operations: Sequence[Operation], actor: str) -> int | None:
    """This actor's newest undo in effect."""
    return _newest(
        i
        for i, one in enumerate(operations)
        if one.actor == actor and one.is_undo and in_effect(operations, i)
    )


def _newest(places: Iterable[int]) -> int | None:
    return max(places, default=None)


def before(operations: Sequence[Operation], ref: str, n: int) -> tuple[bool, str | None]:
    """``@{n}``: whether there is one, and where the ref was before its n-th last operation."""
    moves = [one.moved[ref] for one in operations if ref in one.moved]
    return (True, moves[-n][0]) if 0 < n <= len(moves) else (False, None)


def at_time(operations: Sequence[Operation], ref: str, at_us: int) -> tuple[bool, str | None]:
    """Where a ref was after its last operation recorded at or before a time."""
    moves = [one.moved[ref][1] for one in operations if ref in one.moved and one.at_us <= at_us]
    return (True, moves[-1]) if moves else (False, None)


def prefix_at(history: History, tip: str | None, at_us: int) -> str | None:
    """The longest prefix of a line whose running maximum author time is not after a time."""
    found = None
    for name in reversed(first_parents(history, tip)):
        if history[name].author_us > at_us:
            break
        found = name
    return found


# Differences ---------------------------------------------------------------------------------------


def found(history: History, tips: Iterable[str | None], text: str) -> set[str]:
    """Every unit of the whole history, on all branches, whose text as the model sees it has this in it."""
    hits: set[str] = set()
    for tip in tips:
        s = state(history, tip)
        hits |= {s.commit[name] for name in s.units if text.casefold() in s.text[name].casefold()}
    return hits


def edited(history: History, a: str, b: str) -> dict[str, tuple[str, str]]:
    """Every unit that both have and whose text differs: identity -> both texts."""
    one, other = state(history, a), state(history, b)
    both = [name for name in other.units if name in one.units and one.text[name] != other.text[name]]
    return {name: (one.text[name], other.text[name]) for name in both}
