"""What the trust tests share: how much to do, dumps and states of a database, every verb, a rich database."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tests.core.helpers import NINE, MadeAgent, MadeTrace, environment
from tests.core.stories import cover, merge, retire
from tract_nb import IMPORTANT, NORMAL, PINNED, SKIP, Freeform, Output, SessionNote, Tract
from tract_nb.model.commit import Commit, Kind
from tract_nb.model.event import Event, Usage
from tract_nb.operations.transaction import transaction

FULL = os.environ.get("TRACT_NB_TRUST") == "full"

Dump = dict[str, list[tuple[Any, ...]]]


def times(number: int) -> int:
    """Return how often to do something: eight times as often where all is asked for."""
    return number * 8 if FULL else number


def texts(tract: Tract, at: str | None = None) -> list[str]:
    """Return what compiles, as texts."""
    return [message.text for message in tract.compile(at).messages]


# -- what a database holds --------------------------------------------------------------------------


def dump(connection: sqlite3.Connection) -> Dump:
    """Return every row of every table, as stored: no text is decoded, so none can fail."""
    connection.text_factory = bytes
    try:
        names = connection.execute(
            "SELECT CAST(name AS BLOB) FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        return {name.lower().decode(errors="replace"): rows_of(connection, name) for (name,) in sorted(names)}
    finally:
        connection.text_factory = str


def rows_of(connection: sqlite3.Connection, table: bytes) -> list[tuple[Any, ...]]:
    """Return the rows of a table; none of one that cannot be read."""
    try:
        rows = connection.execute(f'SELECT * FROM "{table.decode()}"').fetchall()  # noqa: S608  names of our own
    except (sqlite3.Error, UnicodeDecodeError):  # sqlite3 raises the second where its own message is damaged
        return []
    return sorted(rows, key=repr)


def dump_file(path: Path) -> Dump:
    """Return every row of a file; nothing is written to it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return dump(connection)


@dataclass(frozen=True)
class State:
    """Where all refs of a database stand, by hash, and how much it holds."""

    refs: dict[str, str]
    ops: int
    last: str
    commits: int
    used: int
    open_on: str
    length: int

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> State:
        """Return the present state."""

        def one(sql: str) -> Any:
            return connection.execute(sql).fetchone()[0]

        refs = connection.execute(
            """SELECT tract.name || ':' || ref.name, coalesce(hex(c.hash), '') FROM ref
               JOIN tract ON tract.id = ref.tract LEFT JOIN "commit" AS c ON c.id = ref."commit" """
        )
        return cls(
            refs=dict(refs.fetchall()),
            ops=one("SELECT count(*) FROM op"),
            last=one("SELECT coalesce((SELECT verb FROM op ORDER BY id DESC LIMIT 1), '')"),
            commits=one('SELECT count(*) FROM "commit"'),
            used=one("SELECT coalesce(sum(input_tokens), 0) FROM usage"),
            open_on=one("SELECT coalesce((SELECT open_branch FROM tract ORDER BY id LIMIT 1), '')"),
            # commits on a branch or a tag: an import that was broken off leaves some that are on none
            length=one(
                """WITH RECURSIVE behind(id) AS (SELECT "commit" FROM ref WHERE "commit" > 0
                     UNION SELECT c.parent1 FROM behind JOIN "commit" AS c ON c.id = behind.id
                     WHERE c.parent1 IS NOT NULL)
                   SELECT count(*) FROM behind"""
            ),
        )

    def asdict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Intent:
    """A verb, and what the whole of it does to a state."""

    verb: str  # as the operation log has it
    grows: int | None = 0  # commits; None where only the whole of it can tell
    moves: tuple[str, ...] = ()  # the refs it may move
    used: int | None = 0  # input tokens reported; None where copies have some too
    open_on: str | None = None

    def faults(self, before: State, after: State) -> list[str]:
        """Return what is half done: the state must be as it was, or have the whole of this verb."""
        if after.ops == before.ops:
            loose = 0 if self.verb == "import" else after.commits - before.commits
            same = (before.refs, before.used, before.open_on) == (after.refs, after.used, after.open_on)
            return [] if same and not loose else [f"{self.verb}: changed something without an operation"]
        moved = {
            name
            for name in {*before.refs, *after.refs}
            if before.refs.get(name) != after.refs.get(name) and not name.startswith("5e551011/")
        }
        grown = after.length - before.length if self.verb == "import" else after.commits - before.commits
        found = {
            "one operation": after.ops == before.ops + 1,
            "its own name": after.last == self.verb,
            "its commits": self.grows in (None, grown),
            "its refs": moved == set(self.moves),
            "its usage": self.used is None or after.used == before.used + self.used,
            "its branch to open on": after.open_on == (self.open_on or before.open_on),
        }
        return [f"{self.verb}: not {name}" for name, held in found.items() if not held]


# -- every verb that writes ---------------------------------------------------------------------------


class Note(BaseModel):
    """A type of the user's own."""

    title: str
    stars: int = 0


Doing = tuple[Intent, Callable[[], Any]]


@dataclass
class Writer:
    """Chooses verbs by chance: each with what the whole of it does, and the call that does it."""

    tract: Tract
    chance: random.Random
    number: int = 0
    undone: list[Intent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tract.register("note", Note, text=lambda note: f"{note.title} {note.stars}")

    def text(self) -> str:
        """Return a text that was not written yet."""
        self.number += 1
        return f"{self.number} of {self.chance.random()}"

    @property
    def here(self) -> str:
        """The ref of the branch that the tract stands on."""
        return f"{self.tract.name}:heads/{self.tract.branch_name}"

    def choose(self, *, imports: bool = True) -> Doing:
        """Return a verb to do next."""
        log = [row[0] for row in self.tract.log(30) if row[3] == "append"]
        if not log:
            return self.commit()
        if self.chance.random() < 0.5 and self.tract.operations(1)[0][2] == "undo":
            return self.redo()
        some = [self.commit, self.commit, self.edit, self.annotate, self.branch, self.switch, self.reset]
        more = [
            self.tag,
            self.batch,
            self.record_usage,
            self.keyed,
            self.undo,
            self.typed,
            self.join,
            self.pick,
        ]
        return self.chance.choice([*some, *more, *([self.import_trace] if imports else [])])()

    def a_unit(self) -> str:
        """Return a unit on the branch."""
        return str(self.chance.choice([row[0] for row in self.tract.log(30) if row[3] == "append"]))

    def commit(self) -> Doing:
        t, text = self.tract, self.text()
        call_id = f"call-{self.number}"
        calls: list[Callable[[], Any]] = [
            lambda: t.user(text, name="Ann", message="why", metadata={"a": [1]}),
            lambda: t.system(text),
            lambda: t.assistant(text, generation_config={"temperature": self.number % 7 / 10}),
            lambda: t.reasoning(text),
            lambda: t.artifact(text, language="python"),
            lambda: t.tool_call("read", {"path": text}, call_id),
            lambda: t.tool_result(call_id, text),
            lambda: t.commit({"content_type": "output", "text": text}, priority=IMPORTANT),
        ]
        return Intent("commit", 1, (self.here,)), self.chance.choice(calls)

    def typed(self) -> Doing:
        note = Note(title=self.text(), stars=3)
        return Intent("commit", 1, (self.here,)), lambda: self.tract.commit(note)

    def keyed(self) -> Doing:
        text, key = self.text(), f"cell-{self.chance.randrange(3)}"
        return Intent("commit", 1, (self.here,)), lambda: self.tract.user(text, key=key)

    def edit(self) -> Doing:
        unit, text = self.a_unit(), self.text()
        return Intent("edit", 1, (self.here,)), lambda: self.tract.edit(unit, text)

    def annotate(self) -> Doing:
        unit = self.a_unit()
        now = self.tract.log(30)
        priority = next(row[7] for row in now if row[0] == unit)
        other = self.chance.choice([one for one in (SKIP, NORMAL, IMPORTANT, PINNED) if one.name != priority])
        return Intent("annotate", 1, (self.here,)), lambda: self.tract.annotate(unit, other, "a reason")

    def branch(self) -> Doing:
        name = f"b{self.chance.randrange(10**9)}"
        return Intent("branch", 0, (f"{self.tract.name}:heads/{name}",)), lambda: self.tract.branch(name)

    def switch(self) -> Doing:
        others = [row[0] for row in self.tract.branches() if not row[1] and row[2]]
        if not others:
            return self.branch()
        name = self.chance.choice(others)
        return Intent("switch", open_on=name), lambda: self.tract.switch(name)

    def reset(self) -> Doing:
        if len(self.tract.log(3)) < 3:
            return self.commit()
        return Intent("reset", 0, (self.here,)), lambda: self.tract.reset("HEAD~1")

    def join(self) -> Doing:
        others = [row.branch for row in self.tract.branches() if row.ahead]
        if not others:
            return self.commit()
        name, t = self.chance.choice(others), self.tract
        if self.chance.random() < 0.5:
            return Intent("rebase", None, (self.here,), used=None), lambda: t.rebase(name, strategy="theirs")
        return Intent("merge", None, (self.here,)), lambda: t.merge(name, strategy="ours")

    def pick(self) -> Doing:
        unit = self.a_unit()
        return Intent("cherry_pick", 1, (self.here,)), lambda: self.tract.cherry_pick(unit, again=True)

    def tag(self) -> Doing:
        name = f"v{self.chance.randrange(10**9)}"
        return Intent("tag", 0, (f"{self.tract.name}:tags/{name}",)), lambda: self.tract.tag("HEAD", name)

    def batch(self) -> Doing:
        one, two = self.text(), self.text()

        def whole() -> None:
            with self.tract.batch() as t:
                t.user(one)
                t.edit("HEAD", two)
                t.annotate("HEAD", PINNED)
                t.assistant(one)

        return Intent("batch", 4, (self.here,)), whole

    def record_usage(self) -> Doing:
        text = self.text()

        def used() -> None:
            self.tract.record_usage(Usage(given, 5), unit, model="made-up", cost=0.25)

        replies = [row[0] for row in self.tract.log(30) if row[3] == "append" and row[5] == "assistant"]
        if not replies:
            return self.commit()
        unit = str(self.chance.choice(replies))
        digest = bytes.fromhex(self.tract.show(unit).hash)
        known = self.tract.database.one(
            'SELECT input_tokens FROM usage WHERE "commit" = (SELECT id FROM "commit" WHERE hash = ?)',
            (digest,),
        )
        given = (known[0] if known else 0) + len(text)
        return Intent("record_usage", used=len(text)), used

    def undo(self) -> Doing:
        # of what was committed just now, so that it is known what moves
        if self.tract.operations(1)[0][2] != "commit":
            return self.commit()
        return Intent("undo", 0, (self.here,)), self.tract.undo

    def redo(self) -> Doing:
        return Intent("redo", 0, (self.here,)), self.tract.redo

    def import_trace(self) -> Doing:
        session = f"{self.chance.randrange(10**8):08}-made-up"
        made = recording(12, session)
        branch = f"{self.tract.name}:heads/trace/{session[:8]}"
        return Intent("import", 12, (branch,)), lambda: self.tract.import_trace(made)


def event(number: int, session: str = "", **more: Any) -> Event:
    """Return an event of a made-up trace."""
    plain: dict[str, Any] = {
        "id": f"e{number}",
        "parent": f"e{number - 1}" if number else None,
        "agent": None,
        "time": NINE - timedelta(days=3) + timedelta(seconds=number),
        "kind": "message",
        "role": "user" if number % 2 else "assistant",
        "name": None,
        "call_id": None,
        "text": f"event {number} of {session}",
        "arguments": None,
        "is_error": False,
        "usage": None,
        "model": None,
        "cost": None,
        "line": number + 1,
        "offset": number * 100,
        "message_id": None,
        "is_prompt": False,
    }
    return Event(**{**plain, **more})


def recording(length: int, session: str, *, rich: bool = False) -> MadeTrace:
    """Return a made-up trace; a rich one has a call, a subagent, usage and a compaction."""
    events = [event(number, session) for number in range(length)]
    if not rich:
        return MadeTrace(events, session_id=session)
    call = {"kind": "tool_call", "role": "assistant", "name": "Task", "call_id": "c1"}
    events[1] = event(1, session, text='{"a":1}', arguments={"a": 1}, model="made-up", **call)
    events[2] = event(2, session, kind="tool_result", role="tool", call_id="c1")
    events[3] = event(3, session, usage=Usage(100, 10), model="made-up", message_id="m1", cost=0.5)
    events[5] = event(5, session, kind="compaction", role="user")
    agent = MadeAgent("agent", [event(0, session, agent="agent"), event(1, session, agent="agent")], "e1")
    return MadeTrace(events, session_id=session, agents={"agent": agent})


# -- a small database that has a bit of everything ----------------------------------------------------


def rich(t: Tract) -> Tract:
    """Fill a tract with every kind of commit, every type and every table."""
    t.register("note", Note, text=lambda note: f"{note.title} {note.stars}")
    t.system("Be brief.", key="system")
    first = t.user("What is in a.py?", name="Ann", message="the question", metadata={"cell": 1})
    t.reasoning("I should read it.")
    t.tool_call("read", {"path": "a.py"}, "c1", generation_config={"model": "made-up", "temperature": 0.5})
    t.tool_result("c1", "x = 1")
    reply = t.assistant("It sets x to 1.", generation_config={"model": "made-up", "stop": ["a"]})
    t.record_usage({"input_tokens": 40, "output_tokens": 7}, reply, model="made-up", cost=0.125)
    t.artifact("x = 1", kind="file", language="python")
    t.commit(Output(text="# Done", format="markdown"))
    t.commit(Freeform(payload={"a": [1, None]}))
    t.commit(SessionNote(kind="checkpoint", summary="All is well.", decisions=("one",)))
    t.commit(Note(title="good", stars=5))
    t.edit(first, "What is in b.py?", message="a slip")
    t.annotate([first, reply], IMPORTANT, "worth it")
    t.branch("try")
    t.switch("try")
    t.user("On the other branch.")
    t.tag("HEAD", "v1")
    t.switch("main")
    t.user("On main.", priority=PINNED)
    merge(t, "try")
    copy(t, "v1", t.user("Once more."))
    units = [row[0] for row in t.log() if row[3] == "append"][:2]
    name = cover(t, units, "A summary.")
    retire(t, name)
    with t.batch():
        t.user("one")
        t.user("two")
    t.user("taken back")
    t.undo()
    t.undo()
    t.redo()
    t.reset("HEAD~1")
    t.branch("gone")
    t.undo()
    t.import_trace(recording(8, "5e551011-0000-4000-8000-000000000001", rich=True))
    t.branch("aside")
    t.edit(first, "What is in c.py?")
    t.switch("aside")
    t.edit(first, "What is in d.py?")
    t.switch("main")
    review = t.merge("aside", resolver=lambda _: None)
    review.edit(0, "What is in either?")
    return t


def write_all(t: Tract, *text: str) -> None:
    """Write some units, and edit and mark the last one, in a batch."""
    with t.batch():
        for one in text:
            t.user(one)
        t.edit("HEAD", "edited")
        t.annotate("HEAD", IMPORTANT)


def copy(t: Tract, name: str, after: Commit) -> None:
    """Write a commit that says it is a copy of another, as a cherry-pick will."""
    of = t.show(name)
    with t._moving(), transaction(t._ws, "copy") as tx:
        head = tx.head()
        assert head is not None
        assert head.hash.hex() == after.hash
        tx.commit(Kind.APPEND, [head], content=of.content, priority=1, origin=bytes.fromhex(of.hash))


# -- other processes ----------------------------------------------------------------------------------


def start(module: str, *arguments: object) -> subprocess.Popen[str]:
    """Start one of the programs beside this file."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.trust.{module}", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def run(module: str, *arguments: object, timeout: float = 600) -> Any:
    """Run one of the programs beside this file and return the JSON that it printed last."""
    child = start(module, *arguments)
    out, err = child.communicate(timeout=timeout)
    assert child.returncode == 0, err
    assert err == ""
    return json.loads(out.splitlines()[-1])
