"""Random histories over every verb: the library against an oracle that knows only the rules.

``TRACT_NB_EXAMPLES=2000`` runs as many random stories; without it a few, the same at every run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.providers_check import check_anthropic, check_openai, check_types
from tests.machine import contents, keeping, oracle
from tests.machine.handle import Handle
from tests.machine.joint_steps import JointSteps
from tests.machine.oracle import MARK, MERGE, NORMAL, PINNED, SUMMARY, Operation, Record
from tract_nb import Dialogue, HeadMovedError, Kind, Priority, RefError, Tract, TractError
from tract_nb.model.commit import to_us
from tract_nb.operations import names
from tract_nb.operations.transaction import transaction

NINE = datetime(2026, 4, 1, 9, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BRANCHES = ["b0", "b1", "try/x"]
TAGS = ["v0", "v1", "v2"]

#: which rule drives which public methods of Tract
RULES: dict[str, tuple[str, ...]] = {
    "say": ("system", "user", "assistant", "reasoning", "artifact"),
    "commit": ("commit",),
    "call": ("tool_call",),
    "result": ("tool_result",),
    "edit": ("edit",),
    "annotate": ("annotate",),
    "retire": ("restore",),
    "unmask": ("restore",),
    "compress": ("compress",),
    "mask": ("compress",),
    "gc": ("gc",),
    "forget": ("forget",),
    "optimize": ("optimize",),
    "branch": ("branch",),
    "switch": ("switch",),
    "checkout": ("checkout",),
    "reset": ("reset",),
    "tag": ("tag",),
    "undo": ("undo",),
    "redo": ("redo",),
    "batch": ("batch",),
    "record_usage": ("record_usage",),
    "import_trace": ("import_trace",),
    "save_as": ("save_as",),
    "refresh": ("refresh",),
    "merge": ("merge",),
    "rebase": ("rebase",),
    "pick": ("cherry_pick",),
    "reorder": ("reorder",),
    "delete_branch": ("delete_branch",),
    "rename_branch": ("rename_branch",),
}
#: what these write into the operation log
OPERATIONS = {
    *("compress", "gc", "forget"),
    *("commit", "edit", "annotate", "restore", "branch", "switch", "reset", "tag"),
    *("undo", "redo", "batch", "record_usage", "import"),
    *("merge", "rebase", "cherry_pick", "reorder", "delete_branch", "rename_branch"),
}
LOW_LEVEL = {"cover"}  # covers that the verb never writes

EXAMPLES = int(os.environ.get("TRACT_NB_EXAMPLES", "0"))
STEPS = int(os.environ.get("TRACT_NB_STEPS", "30"))


Ref = tuple[str, int, str]  # what kind of name, which, and what follows it


class Letters:
    """Counts letters: a count that needs no table of ranks."""

    name = "letters"

    def count(self, text: str) -> int:
        return len(text.strip())


COUNT = Letters().count


class Raised(Exception):  # noqa: N818  it is no error
    """What a batch is left by."""


# What is drawn -------------------------------------------------------------------------------------

Steps = st.SearchStrategy[Any]

number = st.integers(0, 40)
words = st.sampled_from(
    ["ok", "two words", "", " ", "\n", "ends in space  ", "<|endoftext|>", "ü🙂", '{"a": 1}', "[1]", "null"]
)
labels = st.one_of(words, st.just("#"), st.just("#"), st.just("#"))  # '#' becomes a text of its own
priorities = st.sampled_from([None, None, None, None, "SKIP", "IMPORTANT", "PINNED"])
marks = st.sampled_from(["SKIP", "SKIP", "NORMAL", "IMPORTANT", "PINNED", "PINNED"])
keys = st.sampled_from([None, None, None, None, "k1", "k2"])
call_ids = st.sampled_from([None, "a", "a", "b", "c!", "x" * 50, "x" * 50 + "y", "ü", ""])
tools = st.sampled_from(["read", "mcp__linear-server__list", "", "na me", "n" * 80, "a.b"])
arguments: Steps = st.sampled_from(
    [None, {}, {"path": "a"}, "no json", "[1]", '{"a": 1}', {"deep": [{"b": None}, 1, True]}]
)
outputs: st.SearchStrategy[Any] = st.sampled_from(  # '##' becomes a long one of its own
    ["#", "##", "##", "", " ", {"b": 1, "a": [2]}, [], None, 0, False]
)
handles = st.sampled_from([0, 0, 0, 0, 1])
refs = st.tuples(
    st.sampled_from(["HEAD", "HEAD", "hash", "hash", "prefix", "branch", "tag", "@"]),
    number,
    st.sampled_from(["", "", "", "~1", "~2", "~3", "@{1}", "@{2}", "@{1}~1", "~1~1", "^"]),
)
plain = st.sampled_from(
    ["system", "user", "user", "assistant", "assistant", "reasoning", "artifact", "named"]
)
others = st.sampled_from(["output", "freeform", "session", "image", "dialogue"])

says: Steps = st.tuples(st.just("say"), plain, labels, priorities, keys)
commits: Steps = st.tuples(st.just("commit"), others, labels, priorities, keys)
calls: Steps = st.tuples(st.just("call"), tools, arguments, call_ids)
results: Steps = st.tuples(st.just("result"), number, outputs, st.sampled_from(["success", "error"]))
answers: Steps = st.tuples(st.just("answer"), st.integers(0, 2), outputs)
edits: Steps = st.tuples(st.just("edit"), refs, labels)
markings: Steps = st.tuples(st.just("annotate"), st.lists(refs, min_size=1, max_size=3), marks)
tool_marks: Steps = st.tuples(
    st.just("mark_tool"), number, st.sampled_from(["SKIP", "SKIP", "PINNED", "NORMAL"])
)
tool_covers: Steps = st.tuples(st.just("cover_tool"), number, st.integers(1, 3), labels)
resets: Steps = st.tuples(st.just("reset"), refs, st.sampled_from(["soft", "hard"]))
branchings: Steps = st.tuples(st.just("branch"), st.sampled_from(BRANCHES), st.one_of(st.none(), refs))
switches: Steps = st.tuples(st.just("switch"), st.sampled_from(["main", "main", *BRANCHES, "-"]))
checkouts: Steps = st.tuples(st.just("checkout"), refs)
tags: Steps = st.tuples(st.just("tag"), refs, st.sampled_from(TAGS))
usages: Steps = st.tuples(st.just("usage"), st.one_of(st.none(), refs), st.integers(1, 3))
covers: Steps = st.tuples(st.just("cover"), number, st.integers(1, 5), labels)
compressions: Steps = st.tuples(st.just("compress"), number, st.integers(1, 8))
retirements: Steps = st.tuples(st.just("retire"), number)
maskings: Steps = st.tuples(st.just("mask"), number, st.integers(1, 9))
unmaskings: Steps = st.tuples(st.just("unmask"), number, st.booleans())
forgettings: Steps = st.tuples(st.just("forget"), number)
hows = st.sampled_from(["ours", "theirs", "resolver", "model", "review", "review"])
merges: Steps = st.tuples(st.just("merge"), number, hows, number, st.booleans())
rebases: Steps = st.tuples(st.just("rebase"), number, hows, number)
picks: Steps = st.tuples(st.just("pick"), st.lists(refs, min_size=1, max_size=3), st.booleans())
reorders: Steps = st.tuples(st.just("reorder"), number)
deletions: Steps = st.tuples(st.just("delete_branch"), st.sampled_from(["main", *BRANCHES]), st.booleans())
renamings: Steps = st.tuples(
    st.just("rename_branch"), st.sampled_from(["main", *BRANCHES]), st.sampled_from(["main", *BRANCHES])
)
looks: Steps = st.tuples(st.just("look"))
inside: Steps = st.one_of([
    says, says, commits, calls, results, edits, markings, resets, branchings, switches, tags, usages,
    covers, compressions, tool_marks, tool_covers, retirements, merges, rebases, picks, reorders, looks,
    maskings, unmaskings,
])  # fmt: skip


#: what is likely to be in conflict with the same on another branch
changing: Steps = st.one_of([
    edits, edits, markings, markings, tool_marks, covers, covers, tool_covers, retirements, retirements,
    answers, answers, says, maskings, maskings, unmaskings,
])  # fmt: skip


class World(JointSteps, RuleBasedStateMachine):
    """A file, two handles on it, and what both must say by the rules."""

    @initialize(start=st.lists(st.one_of(says, says, calls, results), max_size=8))
    def open(self, start: list[Any]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machine"))
        self.path = self.folder / "work.db"
        self.now = NINE
        self.label = 0
        self.history: dict[str, Record] = {}
        self.refs: dict[str, str] = {"heads/main": ""}
        self.operations: list[Operation] = []
        self.usages: dict[str, int] = {}
        self.recorded: dict[str, datetime] = {}  # when commits came in, as far as gc needs it
        self.forgotten: dict[str | None, str] = {}  # hashes of contents, and the lines instead
        self.open_branch = "main"
        self.moving: dict[str, tuple[str | None, str | None]] | None = None  # inside a batch
        self.listed = False
        self.kept: list[tuple[Any, ...]] = []  # every context ever returned
        self.notices: list[str] = []
        self.trace: list[dict[str, Any]] = []
        Tract.listener = self.notices.append
        self.handles = [self._open("user"), self._open("agent")]
        self.h = self.handles[0]
        for step in start:
            self.do(self.h, step)

    def _open(self, actor: str) -> Handle:
        tract = Tract.open(
            self.path, clock=lambda: self.now, token_counter=Letters(), verify_cache=True, actor=actor
        )
        h = Handle(tract, actor, self.open_branch)
        self._look(h)
        return h

    def teardown(self) -> None:
        if not hasattr(self, "handles"):
            return
        try:
            if self.moving is not None:
                return  # a batch has failed
            for h in self.handles:
                self._compare(h, self._tip(h))
            self._compare_cold()
            for context, messages, hashes, openai in self.kept:
                assert (list(context.messages), context.commit_hashes) == (messages, hashes)
                assert context.to_openai() == openai
        finally:
            Tract.listener = None
            for h in self.handles:
                h.tract.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- the model ----------------------------------------------------------------------------------

    def _tip(self, h: Handle) -> str:
        """Where a handle stands; one whose branch is gone steps to the first branch."""
        if h.branch is None:
            return h.detached or ""
        if h.ref not in self.refs:
            h.branch = min(name for name in self.refs if name.startswith("heads/")).removeprefix("heads/")
        return self.refs[h.ref]

    def _look(self, h: Handle) -> str:
        """Look at the branch as it is now: what is written next goes on top of it."""
        tip = self._tip(h)
        h.tract.refresh()
        h.seen = tip if h.branch is not None else h.seen
        return tip

    def _writable(self, h: Handle) -> type[TractError] | None:
        """Why a handle cannot write on its branch now."""
        if h.branch is None:
            return RefError
        return None if self.refs.get(h.ref) == h.seen else HeadMovedError

    def _log(
        self, h: Handle, verb: str, moved: dict[str, str | None], *, listed: bool = False, **of: Any
    ) -> None:
        """Move refs, and write the one operation."""
        assert verb in OPERATIONS | LOW_LEVEL
        changes = {ref: (self.refs.get(ref), new) for ref, new in moved.items() if self.refs.get(ref) != new}
        for ref, (_, new) in changes.items():
            if new is None:
                del self.refs[ref]
            else:
                self.refs[ref] = new
        if h.branch is not None and self.refs.get(h.ref) is not None and h.ref in moved:
            h.seen = self.refs[h.ref]
        if self.moving is not None:
            for ref, (old, new) in changes.items():
                self.moving[ref] = (self.moving.get(ref, (old, None))[0], new)
            self.listed |= listed
        elif changes or listed:
            self.operations.append(Operation(verb, h.actor, changes, **of))

    def _written(self, h: Handle, verb: str, commit: Any, record: Record) -> None:
        """Take a commit that a verb returned into the model, if it is what it must be."""
        tip = self.refs[h.ref]
        parents = record.parents or ((tip,) if tip else ())
        record = replace(record, parents=parents, author_us=to_us(commit.time))
        native = [one for one in self.history.values() if not (one.key or "").startswith("claude")]
        newest = max((one.author_us for one in native), default=0)
        assert record.author_us > newest, "author times rise"
        assert commit.hash not in self.history
        assert (commit.kind.name, commit.parents, commit.targets) == (record.kind, parents, record.targets)
        if record.content_hash is not None or record.kind in (MARK, MERGE):
            assert commit.hash == oracle.commit_hash(record)
        self.history[commit.hash] = record
        self._log(h, verb, {h.ref: commit.hash})
        assert commit.text == record.text

    def _refused(self, call: Callable[[], Any], kind: type[TractError] = TractError) -> None:
        with pytest.raises(kind) as caught:
            call()
        assert caught.value.message
        assert caught.value.hint, "an error says what to do"

    def _text(self, label: str) -> str:
        if label not in ("#", "##"):
            return label
        self.label += 1
        own = f"label-{self.label}-{'abcdefgh'[self.label % 8]}."
        return own if label == "#" else f"{own} {'and so on ' * 60}over."

    # -- names --------------------------------------------------------------------------------------

    def _name(self, h: Handle, ref: Ref) -> tuple[str, str | None, bool]:
        """Return a name, the commit it means (None: an error), and whether it is a bare hash."""
        kind, n, suffix = ref
        every, by_hash, base = list(self.history), False, "HEAD"
        commit: str | None = None
        if kind in ("hash", "prefix") and every:
            commit = every[-1 - n % len(every)]
            base, by_hash = commit if kind == "hash" else commit[:12], True
        elif kind in ("branch", "tag"):
            base = (["main", *BRANCHES] if kind == "branch" else TAGS)[n % 3]
            commit = self.refs.get(f"heads/{base}", self.refs.get(f"tags/{base}"))
        elif kind == "@":
            base, commit = "@", self._tip(h)
        else:
            commit = self._tip(h)
        back = re.match(r"@\{(\d)\}", suffix)
        if back:
            branch = h.branch if base in ("HEAD", "@") else base
            _, commit = oracle.before(self.operations, f"heads/{branch}", int(back[1]))
        commit = commit if commit in self.history else None  # what was collected has no name
        for step in re.findall(r"~\d|\^", suffix):
            commit = oracle.tilde(self.history, commit, int(step[1:] or 1)) if commit else None
        return base + suffix, commit or None, by_hash and not suffix

    def _unit(self, h: Handle, ref: Ref) -> tuple[str, str | None]:
        """Return a name, and the unit (its identity) that it means in the handle's history."""
        name, commit, by_hash = self._name(h, ref)
        if commit is None or (by_hash and self.history[commit].kind == MARK):
            return name, None
        meant = oracle.unit_meant(self.history, commit)
        return name, meant if meant in oracle.state(self.history, self._tip(h) or None).units else None

    # -- what each verb does ------------------------------------------------------------------------

    def do(self, h: Handle, step: tuple[Any, ...]) -> None:
        """Do one step on the library and on the model."""
        verb, *rest = step
        getattr(self, f"do_{verb}")(h, *rest)

    def _append(
        self,
        h: Handle,
        call: Callable[[], Any],
        payload: dict[str, Any] | Callable[[Any], dict[str, Any]],
        *,
        priority: str | None = None,
        key: str | None = None,
        targets: tuple[str, ...] = (),
    ) -> None:
        trouble = self._writable(h)
        if trouble:
            self._refused(call, trouble)
            return
        tip = self.refs[h.ref] or None
        before = dict(self.refs)
        commit = call()
        made = payload(commit) if callable(payload) else payload
        earlier = oracle.keyed(self.history, tip, key) if key else None
        record = contents.unit(made, key=key, targets=targets)
        record = replace(record, priority=priority or record.priority)
        if earlier is None:
            self._written(h, "commit", commit, record)
            return
        unit, last = earlier
        here = oracle.state(self.history, tip)
        text = contents.edited_text(here.units[unit], record.text)
        if contents.edited_text(here.units[unit], self.history[last].text) == text:
            assert commit.hash == here.commit[unit], "the same text again writes nothing"
            assert self.refs == before
        else:
            self._written(h, "commit", commit, contents.edit(here.units[unit], unit, record.text, key=key))

    def do_say(self, h: Handle, kind: str, label: str, priority: str | None, key: str | None) -> None:
        text, t = self._text(label), h.tract
        options: Any = {"priority": Priority[priority] if priority else None, "key": key}
        made: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
            "system": (lambda: t.system(text, **options), {"content_type": "instruction", "text": text}),
            "user": (
                lambda: t.user(text, **options),
                {"content_type": "dialogue", "role": "user", "text": text},
            ),
            "named": (
                lambda: t.user(text, name="Ann Lee", **options),
                {"content_type": "dialogue", "role": "user", "text": text, "name": "Ann Lee"},
            ),
            "assistant": (
                lambda: t.assistant(text, **options),
                {"content_type": "dialogue", "role": "assistant", "text": text},
            ),
            "reasoning": (lambda: t.reasoning(text, **options), {"content_type": "reasoning", "text": text}),
            "artifact": (
                lambda: t.artifact(text, kind="code", language="python", **options),
                {"content_type": "artifact", "kind": "code", "content": text, "language": "python"},
            ),
        }
        call, payload = made[kind]
        self._append(h, call, payload, priority=priority, key=key)

    def do_commit(self, h: Handle, kind: str, label: str, priority: str | None, key: str | None) -> None:
        text = self._text(label)
        made: dict[str, dict[str, Any]] = {
            "output": {"content_type": "output", "text": text, "format": "markdown"},
            "freeform": {"content_type": "freeform", "payload": {"said": text, "a": [1, None]}},
            "session": {"content_type": "session", "kind": "handoff", "summary": text, "next_steps": ["go"]},
            "image": {"content_type": "artifact", "kind": "code", "content": text},
            "dialogue": {"content_type": "dialogue", "role": "assistant", "text": text, "name": "Bo"},
        }
        payload = made[kind]
        wanted = Priority[priority] if priority else None
        self._append(
            h, lambda: h.tract.commit(payload, priority=wanted, key=key), payload, priority=priority, key=key
        )

    def do_call(self, h: Handle, name: str, given: Any, call_id: str | None) -> None:
        used = {record.call_id for record in self.history.values() if record.type == "tool_io"}

        def payload(commit: Any) -> dict[str, Any]:
            assert call_id or commit.content.call_id not in used, "a generated id is unique"
            base = {"content_type": "tool_io", "direction": "call", "call_id": commit.content.call_id}
            assert not call_id or commit.content.call_id == call_id
            return {**base, "name": name, "arguments": given}

        self._append(h, lambda: h.tract.tool_call(name, given, call_id), payload)

    def do_result(self, h: Handle, n: int, label: Any, status: str) -> None:
        output = self._text(label) if isinstance(label, str) else label
        used = ["a", "b", "nobody's", *(r.call_id or "" for r in self.history.values() if oracle.is_call(r))]
        call_id = used[-1 - n % len(used)]
        tip = self.refs.get(h.ref) or None
        call = oracle.call_for(self.history, tip, call_id) if not self._writable(h) else None
        payload = {
            "content_type": "tool_io",
            "direction": "result",
            "call_id": call_id,
            "output": output,
            "status": status,
            "name": oracle.state(self.history, tip).units[call].name if call else "",
        }
        self._append(
            h, lambda: h.tract.tool_result(call_id, output, status), payload, targets=(call,) if call else ()
        )

    def do_answer(self, h: Handle, n: int, label: Any) -> None:
        """The result of one of the last calls."""
        units = oracle.state(self.history, self._tip(h) or None).units
        asked = [str(unit.call_id) for unit in units.values() if oracle.is_call(unit)]
        if asked:
            used = [
                "a",
                "b",
                "nobody's",
                *(r.call_id or "" for r in self.history.values() if oracle.is_call(r)),
            ]
            self.do_result(h, used[::-1].index(asked[-1 - n % len(asked)]), label, "success")

    def do_edit(self, h: Handle, ref: Ref, label: str) -> None:
        text = self._text(label)
        name, unit = self._unit(h, ref)
        if self._writable(h) or unit is None:
            self._refused(lambda: h.tract.edit(name, text), self._writable(h) or TractError)
            return
        here = oracle.state(self.history, self._tip(h))
        record = contents.edit(here.units[unit], unit, text)
        before = self.refs[h.ref]
        commit = h.tract.edit(name, text)
        if record.text == here.text[unit]:
            assert commit.hash in self.history, "the same text again writes nothing"
            assert self.refs[h.ref] == before
        else:
            self._written(h, "edit", commit, record)

    def do_annotate(self, h: Handle, wanted: list[Ref], priority: str) -> None:
        named = [self._unit(h, ref) for ref in wanted]
        targets: Any = [name for name, _ in named] if len(named) > 1 else named[0][0]
        if self._writable(h) or any(unit is None for _, unit in named):
            self._refused(lambda: h.tract.annotate(targets, priority), self._writable(h) or TractError)
            return
        here = oracle.state(self.history, self._tip(h))
        units = list(dict.fromkeys(unit for _, unit in named if unit))
        changed = tuple(unit for unit in units if here.priority[unit] != priority or unit in here.retired)
        commit = h.tract.annotate(targets, Priority[priority])
        if changed:
            self._written(h, "annotate", commit, Record(MARK, targets=changed, priority=priority))
        else:
            assert commit is None

    def do_mark_tool(self, h: Handle, n: int, priority: str) -> None:
        """Annotate a call or a result."""
        units = oracle.state(self.history, self._tip(h) or None).units
        found = [name for name, unit in units.items() if unit.type == "tool_io"]
        if found:
            place = list(self.history)[::-1].index(found[-1 - n % len(found)])
            self.do_annotate(h, [("hash", place, "")], priority)

    def do_cover_tool(self, h: Handle, n: int, count: int, label: str) -> None:
        """Cover from a call on."""
        shown = oracle.compiled(self.history, self._tip(h) or None)
        found = [place for place, unit in enumerate(shown) if unit.type == "tool_io"]
        if found:
            self.do_cover(h, found[-1 - n % len(found)], count, label)

    def do_branch(self, h: Handle, name: str, at: Ref | None) -> None:
        start, commit, _ = self._name(h, at) if at else (None, self._tip(h), False)
        if f"heads/{name}" in self.refs or (at and commit is None):
            self._refused(lambda: h.tract.branch(name, start), RefError)
            return
        made = h.tract.branch(name, start)
        assert (made.hash if made else "") == (commit or "")
        if at is None:
            self._look(h)
        self._log(h, "branch", {f"heads/{name}": commit or ""})

    def do_switch(self, h: Handle, name: str) -> None:
        wanted = h.previous if name == "-" else name
        if wanted is None or f"heads/{wanted}" not in self.refs:
            self._refused(lambda: h.tract.switch(name), RefError)
            return
        h.tract.switch(name)
        self._stand(h, wanted)

    def _stand(self, h: Handle, branch: str) -> None:
        if branch != h.branch:
            h.previous, h.branch, h.detached, self.open_branch = h.branch, branch, None, branch
            self._log(h, "switch", {}, listed=True)
        self._look(h)

    def do_checkout(self, h: Handle, ref: Ref) -> None:
        name, commit, _ = self._name(h, ref)
        if f"heads/{name}" in self.refs:
            h.tract.checkout(name)
            self._stand(h, name)
        elif commit is None:
            self._refused(lambda: h.tract.checkout(name), RefError)
        else:
            status = h.tract.checkout(name)
            assert (status.branch, status.head) == (None, commit)
            h.previous, h.branch, h.detached = h.branch or h.previous, None, commit

    def do_reset(self, h: Handle, ref: Ref, mode: str) -> None:
        name, commit, _ = self._name(h, ref)
        if self._writable(h) or commit is None:
            self._refused(lambda: h.tract.reset(name, mode), self._writable(h) or RefError)
            return
        assert h.tract.reset(name, mode).head == commit
        self._log(h, "reset", {h.ref: commit}, hard=mode == "hard")

    def do_tag(self, h: Handle, ref: Ref, tag: str) -> None:
        name, commit, _ = self._name(h, ref)
        there = self.refs.get(f"tags/{tag}")
        if commit is None or (there is not None and there != commit):
            self._refused(lambda: h.tract.tag(name, tag), RefError)
            return
        assert h.tract.tag(name, tag).hash == commit
        self._log(h, "tag", {f"tags/{tag}": commit})

    def do_usage(self, h: Handle, ref: Ref | None, n: int) -> None:
        """Usage belongs to a reply: the newest one that the assistant said, unless told."""
        here = oracle.state(self.history, self._tip(h) or None)
        if ref is None:
            line = set(oracle.linear(self.history, self._tip(h) or None))
            newest = [self.history[name].origin or name for name in self.history if name in line]
            replies = [name for name in newest if name in here.units and here.units[name].role == "assistant"]
            name, unit = "HEAD", replies[-1] if replies else None
        else:
            name, unit = self._unit(h, ref)
        reported = {"prompt_tokens": 100 * n, "completion_tokens": n, "total_tokens": 101 * n}
        told = None if ref is None else name
        if unit is None or here.units[unit].role != "assistant":
            self._refused(lambda: h.tract.record_usage(reported, told))
        else:
            assert h.tract.record_usage(reported, told).total_tokens == 101 * n
            commit = here.commit[unit]
            if self.usages.get(commit) != 101 * n:
                self._log(h, "record_usage", {}, listed=True)
            self.usages[commit] = 101 * n
        self._look(h)

    def do_look(self, h: Handle) -> None:
        self._compare(h, self._look(h))

    # what no verb writes yet

    def _low(self, h: Handle, record: Record, verb: str, content: Any = None, second: str = "") -> None:
        if self._writable(h) or not self.refs[h.ref]:
            return
        ws = h.tract._ws
        with transaction(ws, verb) as tx:
            head = tx.head()
            assert head is not None
            row = tx.commit(
                Kind[record.kind],
                [head, *([names.commit_named(ws, second)] if second else [])],
                content=content,
                targets=tuple(bytes.fromhex(target) for target in record.targets),
                priority=None if record.priority is None else Priority[record.priority],
                origin=bytes.fromhex(record.origin) if record.origin else None,
            )
        parents = (self.refs[h.ref], *([second] if second else []))
        self._written(h, verb, h.tract.show(row.hash.hex()), replace(record, parents=parents))

    def do_cover(self, h: Handle, n: int, count: int, label: str) -> None:
        tip = self._tip(h) or None
        shown = [unit.identity for unit in oracle.compiled(self.history, tip)]
        if not shown:
            return
        start = n % len(shown)
        targets: dict[str, None] = {}
        for identity in shown[start : start + count]:
            targets[identity] = None
            of = oracle.state(self.history, tip).units[identity]
            targets.update(dict.fromkeys(of.targets if of.kind == SUMMARY else ()))
        text = self._text(label)
        made = contents.unit({"content_type": "dialogue", "role": "user", "text": text})
        record = replace(made, kind=SUMMARY, targets=tuple(targets), priority=NORMAL)
        self._low(h, record, "cover", Dialogue(role="user", text=text))

    def do_compress(self, h: Handle, n: int, count: int) -> None:
        """Let a text stand for some units that show: all that a summary can hide of them, in one.

        Every other time it is proposed first, and a person approves.
        """
        trouble, tip = self._writable(h), self._tip(h) or None
        shown = [unit.identity for unit in oracle.compiled(self.history, tip, include_reasoning=True)]
        if not shown:
            return
        start = n % len(shown)
        here = oracle.state(self.history, tip)
        chosen = shown[start : start + count]
        covered = oracle.coverable(here, chosen)
        text = self._text("#")
        asks = bool(n % 2 and covered and not trouble and not h.tract.pending())

        def compress() -> Any:
            units = [here.commit[name] for name in chosen]
            done = h.tract.compress(commits=units, content=text, mode="collaborative" if asks else None)
            if asks:
                assert (done.state, h.tract.status().head or None) == ("pending", tip)
                told = done.tokens_after
                assert done.approve().tokens_after == told
            return done

        if not covered or trouble:
            self._refused(compress, trouble if covered and trouble else TractError)
            return
        targets: dict[str, None] = {}
        for name in covered:
            targets[name] = None
            targets.update(
                dict.fromkeys(here.units[name].targets if here.units[name].kind == SUMMARY else ())
            )
        made = contents.unit({"content_type": "dialogue", "role": "user", "text": text})
        (group,) = compress().groups
        record = replace(made, kind=SUMMARY, targets=tuple(targets), priority=NORMAL)
        self._written(h, "compress", h.tract.show(group.commit), record)

    def do_mask(self, h: Handle, n: int, count: int) -> None:
        """Let a line stand for each long output among some units that show."""
        trouble, tip = self._writable(h), self._tip(h) or None
        shown = [unit.identity for unit in oracle.compiled(self.history, tip, include_reasoning=True)]
        if not shown:
            return
        open_ones = list(oracle.maskable(self.history, tip, shown))
        start = shown.index(open_ones[n % len(open_ones)]) if open_ones and n % 3 else n % len(shown)
        here, chosen = oracle.state(self.history, tip), shown[start : start + count]
        may = oracle.maskable(self.history, tip, chosen)

        def mask() -> Any:
            return h.tract.compress(commits=[here.commit[name] for name in chosen], strategy="mask")

        if trouble:
            self._refused(mask, trouble)
            return
        size = oracle.size(self.history, tip, COUNT)
        done = mask()
        line: list[Any] = []
        name = h.tract.status().head or ""
        while name != tip:
            line.append(h.tract.show(name))
            (name,) = line[-1].parents
        units = [one.targets[0] for one in reversed(line)]
        assert units == [unit for unit in may if may[unit] or unit in units], "in the order of the context"
        assert done.state == ("applied" if units else "nothing")
        for commit, unit in zip(reversed(line), units, strict=True):
            self._is_line(commit.text, here.units[unit], here.text[unit], COUNT(here.weight[unit]))
            assert (commit.kind.name, commit.targets) == ("EDIT", (unit,))
            of = contents.edit(here.units[unit], unit, commit.text, mask=True)
            made = replace(of, parents=commit.parents, author_us=to_us(commit.time))
            assert commit.hash not in self.history
            self.history[commit.hash] = made
        if units:
            self._log(h, "compress", {h.ref: line[0].hash})
            assert done.saved == size - oracle.size(self.history, line[0].hash, COUNT) > 0

    def _is_line(self, line: str, of: Record, text: str, tokens: int) -> None:
        """What stands for an output says which tool gave it, how long it was, and how to know it again."""
        assert "\n" not in line
        assert (of.name or "tool") in line
        assert f"{tokens:,} tokens" in line
        assert hashlib.sha256(text.encode()).hexdigest()[:12] in line
        assert COUNT(line) < tokens

    def do_unmask(self, h: Handle, n: int, masked: bool) -> None:  # noqa: FBT001
        """Restore an output that a mask stands for, or any other unit."""
        trouble, tip = self._writable(h), self._tip(h) or None
        here, now = oracle.state(self.history, tip), oracle.masked_now(self.history, tip)
        ever = oracle.ever_masked(self.history, tip)
        among = list(now) if masked else [name for name, of in here.units.items() if of.kind != SUMMARY]
        if not among:
            return
        unit = among[n % len(among)]
        call = lambda: h.tract.restore(here.commit[unit])  # noqa: E731
        if trouble or unit not in ever:
            self._refused(call, trouble or RefError)
            return
        before = self.refs[h.ref]
        commit = call()
        if unit in now:
            self._written(h, "restore", commit, contents.edit(here.units[unit], unit, now[unit]))
        else:
            assert commit is None
            assert self.refs[h.ref] == before == h.tract.status().head

    def do_retire(self, h: Handle, n: int) -> None:
        trouble = self._writable(h)
        here = oracle.state(self.history, self._tip(h) or None)
        summaries = [name for name, unit in here.units.items() if unit.kind == SUMMARY]
        if not summaries:
            return
        name = summaries[n % len(summaries)]
        if trouble:
            self._refused(lambda: h.tract.restore(name), trouble)
            return
        commit = h.tract.restore(name)
        if name in here.retired:
            assert commit is None
        else:
            self._written(h, "restore", commit, Record(MARK, targets=(name,)))

    # -- rules --------------------------------------------------------------------------------------

    def acting(self, who: int) -> Handle:
        self.h = self.handles[who]
        return self.h

    @rule(who=handles, step=says)
    def say(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=says)
    def say_more(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=commits)
    def commit(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=calls)
    def call(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, steps=st.lists(st.one_of(calls, results, results), min_size=2, max_size=4))
    def calls_and_results(self, who: int, steps: list[Any]) -> None:
        for step in steps:
            self.do(self.acting(who), step)

    @rule(
        who=handles,
        first=st.lists(st.one_of(calls, answers, answers), min_size=2, max_size=4),
        then=st.lists(
            st.one_of(tool_marks, tool_marks, tool_covers, results, says, retirements), min_size=2, max_size=6
        ),
    )
    def tools(self, who: int, first: list[Any], then: list[Any]) -> None:
        """Calls and results, skipped, pinned and covered, alone and together."""
        h = self.acting(who)
        for step in (*first, *then):
            self.do(h, step)
            self._compare(h, self._look(h))

    @rule(
        who=handles,
        call=calls,
        answer=answers,
        marks=st.lists(st.tuples(st.booleans(), marks), min_size=1, max_size=3),
        cover=st.one_of(st.none(), labels),
    )
    def call_and_its_result(self, who: int, call: Any, answer: Any, marks: Any, cover: str | None) -> None:
        """One call and its result, and what may be said of either."""
        h = self.acting(who)
        self.do(h, call)
        self.do(h, ("answer", 0, answer[2]))
        if cover is not None:
            self.do(h, ("cover_tool", 0, 1 + len(marks), cover))
        for of_call, priority in marks:
            self.do(h, ("mark_tool", int(of_call), priority))
            self._compare(h, self._look(h))

    @rule(who=handles, step=results)
    def result(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=edits)
    def edit(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=markings)
    def annotate(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=branchings)
    def branch(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=switches)
    def switch(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=checkouts, back=st.booleans())
    def checkout(self, who: int, step: Any, back: bool) -> None:  # noqa: FBT001
        self.do(self.acting(who), step)
        if self.h.branch is None:
            self._compare(self.h, self._tip(self.h))
            self._refused(lambda: self.h.tract.user("detached"), RefError)
            if back:
                self.do(self.h, ("switch", "main"))

    @rule(who=handles, step=resets)
    def reset(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=tags)
    def tag(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=usages)
    def record_usage(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=covers)
    def cover(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=compressions)
    def compress(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=retirements)
    def retire(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=maskings)
    def mask(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=unmaskings)
    def unmask(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(
        who=handles,
        first=st.lists(st.tuples(calls, st.sampled_from(["##", "##", "#"])), min_size=1, max_size=3),
        then=st.lists(
            st.one_of(
                [maskings, maskings, unmaskings, unmaskings, edits, tool_marks, tool_covers, forgettings]
            ),
            min_size=2,
            max_size=6,
        ),
    )
    def outputs_and_masks(self, who: int, first: list[Any], then: list[Any]) -> None:
        """Long outputs, masked and restored, edited, pinned and covered."""
        h = self.acting(who)
        for call, output in first:
            self.do(h, call)
            self.do(h, ("answer", 0, output))
        for step in then:
            self.do(h, step)
            self._compare(h, self._look(h))

    @rule(who=handles, step=merges)
    def merge(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=rebases)
    def rebase(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=picks)
    def pick(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=reorders)
    def reorder(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=deletions)
    def delete_branch(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(who=handles, step=renamings)
    def rename_branch(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    @rule(
        who=handles,
        name=st.sampled_from(BRANCHES),
        one=st.lists(changing, min_size=1, max_size=4),
        two=st.lists(changing, min_size=1, max_size=4),
        joins=st.lists(st.tuples(st.booleans(), st.one_of(merges, merges, rebases)), min_size=1, max_size=3),
        more=st.lists(st.one_of(says, edits), max_size=2),
    )
    def fork_and_join(self, who: int, name: str, one: Any, two: Any, joins: Any, more: Any) -> None:
        """Work on two branches, join them one way or the other, work on, join them again."""
        h = self.acting(who)
        self.do(h, ("switch", "main"))
        self.do(h, ("branch", name, None))
        for branch, steps in (("main", one), (name, two)):
            self.do(h, ("switch", branch))
            for step in steps:
                self.do(h, step)
        for on_main, (verb, _, *rest) in joins:
            self.do(h, ("switch", "main" if on_main else name))
            others = sorted(ref for ref, tip in self.refs.items() if tip and ref != h.ref)
            wanted = "heads/" + (name if on_main else "main")
            if h.branch and wanted in others:
                self.do(h, (verb, others.index(wanted), *rest))
            for step in more:
                self.do(h, step)
            self._compare(h, self._look(h))

    @rule(who=st.sampled_from([0, 0, 1]), times=st.integers(1, 3))
    def undo(self, who: int, times: int) -> None:
        for _ in range(times):
            self._take_back(self.acting(who), "undo", oracle.to_undo(self.operations, self.h.actor))

    @rule(who=st.sampled_from([0, 0, 1]), times=st.integers(1, 3))
    def redo(self, who: int, times: int) -> None:
        for _ in range(times):
            self._take_back(self.acting(who), "redo", oracle.to_redo(self.operations, self.h.actor))

    @rule(
        steps=st.lists(
            st.tuples(st.booleans(), st.sampled_from(["say", "branch", "undo", "redo"])), max_size=6
        )
    )
    def take_turns(self, steps: list[tuple[bool, str]]) -> None:
        """Two actors write and take back, each its own."""
        for first, verb in steps:
            h = self.acting(not first)
            self._look(h)
            if verb == "say":
                self.do(h, ("say", "user", "#", None, None))
            elif verb == "branch":
                free = [name for name in BRANCHES if f"heads/{name}" not in self.refs]
                self.do(h, ("branch", (free or BRANCHES)[0], None))
            else:
                choose = oracle.to_undo if verb == "undo" else oracle.to_redo
                self._take_back(h, verb, choose(self.operations, h.actor))

    def _take_back(self, h: Handle, verb: str, place: int | None) -> None:
        call = getattr(h.tract, verb)
        moved = self.operations[place].moved if place is not None else {}
        collected = any(old and old not in self.history for old, _ in moved.values())
        if place is None or collected or any(self.refs.get(ref) != new for ref, (_, new) in moved.items()):
            self._refused(call, RefError)
            return
        heads = [ref for ref in self.refs if ref.startswith("heads/")]
        if all(moved.get(ref, ("",))[0] is None for ref in heads):
            return  # no branch would be left
        call()
        back = {ref: old for ref, (old, _) in moved.items()}
        self._log(h, verb, back, undoes=place, is_undo=verb == "undo")
        self._named_back(h, moved)
        self._look(h)

    def _named_back(self, h: Handle, moved: dict[str, tuple[str | None, str | None]]) -> None:
        """A handle follows its branch to the name it has again; the tract opens on a branch that is."""
        heads = {ref.removeprefix("heads/"): ends for ref, ends in moved.items() if ref.startswith("heads/")}
        gone = [name for name, (old, new) in heads.items() if old is None and new is not None]
        back = [name for name, (old, new) in heads.items() if new is None and old is not None]
        if len(heads) == 2 and gone and back:
            h.branch = back[0] if h.branch == gone[0] else h.branch
            h.previous = back[0] if h.previous == gone[0] else h.previous
            self.open_branch = back[0] if self.open_branch == gone[0] else self.open_branch
        if f"heads/{self.open_branch}" not in self.refs:
            names = sorted(ref.removeprefix("heads/") for ref in self.refs if ref.startswith("heads/"))
            # before it is asked where it stands, the handle does not know that its branch is gone
            self.open_branch = h.branch if h.branch in names else names[0]

    @rule(
        who=handles,
        steps=st.lists(inside, max_size=5),
        ending=st.sampled_from(["", "", "", "raise", "^C"]),
        back=st.booleans(),
    )
    def batch(self, who: int, steps: list[Any], ending: str, back: bool) -> None:  # noqa: FBT001
        h = self.acting(who)
        before = deepcopy((self.history, self.refs, self.usages, self.open_branch))
        stood = (h.branch, h.detached, h.previous, h.seen)
        self.moving, self.listed = {}, False
        try:
            with h.tract.batch():
                for step in steps:
                    self.do(h, step)
                    self._compare(h, self._look(h))
                if ending:
                    raise KeyboardInterrupt if ending == "^C" else Raised
        except (Raised, KeyboardInterrupt):
            self.history, self.refs, self.usages, self.open_branch = before
            h.branch, h.detached, h.previous, h.seen = stood
        else:
            moved = {ref: sides for ref, sides in self.moving.items() if sides[0] != sides[1]}
            if moved or self.listed:
                self.operations.append(Operation("batch", h.actor, moved))
        self.moving = None
        if back:
            self._compare_operations()
            self._take_back(h, "undo", oracle.to_undo(self.operations, h.actor))

    @rule(who=handles, kinds=st.lists(st.sampled_from("uatre"), min_size=1, max_size=6))
    def import_trace(self, who: int, kinds: list[str]) -> None:
        """Let a made-up session grow by some records, and import it (again)."""
        h = self.acting(who)
        for kind in kinds:
            self.trace.append(self._trace_record(kind))
        path = self.folder / "5e551011-0000.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in self.trace), encoding="utf-8")
        self._look(h)
        branch, new = self._imported_on(h)
        imported = h.tract.import_trace(path)
        assert imported.branch == branch
        tip = self.refs.get(f"heads/{branch}", "")
        for one in new:
            tip = self._imported(tip, one)
        self._log(h, "import", {f"heads/{branch}": tip})
        assert imported.commits == len(new)

    def _trace_record(self, kind: str) -> dict[str, Any]:
        place = len(self.trace)
        uuid, parent = f"u{place}", f"u{place - 1}" if place else None
        open_calls = [one["message"]["content"][0]["id"] for one in self.trace if one["kind"] == "t"]
        if kind == "r" and not open_calls:
            kind = "u"
        said: dict[str, dict[str, Any]] = {
            "u": {"type": "text", "text": self._text("#")},
            "a": {"type": "text", "text": self._text("#")},
            "e": {"type": "thinking", "thinking": self._text("#")},
            "t": {"type": "tool_use", "id": "ab"[place % 2], "name": "Read", "input": {"path": f"{place}"}},
            "r": {"type": "tool_result", "tool_use_id": (open_calls or [""])[-1], "content": f"out {place}"},
        }
        block = said[kind]
        role = "user" if kind in "ur" else "assistant"
        message: dict[str, Any] = {"role": role, "content": [block]}
        if role == "assistant":
            usage = {"input_tokens": 50 + place, "output_tokens": 5}
            message |= {"id": f"msg_{place}", "model": "claude-x", "type": "message", "usage": usage}
        time = NINE - timedelta(days=1) + timedelta(seconds=10 * place)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        base = {"parentUuid": parent, "isSidechain": False, "sessionId": "5e551011-0000", "version": "2.1.0"}
        return {**base, "type": role, "message": message, "uuid": uuid, "timestamp": stamp, "kind": kind}

    def _imported_on(self, h: Handle) -> tuple[str, list[dict[str, Any]]]:
        """Return the branch that an import goes on, and the records that are new to this tract."""
        heads = sorted(ref.removeprefix("heads/") for ref in self.refs if ref.startswith("heads/"))
        imported = {ref for one in self.operations if one.verb == "import" for ref in one.moved}
        known: set[str] = set()
        homes = []
        for name in heads:
            line = oracle.linear(self.history, self.refs[f"heads/{name}"] or None)
            wanted = {f"claude {one['uuid']}" for one in self.trace}
            found = {str(self.history[one].key) for one in line} & wanted
            # the branch with most of it; of equals one that an import moved, then the handle's own
            homes += [(-len(found), f"heads/{name}" not in imported, name != h.branch, name)] if found else []
            known |= found
        new = [one for one in self.trace if f"claude {one['uuid']}" not in known]
        if homes:
            return min(homes)[3], new
        if h.branch and not self.refs[h.ref]:
            return h.branch, new
        name, count = "trace/5e551011", 1
        while f"heads/{name}" in self.refs:
            count += 1
            name = f"trace/5e551011-{count}"
        return name, new

    def _imported(self, tip: str, one: dict[str, Any]) -> str:
        block, kind = one["message"]["content"][0], one["kind"]
        targets: tuple[str, ...] = ()
        payload: dict[str, Any]
        if kind in "ua":
            payload = {"content_type": "dialogue", "role": one["type"], "text": block["text"]}
        elif kind == "e":
            payload = {"content_type": "reasoning", "text": block["thinking"]}
        else:
            payload = {"content_type": "tool_io", "direction": "call", "name": "Read"}
            payload |= {"call_id": block.get("id", block.get("tool_use_id"))}
            if kind == "t":
                payload["arguments"] = block["input"]
            else:
                payload |= {"direction": "result", "output": block["content"]}
                call = oracle.call_for(self.history, tip or None, payload["call_id"])
                targets = (call,) if call else ()
        time = to_us(datetime.fromisoformat(one["timestamp"]))
        record = contents.unit(payload, targets=targets, author_us=time, parents=(tip,) if tip else ())
        line = self.forgotten.get(record.content_hash)
        if line is not None:  # the same text is not stored again
            record = replace(record, text=line, weight=record.text)
        record = replace(record, key=f"claude {one['uuid']}")
        name = oracle.commit_hash(record)
        self.history[name] = record
        if one["type"] == "assistant":
            self.usages[name] = sum(one["message"]["usage"].values())
        return name

    @rule(by=st.sampled_from([1, 1000, 5_000_000]))
    def time_passes(self, by: int) -> None:
        self.now += timedelta(microseconds=by)

    @rule(who=handles)
    def refresh(self, who: int) -> None:
        h = self.acting(who)
        self._look(h)

    @rule(who=handles)
    def reopen(self, who: int) -> None:
        old = self.handles[who]
        old.tract.close()
        self.handles[who] = self._open(old.actor)
        self.acting(who)

    @rule(who=handles)
    def save_as(self, who: int) -> None:
        h = self.acting(who)
        copy = h.tract.save_as(self.folder / f"copy{len(self.kept)}-{self.label}.db")
        tract = Tract.open(copy, token_counter=Letters(), verify_cache=True)
        try:
            branch = self.open_branch if f"heads/{self.open_branch}" in self.refs else tract.branch_name
            self._compare(Handle(tract, "user", branch), self.refs[f"heads/{branch}"], keep=False)
        finally:
            tract.close()
            copy.unlink()

    # -- taking away --------------------------------------------------------------------------------

    @rule(who=handles, days=st.sampled_from([0, 2.25, 2.25, 40]), keep=st.sampled_from([0, 7, 7]))
    def gc(self, who: int, days: float, keep: int) -> None:
        """Let days pass, and take away what nothing leads to any more."""
        h = self.acting(who)
        self._on_branches()
        self._record()
        self.now += timedelta(days=days)
        if h.tract.pending():
            return
        dead = keeping.dead(
            self.history, self.refs, self.operations, self.recorded, self.now, timedelta(days=keep)
        )
        wanted = sorted(name[:12] for name in dead)
        for dry in (True, False):
            found = h.tract.gc(keep_days=keep, archive_days=100_000, dry_run=dry)
            assert sorted(row.commit for row in found) == wanted
            assert {row.what for row in found} <= {"commit"}
        for name in dead:
            for known in (self.history, self.recorded, self.usages):
                known.pop(name, None)
            self._refused(partial(h.tract.show, name), RefError)
        if dead:
            self._log(h, "gc", {}, listed=True)
        assert h.tract.verify().rows == ()

    def _on_branches(self) -> None:
        """Let no handle stand on a commit of no branch: another's gc may take it."""
        for h in self.handles:
            if h.branch is None:
                heads = sorted(ref for ref in self.refs if ref.startswith("heads/"))
                self.do(h, ("switch", heads[0].removeprefix("heads/")))

    def _record(self) -> None:
        for name in self.history:
            self.recorded.setdefault(name, self.now)

    @rule(
        who=handles,
        steps=st.lists(
            st.one_of(says, calls, answers, edits, merges, picks, maskings), min_size=1, max_size=4
        ),
        mode=st.sampled_from(["hard", "hard", "soft"]),
        days=st.sampled_from([2.25, 40]),
        back=st.booleans(),
    )
    def leave_and_collect(self, who: int, steps: Any, mode: str, days: float, back: bool) -> None:  # noqa: FBT001
        """Work on, give it up, and let days pass; what was given up may be asked for again."""
        h = self.acting(who)
        self._on_branches()
        stood = self._look(h)
        if not stood:
            return
        for step in steps:
            self.do(h, step)
        place = list(self.history)[::-1].index(stood)
        self.do(h, ("reset", ("hash", place, ""), mode))
        self._compare_operations()
        self.gc(who, days, 7)
        if back:
            self._take_back(h, "undo", oracle.to_undo(self.operations, h.actor))

    @rule(who=handles, step=forgettings)
    def forget(self, who: int, step: Any) -> None:
        self.do(self.acting(who), step)

    def do_forget(self, h: Handle, n: int) -> None:
        """Take a text away for good, wherever it is."""
        taken = {record.targets or (name,) for name, record in self.history.items() if record.weight}
        free = [
            name
            for name, record in self.history.items()
            if record.text.startswith("label-") and (record.targets or (name,)) not in taken
        ]
        if not free or h.tract.pending():
            return
        name = free[-1 - n % len(free)]
        done = h.tract.forget(name, "it was a secret")
        line = h.tract.show(name).text
        assert line == f"[forgotten on {self.now:%Y-%m-%d}]"
        told = [one for one in self.history if one[:12] in done.commits]
        assert len(told) == len(done.commits)
        self.forgotten[self.history[name].content_hash] = line
        self.history |= keeping.forgotten(self.history, name, told, line)
        self._log(h, "forget", {}, listed=True)

    @rule(who=handles)
    def optimize(self, who: int) -> None:
        self.acting(who).tract.optimize()

    # -- looking ------------------------------------------------------------------------------------

    @rule(who=handles, ref=refs, reasoning=st.booleans(), again=st.booleans())
    def compile_at(self, who: int, ref: Any, reasoning: bool, again: bool) -> None:  # noqa: FBT001
        h = self.acting(who)
        self._look(h)
        name, commit, _ = self._name(h, ref)
        if commit is None:
            self._refused(lambda: h.tract.compile(name))
            return
        for _ in range(1 + again):
            self._check(h.tract.compile(name, include_reasoning=reasoning), commit, reasoning=reasoning)

    @rule(who=handles, n=number, by=st.sampled_from([-1, 0, 0, 1]))
    def compile_at_time(self, who: int, n: int, by: int) -> None:
        h = self.acting(who)
        self._look(h)
        times = [one.at_us for one in self.operations] + [one.author_us for one in self.history.values()]
        if h.branch is None or not times:
            return
        at = times[n % len(times)] + by
        known, then = oracle.at_time(self.operations, h.ref, at)
        if not known:
            put = [one.moved[h.ref][1] for one in self.operations if h.ref in one.moved]
            first = next(filter(None, put), None)
            then = oracle.prefix_at(self.history, first, at) if first in self.history else None
        time = EPOCH + timedelta(microseconds=at)
        if then is None or (then and then not in self.history):
            self._refused(lambda: h.tract.compile(at_time=time), RefError)
        else:
            self._check(h.tract.compile(at_time=time), then or None)

    @rule(who=handles, reasoning=st.booleans(), random=st.randoms(use_true_random=False))
    def compile_in_order(self, who: int, reasoning: bool, random: Any) -> None:  # noqa: FBT001
        h = self.acting(who)
        tip = self._look(h) or None
        if tip is None:
            return
        straight = h.tract.compile(include_reasoning=reasoning)
        order = list(straight.commit_hashes)
        random.shuffle(order)
        context = h.tract.compile(order=order, include_reasoning=reasoning)
        self._check(context, tip, reasoning=reasoning, order=order)

    @rule(who=handles, one=refs, two=refs)
    def diff(self, who: int, one: Any, two: Any) -> None:
        h = self.acting(who)
        self._look(h)
        (a, before, _), (b, after, _) = self._name(h, one), self._name(h, two)
        if before is None or after is None:
            self._refused(lambda: h.tract.diff(a, b))
            return
        diff = h.tract.diff(a, b)
        assert (diff.a, diff.b) == (before, after)
        sizes = [oracle.size(self.history, commit, COUNT) for commit in (before, after)]
        assert [diff.tokens_a, diff.tokens_b] == sizes
        assert diff.tokens == sizes[1] - sizes[0]
        old, new = oracle.state(self.history, before), oracle.state(self.history, after)
        wanted = {
            new.commit[name]: sides for name, sides in oracle.edited(self.history, before, after).items()
        }
        assert {change.commit: (change.before, change.after) for change in diff.texts} == wanted
        rows = diff.changes.rows
        for change, here, there in (("added", new, old), ("removed", old, new)):
            names = sorted(here.commit[name][:12] for name in here.units if name not in there.units)
            assert sorted(row[1] for row in rows if row[0] == change) == names
        marked = [
            name for name in new.units if name in old.units and old.priority[name] != new.priority[name]
        ]
        told = {row[1] for row in rows if row[0] == "reprioritised"}
        assert {new.commit[name][:12] for name in marked if name not in new.retired | old.retired} <= told
        # what shows otherwise is told of
        for name in set(new.units) & set(old.units):
            if old.shows(name) != new.shows(name):
                assert any(row[1] == new.commit[name][:12] for row in rows)
        assert sum(row[4] for row in rows) in {sizes[1] - sizes[0] + k for k in (-3, 0, 3)}

    @rule(who=handles, text=st.one_of(st.sampled_from(["OK", "label-1", ".", "Session", '"a"']), labels))
    def find(self, who: int, text: str) -> None:
        h = self.acting(who)
        tips = {tip for ref, tip in self.refs.items() if ref.startswith("heads/") and tip}
        tips |= {self._look(h)} - {""}
        found = h.tract.find(text)
        names = {name[:12] for name in oracle.found(self.history, tips, text)}
        assert {row[0] for row in found} == names
        assert len(found) == len(names)

    @rule(who=handles, ref=refs, limit=st.sampled_from([None, 0, 3]))
    def log_and_show(self, who: int, ref: Any, limit: int | None) -> None:
        h = self.acting(who)
        self._look(h)
        name, commit, _ = self._name(h, ref)
        if commit is None:
            self._refused(lambda: h.tract.show(name))
            return
        shown, record = h.tract.show(name), self.history[commit]
        assert shown.hash == commit
        assert (shown.parents, shown.targets) == (record.parents, record.targets)
        assert (shown.kind.name, shown.origin, shown.text) == (record.kind, record.origin, record.text)
        here = oracle.state(self.history, commit)
        order = {name: place for place, name in enumerate(self.history)}
        every = sorted(oracle.linear(self.history, commit), key=order.__getitem__, reverse=True)
        folded = {name for name in every if (self.history[name].origin or name) in here.covered}
        listed = [name for name in every if self.history[name].kind != MARK and name not in folded]
        assert [row[0] for row in h.tract.log(limit, branch=name)] == [one[:12] for one in listed][:limit]
        assert [row[0] for row in h.tract.log(branch=name, all=True)] == [one[:12] for one in every]
        for kind in ("append", "summary", "mark"):
            wanted = [one[:12] for one in every if self.history[one].kind == kind.upper()]
            assert [row[0] for row in h.tract.log(branch=name, kind=kind)] == wanted
        for row in h.tract.log(branch=name, all=True):
            full = next(one for one in every if one.startswith(row[0]))
            identity = self.history[full].origin or full
            if self.history[full].kind in ("APPEND", "SUMMARY") and identity not in here.retired:
                assert row[7] == here.priority[identity]

    @rule()
    def cold(self) -> None:
        self._compare_cold()

    def _compare_cold(self) -> None:
        """A handle with nothing in its cache sees every branch as the rules say."""
        tract = Tract.open(self.path, token_counter=Letters(), verify_cache=True)
        try:
            for ref, tip in self.refs.items():
                if ref.startswith("heads/") and tip:
                    context = tract.compile(ref.removeprefix("heads/"))
                    self._check(context, tip, keep=False)
        finally:
            tract.close()

    # -- what always holds --------------------------------------------------------------------------

    @invariant()
    def stands(self) -> None:
        if self.moving is not None or not hasattr(self, "h"):
            return
        self._compare(self.h, self._look(self.h))
        self._compare_operations()
        self._compare_refs()

    def _compare_operations(self) -> None:
        rows = list(self.h.tract.operations())[::-1]
        assert len(rows) == len(self.operations), [row[2] for row in rows]
        for place, (row, one) in enumerate(zip(rows, self.operations, strict=True)):
            one.at_us = to_us(row[1])
            shown = {
                f"{ref.partition('/')[2]} {self._end(old, 'new')} → {self._end(new, 'gone')}"
                for ref, (old, new) in one.moved.items()
            }
            assert (row[2], row[3], set(filter(None, row[4].split(", ")))) == (one.verb, one.actor, shown)
            if not one.is_undo and one.undoes is None and one.moved:
                assert row[6] is (not oracle.in_effect(self.operations, place)), (place, row)
        times = [one.at_us for one in self.operations]
        assert times == sorted(set(times))

    def _end(self, commit: str | None, gone: str) -> str:
        if commit and commit not in self.history:
            return "collected"
        return gone if commit is None else commit[:8] or "empty"

    def _compare_refs(self) -> None:
        for prefix, table in (("heads/", self.h.tract.branches()), ("tags/", self.h.tract.tags())):
            wanted = [
                (
                    ref.removeprefix(prefix),
                    prefix == "heads/" and ref == self.h.ref,
                    tip[:12] or None,
                    oracle.size(self.history, tip or None, COUNT),
                )
                for ref, tip in sorted(self.refs.items())
                if ref.startswith(prefix)
            ]
            assert [tuple(row[:4]) for row in table] == wanted

    def _compare(self, h: Handle, tip: str, *, keep: bool = True) -> None:
        context = h.tract.compile()
        self._check(context, tip or None, keep=keep)
        status = h.tract.status()
        here = oracle.state(self.history, tip or None)
        assert (status.branch, status.head or "") == (h.branch, tip)
        assert (status.tokens, status.token_source) == (context.token_count, context.token_source)
        kinds = [self.history[name].kind for name in oracle.linear(self.history, tip or None)]
        assert status.commits == len([kind for kind in kinds if kind != MARK])
        assert status.pinned == list(here.priority.values()).count(PINNED)
        assert (status.skipped, status.covered) == (len(here.skipped), len(here.covered))

    def _check(
        self,
        context: Any,
        tip: str | None,
        *,
        reasoning: bool = False,
        order: list[str] | None = None,
        keep: bool = True,
    ) -> None:
        """Hold a context against the oracle, and what it becomes against what providers take."""
        wanted = oracle.compiled(self.history, tip, include_reasoning=reasoning, count=COUNT)
        if order is not None:
            wanted.sort(key=lambda unit: order.index(unit.commit))
        got = [
            oracle.Shown(m.commit, m.identity, m.role, m.text, m.priority.name, m.type, m.tokens)
            for m in context.messages
        ]
        assert got == wanted
        assert context.commit_hashes == tuple(unit.commit for unit in wanted)
        count, source = oracle.counted(self.history, tip, COUNT, self.usages)
        if reasoning:
            count += oracle.size(self.history, tip, COUNT, include_reasoning=True)
            count -= oracle.size(self.history, tip, COUNT)
        assert (context.token_count, context.token_source) == (count, source)
        openai = context.to_openai()
        self._check_formats(context, wanted, tip, openai)
        if keep:
            self.kept.append((context, list(context.messages), context.commit_hashes, deepcopy(openai)))

    def _check_order(
        self, openai: list[dict[str, Any]], wanted: list[oracle.Shown], here: oracle.State
    ) -> None:
        """What was said before a result is sent before it, what was said after it after it."""
        shown = [unit.identity for unit in wanted]
        every = [unit.text for unit in wanted]  # a trace imported anew says again what was said
        own = {
            unit.identity: place_of(unit.text, openai)
            for unit in wanted
            if unit.text.startswith("label-") and every.count(unit.text) == 1
            if not oracle.is_call(here.units[unit.identity])
        }
        paired = {name for name in shown if here.call_of.get(name) in shown}
        spoken = [name for name in shown if name in own and name not in paired]
        assert [own[name] for name in spoken] == sorted(own[name] for name in spoken)
        for result in paired & set(own):
            results = [name for name in shown if here.call_of.get(name) == here.call_of[result]]
            call, answer = shown.index(here.call_of[result]), shown.index(results[0])
            for name in spoken:
                if shown.index(name) > answer > call:
                    assert own[name] > own[result]
                if shown.index(name) < call:
                    assert own[name] < own[result]

    def _check_formats(self, context: Any, wanted: list[oracle.Shown], tip: str | None, openai: Any) -> None:
        here = oracle.state(self.history, tip)
        for cached in (False, True):
            anthropic = context.to_anthropic(cache_control=cached)
            check_types(openai, anthropic)
            check_anthropic(without_marks(anthropic))
            marks = [block for block in blocks(anthropic) if "cache_control" in block]
            assert len(marks) <= 4
            assert bool(marks) is cached
        check_openai(openai)
        assert openai == context.to_openai()
        sent = list(strings([openai, without_marks(context.to_anthropic())]))
        shown = {unit.identity for unit in wanted}
        told = "\n".join(context.warnings)
        repaired = []
        for unit in wanted:
            record = here.units[unit.identity]
            call, result = oracle.is_call(record), unit.role == "tool"
            if unit.text.startswith("label-") and not call:
                assert sum(unit.text in text for text in sent) >= 2, "each provider is sent each text"
            if not call and not result and not unit.text.strip():
                repaired.append(unit)  # left out
            if result and here.call_of.get(unit.identity) not in shown:
                repaired.append(unit)  # becomes a user's text
            if call:
                results = [one for one in here.results.get(unit.identity, []) if one in shown]
                skipped = any(one in here.skipped for one in here.results.get(unit.identity, []))
                named = re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", record.name)
                if len(results) > 1 or not (results or skipped) or not named:
                    repaired.append(unit)
                asked = [one for turn in openai for one in turn.get("tool_calls", ())]
                assert len(asked) == sum(oracle.is_call(here.units[name]) for name in shown)
        for unit in repaired:
            assert unit.commit[:8] in told, f"a silent repair of {unit}"
        self._check_order(openai, wanted, here)
        answers = [turn["content"] for turn in openai if turn["role"] == "tool"]
        unanswered = [
            name
            for name in shown
            if oracle.is_call(here.units[name]) and not shown & set(here.results.get(name, []))
        ]
        skipped_of = [name for name in unanswered if set(here.results.get(name, [])) & here.skipped]
        assert answers.count("[result left out]") == len(skipped_of)
        assert answers.count("[no result recorded]") == len(unanswered) - len(skipped_of)


def place_of(text: str, openai: list[dict[str, Any]]) -> int:
    """Return which message says a text."""
    return next(place for place, turn in enumerate(openai) if text in (turn["content"] or ""))


def strings(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def blocks(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every block of an Anthropic request."""
    return [
        *request.get("system", []),
        *(block for message in request["messages"] for block in message["content"]),
    ]


def without_marks(request: dict[str, Any]) -> dict[str, Any]:
    """Return an Anthropic request as it is without marks of the cache."""
    bare = deepcopy(request)
    for block in blocks(bare):
        block.pop("cache_control", None)
    return bare


profile = settings(
    max_examples=EXAMPLES or 90,
    stateful_step_count=STEPS,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],  # explaining takes longer than finding
    suppress_health_check=list(HealthCheck),
)
TestMachine = World.TestCase
TestMachine.settings = profile
