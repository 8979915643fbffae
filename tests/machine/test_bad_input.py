"""What nobody should ask for: a clear error or the documented rule, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from tract_nb import (
    BudgetError,
    ContentError,
    Kind,
    Priority,
    RefError,
    Session,
    SessionNote,
    TokenBudget,
    Tract,
    TractError,
)
from tract_nb.operations.transaction import transaction


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the current tract or the listener of another."""
    monkeypatch.setattr(Tract, "first", None)
    monkeypatch.setattr(Tract, "listener", lambda text: None)


@pytest.fixture
def opened() -> Iterator[Callable[..., Tract]]:
    made: list[Tract] = []

    def open_tract(url: Any = None, **options: Any) -> Tract:
        made.append(Tract.open(url, verify_cache=True, **options))
        return made[-1]

    yield open_tract
    for tract in made:
        tract.close()


@pytest.fixture
def t(opened: Callable[..., Tract]) -> Tract:
    return opened()


def everything(t: Tract) -> tuple[Any, ...]:
    """Return all that a verb could change."""
    tables = ("blob", "commit", "target", "op", "op_ref", "ref", "usage", "config")
    counts = [t._ws.db.one(f'SELECT count(*) FROM "{table}"') for table in tables]  # noqa: S608  our own
    context = t.compile()
    return (
        t.operations().rows,
        t.branches().rows,
        t.tags().rows,
        t.branch_name,
        context.messages,
        context.token_count,
        counts,
    )


@contextmanager
def refused(t: Tract, kind: type[BaseException] = TractError) -> Iterator[None]:
    """Expect an error with a hint, nothing changed, and a handle that goes on."""
    before = everything(t)
    with pytest.raises(kind) as caught:
        yield
    if isinstance(caught.value, TractError):
        assert caught.value.message
        assert caught.value.hint, "an error says what to do"
    assert everything(t) == before
    t.user("and on")
    t.undo()


def texts(t: Tract) -> list[str]:
    return [message.text for message in t.compile().messages]


# Edits ---------------------------------------------------------------------------------------------


def test_edit_of_what_is_not_in_this_history(t: Tract):
    t.user("shared")
    t.branch("side")
    t.switch("side")
    there = t.user("only there")
    t.switch("main")
    for name in (there.hash, there.short, "side"):
        with refused(t, RefError):
            t.edit(name, "x")
    with refused(t, RefError):
        t.edit("0" * 64, "x")
    with refused(t, RefError):
        t.edit("no such thing", "x")


def test_edit_of_what_was_reset_away(t: Tract):
    t.user("first")
    gone = t.user("second")
    t.reset("HEAD~1")
    with refused(t, RefError):
        t.edit(gone, "x")


def test_edit_of_an_edit_means_its_unit(t: Tract):
    unit = t.user("one")
    t.assistant("two")
    edited = t.edit(unit, "ein")
    again = t.edit(edited, "un")
    assert again.targets == (unit.hash,)
    assert texts(t) == ["un", "two"]
    by_name = t.edit("HEAD", "uno")  # HEAD is an EDIT now
    assert by_name.targets == (unit.hash,)


def test_edit_of_a_mark(t: Tract):
    unit = t.user("one")
    mark = t.annotate(unit, Priority.PINNED)
    assert mark is not None
    with refused(t, RefError):
        t.edit(mark.hash, "x")
    with refused(t, RefError):
        t.edit(mark.short, "x")
    with refused(t, RefError):
        t.annotate(mark, Priority.SKIP)
    t.branch("side")
    for name, text in (("HEAD", "by HEAD"), ("main", "by branch"), ("main~0", "by step")):
        assert t.edit(name, text).targets == (unit.hash,)
        t.undo()


def test_edit_of_several_or_none(t: Tract):
    units = [t.user("one"), t.user("two")]
    for targets in (units, [], 7, None):
        with refused(t):
            t.edit(targets, "x")


def test_the_same_edit_again_writes_nothing(t: Tract):
    units = [
        t.tool_call("read", {"path": "a"}),
        t.commit(SessionNote(kind="start", summary="begun")),
        t.user("said"),
    ]
    for unit in units:
        t.edit(unit, '{"path": "b"}')
        before = everything(t)
        t.edit(unit, '{"path": "b"}')
        assert everything(t) == before


def test_the_edit_of_a_session_note_is_its_text(t: Tract):
    note = t.commit(SessionNote(kind="start", summary="begun", next_steps=("go",)))
    t.edit(note, "all new")
    assert texts(t) == ["all new"]
    other = SessionNote(kind="start", summary="begun anew")
    t.edit(note, other)
    assert texts(t) == [other.unit_text]


# Priorities ----------------------------------------------------------------------------------------


def test_priorities_on_unknown_commits(t: Tract):
    known = t.user("one")
    for targets in ("f" * 64, "abcd", "HEAD~7", [known.hash, "f" * 64], "HEAD@{9}"):
        with refused(t, RefError):
            t.annotate(targets, Priority.SKIP)


@pytest.mark.parametrize("priority", ["LOUD", 7, -1, "", None])
def test_priorities_that_there_are_not(t: Tract, priority: Any):
    unit = t.user("one")
    with refused(t):
        t.annotate(unit, priority)


def test_a_merge_has_no_priority(t: Tract):
    t.user("one")
    t.branch("side")
    t.user("two")
    t.switch("side")
    t.user("three")
    side = t._ws.row(t._ws.tip())
    t.switch("main")
    with transaction(t._ws, "merge") as tx:
        head = tx.head()
        assert head is not None
        tx.commit(Kind.MERGE, [head, side])
    with refused(t, RefError):
        t.annotate("HEAD", Priority.SKIP)
    with refused(t, RefError):
        t.edit("HEAD", "x")


# Reset ---------------------------------------------------------------------------------------------


def test_reset_to_the_commit_of_another_tract():
    with closing(Session()) as session:
        one, other = session.tract("one"), session.tract("other")
        mine, foreign = one.user("mine"), other.user("foreign")
        with refused(one, RefError):
            one.reset(foreign.hash)
        with refused(one, RefError):
            one.checkout(foreign.hash)
        with refused(one, RefError):
            one.tag(foreign.hash, "v1")
        assert one.status().head == mine.hash


def test_reset_in_another_mode(t: Tract):
    t.user("one")
    t.user("two")
    with refused(t):
        t.reset("HEAD~1", mode="medium")
    with refused(t, RefError):
        t.reset("HEAD~2")


# Batches -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_a_batch_that_is_left_early(t: Tract, error: BaseException):
    t.user("one")
    t.branch("side")
    unit = t.assistant("two")
    with refused(t, type(error)), t.batch():
        t.user("in the batch")
        t.edit(unit, "edited")
        t.tag("HEAD", "v1")
        t.record_usage({"prompt_tokens": 10, "completion_tokens": 1}, unit)
        raise error


def test_a_batch_that_is_left_on_another_branch(t: Tract):
    t.user("one")
    t.branch("side")
    t.user("two")

    def fail() -> None:
        raise ValueError

    def to_another() -> None:
        t.switch("side")
        t.user("three")

    def to_a_new_one() -> None:
        t.branch("new")
        t.switch("new")

    for leave in (to_another, to_a_new_one, lambda: t.checkout("HEAD~1")):
        with refused(t, ValueError), t.batch():
            leave()
            fail()
        assert t.branch_name == "main"


def test_a_verb_that_fails_in_a_batch_takes_back_itself_alone(t: Tract):
    t.user("one")
    with t.batch():
        t.user("two")
        with pytest.raises(RefError):
            t.edit("nobody", "x")
        t.user("three")
    assert texts(t) == ["one", "two", "three"]
    assert [row[2] for row in t.operations()] == ["batch", "commit"]
    t.undo()
    assert texts(t) == ["one"]


def test_a_batch_looks_where_its_handle_looked(opened: Callable[..., Tract], tmp_path: Any):
    one, other = opened(tmp_path / "work.db"), opened(tmp_path / "work.db")
    one.user("one")
    other.refresh()
    one.user("two")
    with pytest.raises(TractError) as caught, other.batch():
        other.user("three")
    assert caught.value.hint
    other.refresh()
    with other.batch():
        other.user("three")
    assert texts(other) == ["one", "two", "three"]


def test_a_context_outlives_the_batch_that_it_was_made_in(t: Tract):
    t.user("one")
    context = None
    with pytest.raises(ValueError, match="no"), t.batch():  # noqa: PT012  what raises is the batch
        t.user("two")
        context = t.compile()
        raise ValueError("no")
    assert context is not None
    t.user("another two")
    assert [message.text for message in context.messages] == ["one", "two"]


# Usage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -1, "completion_tokens": 1},
        {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 12},
        {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 11}},
        {"prompt_tokens": 10, "completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 2}},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": "10", "completion_tokens": 1},
        {"prompt_tokens": 10.5, "completion_tokens": 1},
        {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": -5},
        {"tokens": 10},
        {},
        None,
        7,
        "many",
    ],
)
def test_usage_that_contradicts_itself(t: Tract, usage: Any):
    t.user("one")
    t.assistant("two")
    with refused(t, ContentError):
        t.record_usage(usage)


def test_usage_for_what_is_not_here(t: Tract):
    t.user("one")
    fine = {"prompt_tokens": 10, "completion_tokens": 1}
    for commit in ("f" * 64, "HEAD~3", [], ["HEAD", "HEAD"]):
        with refused(t, RefError):
            t.record_usage(fine, commit)


def test_usage_belongs_to_the_newest_unit(t: Tract):
    asked = t.user("one")
    t.assistant("two")
    t.edit(asked, "eins")
    t.record_usage({"prompt_tokens": 10, "completion_tokens": 1})
    t.reset("HEAD~2")  # before the reply: its usage is not on this line
    assert t.compile().token_source == "tiktoken"


# Budget --------------------------------------------------------------------------------------------


def test_a_budget_that_rejects(opened: Callable[..., Tract]):
    t = opened(token_budget=TokenBudget(20, action="reject"))
    small = t.user("a")
    with refused(t, BudgetError):
        t.user("word " * 50)
    with refused(t, BudgetError):
        t.edit(small, "word " * 50)
    with pytest.raises(BudgetError), t.batch():
        t.user("word " * 50)
    with t.batch():  # held against it at its end
        big = t.user("word " * 50)
        t.annotate(big, Priority.SKIP)
    with refused(t, BudgetError):
        t.annotate(big, Priority.NORMAL)


def test_a_budget_callback_that_raises(opened: Callable[..., Tract]):
    asked: list[tuple[int, int]] = []

    def no(tokens: int, most: int) -> None:
        asked.append((tokens, most))
        raise ValueError("too much")

    t = opened(token_budget=TokenBudget(20, action=no))
    t.user("a")
    with refused(t, ValueError):
        t.user("word " * 50)
    assert asked[0][0] > asked[0][1] == 20


def test_a_budget_callback_runs_outside_of_the_lock(opened: Callable[..., Tract], tmp_path: Any):
    other = opened(tmp_path / "work.db", name="other")

    def write(tokens: int, most: int) -> None:
        other.user("noted")

    t = opened(tmp_path / "work.db", token_budget=TokenBudget(10, action=write))
    t.user("word " * 50)
    assert texts(other) == ["noted"]


# Custom types --------------------------------------------------------------------------------------


class Ticket(BaseModel):
    title: str
    number: int


class Stricter(BaseModel):
    title: str
    number: int
    owner: str


def test_a_type_whose_model_refuses_what_is_stored(opened: Callable[..., Tract], tmp_path: Any):
    t = opened(tmp_path / "work.db")
    t.register("ticket", Ticket, text=lambda ticket: f"#{ticket.number} {ticket.title}", role="user")
    commit = t.commit(Ticket(title="leak", number=7))
    assert texts(t) == ["#7 leak"]
    later = opened(tmp_path / "work.db")
    later.register("ticket", Stricter, text=lambda ticket: ticket.owner)
    assert texts(later) == ["#7 leak"]
    assert later.show(commit.hash).text == "#7 leak"
    assert len(later.log()) == len(later.find("leak")) == 1
    with refused(later, ContentError):
        later.commit({"content_type": "ticket", "title": "leak", "number": 7})
    unknown = opened(tmp_path / "work.db")
    assert texts(unknown) == ["#7 leak"]
    with refused(unknown, ContentError):
        unknown.commit({"content_type": "ticket", "title": "leak", "number": 7})


def test_types_that_cannot_be(t: Tract):
    t.user("one")
    for name in ("dialogue", ""):
        with refused(t, ContentError):
            t.register(name, Ticket, text=str)
    t.register("ticket", Ticket, text=lambda ticket: ticket.title, role="narrator")
    with refused(t, ContentError):
        t.commit(Ticket(title="x", number=1))
    t.register("ticket", Ticket, text=lambda ticket: ticket.nobody)
    with refused(t, AttributeError):
        t.commit(Ticket(title="x", number=1))


# order= --------------------------------------------------------------------------------------------


def test_orders_that_are_none(t: Tract):
    one, two = t.user("one"), t.assistant("two")
    hidden = t.user("three")
    t.annotate(hidden, Priority.SKIP)
    for order in (
        [],
        [one],
        [one, one],
        [one, two, one],
        [one, two, "f" * 64],
        [one, two, hidden],
        [one, "nobody"],
        [one, 7],
    ):
        with refused(t, TractError):
            t.compile(order=order)
    assert [m.text for m in t.compile(order=[two, one]).messages] == ["two", "one"]
    assert texts(t) == ["one", "two"]


def test_an_order_repairs_as_the_straight_one(t: Tract):
    t.user("one")
    t.tool_call("read", {}, "a")
    result = t.tool_result("a", "secret")
    t.annotate(result, Priority.SKIP)
    straight = t.compile()
    ordered = t.compile(order=straight.commit_hashes)
    assert ordered.to_openai() == straight.to_openai()
    assert ordered.warnings == straight.warnings


# Time ----------------------------------------------------------------------------------------------


def test_a_time_when_the_branch_was_empty_again(t: Tract):
    one = t.user("one")
    t.undo()
    undone = t.operations().rows[0][1]
    t.user("two")
    assert [m.text for m in t.compile(at_time=undone).messages] == []
    with refused(t, TractError):
        t.compile(at_time=one.time.replace(year=2001))
    with refused(t, TractError):
        t.compile("HEAD", at_time=undone)


# Generation config ---------------------------------------------------------------------------------


@pytest.fixture
def configured(t: Tract) -> Tract:
    for text, config in (
        ("cool", {"temperature": 0.2, "model": "gpt-4o", "stream": True, "n": 1}),
        ("warm", {"temperature": 0.9, "model": "gpt-4o", "stream": False, "n": 2}),
        ("hot", {"temperature": 1, "model": "claude", "stream": "true", "stop": None}),
        ("odd", {"temperature": "high", "stop": ["a", "b"], "n": True}),
        ("deep", {"extra": {"a": 1, "b": [2]}}),
        ("none", None),
    ):
        t.assistant(text, generation_config=config)
    return t


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"temperature": 0.2}, {"cool"}),
        ({"temperature": (">", 0.8)}, {"warm", "hot"}),
        ({"temperature": (">=", 1)}, {"hot"}),
        ({"temperature": (">=", 1.0)}, {"hot"}),
        ({"temperature": ("<", 0.9)}, {"cool"}),
        ({"temperature": ("<=", 0.9)}, {"cool", "warm"}),
        ({"temperature": (">", 0.1), "model": "gpt-4o"}, {"cool", "warm"}),
        ({"temperature": (">", 0.8), "model": ("in", ["claude", "other"])}, {"hot"}),
        ({"model": ("in", [])}, set()),
        ({"temperature": ("in", [0.2, "high"])}, {"cool", "odd"}),
        ({"temperature": ("!=", 0.2), "model": "gpt-4o"}, {"warm"}),
        ({"temperature": "high"}, {"odd"}),
        ({"model": "nobody"}, set()),
        ({"nothing": 1}, set()),
        ({"extra": {"b": [2], "a": 1}}, {"deep"}),
        ({"stop": ["a", "b"]}, {"odd"}),
        ({"n": 1}, {"cool"}),
        ({"n": True}, {"odd"}),
        ({"stream": True}, {"cool"}),
        ({"stream": "true"}, {"hot"}),
        ({"stream": False}, {"warm"}),
        ({"stop": None}, {"hot"}),
        ({"temperature": 0.2, "model": "claude"}, set()),
    ],
)
def test_conditions_on_the_config(configured: Tract, config: dict[str, Any], wanted: set[str]):
    assert {row[8] for row in configured.find(config=config)} == wanted


def test_a_missing_key(configured: Tract):
    found = {row[8] for row in configured.find(config={"model": ("missing",)})}
    assert {"odd", "deep"} <= found
    assert not found & {"cool", "warm", "hot"}


@pytest.mark.parametrize(
    "config",
    [
        {"temperature": ("~", 1)},
        {"temperature": (">",)},
        {"temperature": (">", 1, 2)},
        {"temperature": ()},
        {"model": ("in", "gpt-4o")},
        {"model": ("in", 7)},
        {"temperature": object()},
    ],
)
def test_conditions_that_are_none(configured: Tract, config: Any):
    with refused(configured, TractError):
        configured.find(config=config)


def test_find_for_nothing(configured: Tract):
    with refused(configured, ContentError):
        configured.find()
    with refused(configured, ContentError):
        configured.assistant("x", generation_config={"temperature": float("inf")})


# Names and contents --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "HEAD", "@", "a b", "a..b", "-x", "x.lock", "a~1", "a@{1}", "\x00"])
def test_names_that_git_refuses_too(t: Tract, name: str):
    t.user("one")
    with refused(t, RefError):
        t.branch(name)
    with refused(t, RefError):
        t.tag("HEAD", name)


@pytest.mark.parametrize(
    "content",
    [
        {"content_type": "dialogue", "role": "narrator", "text": "x"},
        {"content_type": "dialogue", "role": "user", "text": "x", "mood": "good"},
        {"content_type": "nobody", "text": "x"},
        {"text": "x"},
        {},
        7,
        None,
        {"content_type": "freeform", "payload": float("nan")},
        {"content_type": "freeform", "payload": 2**70},
        {"content_type": "freeform", "payload": {1, 2}},
    ],
)
def test_contents_that_are_none(t: Tract, content: Any):
    t.user("one")
    with refused(t, ContentError):
        t.commit(content)


def test_a_detached_head_reads_and_says_how_to_write(t: Tract):
    t.user("one")
    t.user("two")
    t.checkout("HEAD~1")
    for verb in (
        lambda: t.user("x"),
        lambda: t.edit("HEAD", "x"),
        lambda: t.annotate("HEAD", Priority.SKIP),
        lambda: t.reset("main"),
    ):
        with pytest.raises(RefError) as caught:
            verb()
        assert "branch" in caught.value.hint
    assert texts(t) == ["one"]
    t.switch("main")
    assert texts(t) == ["one", "two"]


def test_an_empty_tract_has_nothing_to_act_on(t: Tract):
    for verb in (
        lambda: t.edit("HEAD", "x"),
        lambda: t.annotate("HEAD", Priority.SKIP),
        lambda: t.reset("HEAD"),
        lambda: t.tag("HEAD", "v1"),
        t.undo,
        t.redo,
        lambda: t.show("HEAD"),
        lambda: t.record_usage({"prompt_tokens": 1, "completion_tokens": 1}),
    ):
        with pytest.raises(TractError) as caught:
            verb()
        assert caught.value.hint
    assert len(t.operations()) == 0
    t.user("one")
    assert texts(t) == ["one"]


def test_undo_of_what_another_moved(opened: Callable[..., Tract], tmp_path: Any):
    one = opened(tmp_path / "work.db", actor="one")
    other = opened(tmp_path / "work.db", actor="other")
    one.user("one")
    other.refresh()
    other.user("two")
    with pytest.raises(RefError, match="other") as caught:
        one.undo()
    assert caught.value.hint
    assert texts(one) == ["one", "two"]


def test_undo_takes_back_a_redo(t: Tract):
    t.user("one")
    t.branch("side")
    t.undo()
    t.user("two")
    t.redo()
    assert [row[0] for row in t.branches()] == ["main", "side"]
    t.undo()  # the newest operation is the redo
    assert [row[0] for row in t.branches()] == ["main"]
    assert texts(t) == ["one", "two"]
