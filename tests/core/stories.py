"""Random stories: what people, models and tools may do to a tract, for hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tract_nb import Artifact, Dialogue, Freeform, Output, Tract, TractError
from tract_nb.model.commit import Kind
from tract_nb.operations.names import commit_named
from tract_nb.operations.transaction import transaction

Step = tuple[Any, ...]

words = st.sampled_from(["ok", "two words", "", " ", "\n", "ends in space  ", "<|endoftext|>", "ü" * 9])
ids = st.sampled_from(["a", "a", "b", "c!", "", "x" * 50, "x" * 50 + "y", "ü", "a b", "call_1"])
names = st.sampled_from(["read", "mcp__linear-server__list", "", "na me", "n" * 80, "ü", "a.b"])
arguments = st.sampled_from(
    [None, {}, {"path": "a"}, "no json", "[1]", '{"a":1}', "", {"deep": [{"b": None}]}]
)
outputs: st.SearchStrategy[Any] = st.sampled_from(["text", "", " ", {"a": 1}, [], None, 0, "x" * 300])
place = st.integers(0, 30)

appends: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("system"), words),
    st.tuples(st.just("user"), words, st.sampled_from([None, "Ann", "Ann Lee", " "])),
    st.tuples(st.just("assistant"), words),
    st.tuples(st.just("assistant"), words),
    st.tuples(st.just("reasoning"), words),
    st.tuples(st.just("freeform"), outputs),
    st.tuples(st.just("artifact"), words),
    st.tuples(st.just("output"), words),
    st.tuples(st.just("call"), names, arguments, ids),
    st.tuples(st.just("call"), names, arguments, ids),
    st.tuples(st.just("result"), ids, outputs, st.sampled_from(["success", "error", "timeout"])),
    st.tuples(st.just("result"), ids, outputs, st.sampled_from(["success", "error"])),
    st.tuples(st.just("answer"), place, outputs),
    st.tuples(st.just("answer"), place, outputs),
)
changes: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("mark"), place, st.sampled_from(["SKIP", "SKIP", "NORMAL", "IMPORTANT", "PINNED"])),
    st.tuples(st.just("edit"), place, words),
    st.tuples(st.just("cover"), place, st.integers(1, 8), words),
    st.tuples(st.just("retire"), place),
)
stories = st.lists(st.one_of(appends, appends, appends, changes), max_size=25)


def play(tract: Tract, step: Step) -> None:
    """Do one step; one that has nothing to act on does nothing."""
    verb, *rest = step
    appended: dict[str, Callable[..., Any]] = {
        "system": tract.system,
        "user": lambda text, name: tract.user(text, name=name),
        "assistant": tract.assistant,
        "reasoning": tract.reasoning,
        "freeform": lambda value: tract.commit(Freeform(payload=value)),
        "artifact": lambda text: (
            tract.artifact(text) if text else tract.commit(Artifact(kind="text", content=""))
        ),
        "output": lambda text: tract.commit(Output(text=text)),
        "call": lambda name, given, call_id: tract.tool_call(name, given, call_id or None),
        "result": tract.tool_result,
    }
    if verb in appended:
        appended[verb](*rest)
        return
    units = [row for row in tract.log(all=True) if row[3] in ("append", "summary")][::-1]
    if not units:
        return
    chosen = units[rest[0] % len(units)]
    if verb == "answer":
        calls = [row for row in units if row[4] == "tool_io" and row[5] == "assistant"]
        if calls:
            call = tract.show(calls[rest[0] % len(calls)][0])
            tract.tool_result(call.content.call_id, rest[1])
    elif verb == "mark":
        tract.annotate(chosen[0], rest[1])
    elif verb == "edit":
        tract.edit(chosen[0], rest[1])
    elif verb == "cover":
        start = rest[0] % len(units)
        cover(tract, [row[0] for row in units[start : start + rest[1]]], rest[2])
    elif verb == "retire":
        summaries = [row[0] for row in units if row[3] == "summary"]
        if summaries:
            retire(tract, summaries[rest[0] % len(summaries)])


def cover(tract: Tract, names: list[str], text: str) -> str:
    """Write a SUMMARY of units, its targets flat, as a compression does; return its hash."""
    targets: dict[bytes, None] = {}
    for name in names:
        commit = tract.show(name)
        targets[bytes.fromhex(commit.hash)] = None
        if commit.kind is Kind.SUMMARY:
            targets.update((bytes.fromhex(target), None) for target in commit.targets)
    return write(tract, Kind.SUMMARY, tuple(targets), text=text, priority=1)


def retire(tract: Tract, name: str) -> str:
    """Write a MARK without a priority, as restore does; return its hash."""
    return write(tract, Kind.MARK, (bytes.fromhex(tract.show(name).hash),))


def write(
    tract: Tract,
    kind: Kind,
    targets: tuple[bytes, ...],
    *,
    text: str | None = None,
    priority: int | None = None,
) -> str:
    """Write a commit that no verb of the tract writes yet; return its hash."""
    with tract._moving(), transaction(tract._ws, kind.name.lower()) as tx:
        head = tx.head()
        if head is None:
            raise TractError("Nothing to be about.")
        row = tx.commit(
            kind,
            [head],
            content=None if text is None else Dialogue(role="user", text=text),
            targets=targets,
            priority=priority,
        )
    return row.hash.hex()


def merge(tract: Tract, branch: str) -> str:
    """Write a MERGE of another branch, without resolutions; return its hash."""
    with tract._moving(), transaction(tract._ws, "merge") as tx:
        head = tx.head()
        if head is None:
            raise TractError("Nothing to merge into.")
        row = tx.put(Kind.MERGE, [head, commit_named(tract._ws, branch)])
        tx.set_context(row, tract._ws.snapshot(row.id).size)
        tx.move(f"heads/{tract.branch_name}", row.id)
    return row.hash.hex()
