"""Merge: what both sides did is there once, what both changed is asked, and nothing is asked twice."""

from __future__ import annotations

import pytest

from tests.core.helpers import texts
from tests.core.stories import cover
from tract_nb import (
    PINNED,
    SKIP,
    BudgetError,
    Decision,
    Kind,
    Priority,
    RefError,
    ReviewError,
    TokenBudget,
    Tract,
    TractError,
)
from tract_nb.model.conflict import Conflict


def parted(t: Tract, *, ours=lambda t: None, theirs=lambda t: None) -> Tract:
    """Let main and ``try`` go apart behind two units and a call, tagged a, b and c."""
    t.system("Be brief.")
    t.tag(t.user("a"), "a")
    t.tag(t.user("b"), "b")
    t.tag(t.tool_call("read", {"path": "x"}, "c1"), "c")
    t.branch("try")
    ours(t)
    t.user("on main")
    t.switch("try")
    theirs(t)
    t.user("on try")
    t.switch("main")
    return t


def asked(review) -> list[str]:
    return [one.kind for one in review.conflicts]


def shown(t: Tract, at: str | None = None) -> dict[str, tuple[str, str]]:
    """Return text and priority of what compiles, by identity."""
    return {one.identity: (one.text, one.priority.name) for one in t.compile(at).messages}


# -- without a question --------------------------------------------------------------------------------


def test_a_branch_that_did_not_move_is_moved_ahead(t):
    t.user("a")
    t.branch("try")
    t.switch("try")
    tip = t.user("b")
    t.switch("main")
    review = t.merge("try")
    assert (review.state, review.commit.hash, len(review)) == ("applied", tip.hash, 0)
    assert "fast-forward" in review.notes[0]
    t.undo()
    assert texts(t) == ["a"]
    review = t.merge("try", no_ff=True)
    assert review.commit.kind == Kind.MERGE
    assert texts(t) == ["a", "b"]


def test_a_merge_has_both_sides_once_and_the_state_before_it_behind_it(t):
    parted(t)
    before = t.status().head
    review = t.merge("try")
    assert texts(t)[-2:] == ["on main", "on try"]
    assert review.commit.kind == Kind.MERGE
    assert t.show("HEAD~1").hash == before
    assert review.tokens_after == t.compile().token_count
    assert t.verify().rows == ()
    t.undo()
    assert t.status().head == before


@pytest.mark.parametrize("name", ["main", "HEAD~1", "a"])
def test_what_is_here_already_changes_nothing(t, name):
    parted(t)
    before = t.operations().rows
    review = t.merge(name)
    assert "nothing to do" in review.notes[0]
    assert t.operations().rows == before


def test_an_edit_or_a_pin_on_one_side_and_appends_on_the_other_ask_nothing(t):
    parted(t, ours=lambda t: t.annotate("b", PINNED), theirs=lambda t: t.edit("a", "A"))
    assert asked(t.merge("try")) == []
    assert texts(t)[1:3] == ["A", "b"]
    assert t.log(kind="edit")[0].preview.endswith("A")
    assert t.compile().messages[2].priority is Priority.PINNED


def test_the_same_change_on_both_sides_agrees(t):
    change = lambda t: (t.edit("a", "A"), t.annotate("b", SKIP))  # noqa: E731
    parted(t, ours=change, theirs=change)
    assert asked(t.merge("try")) == []
    assert texts(t)[1] == "A"


def test_an_edit_that_was_taken_back_changed_nothing(t):
    parted(t, ours=lambda t: (t.edit("a", "A"), t.edit("a", "a")), theirs=lambda t: t.edit("a", "theirs"))
    assert asked(t.merge("try")) == []
    assert texts(t)[1] == "theirs"
    assert t.show("HEAD").parents[1] == t.show("try").hash, "linear order gives it: nothing is written"


def test_histories_without_a_common_root_merge(t):
    t.user("one root")
    tip = Tract.on(t.database, name="other tract").user("another root")
    t.merge(tip.hash)
    assert texts(t) == ["one root", "another root"]
    assert t.verify().rows == ()


# -- what is asked -------------------------------------------------------------------------------------

CONFLICTS = {
    "text": (lambda t: t.edit("a", "ours"), lambda t: t.edit("a", "theirs"), "text"),
    "priority": (lambda t: t.annotate("a", PINNED), lambda t: t.annotate("a", SKIP), "priority"),
    "edit over skip": (lambda t: t.edit("a", "ours"), lambda t: t.annotate("a", SKIP), "skipped"),
    "answer over skip": (lambda t: t.tool_result("c1", "x"), lambda t: t.annotate("c", SKIP), "skipped"),
    "edit over cover": (lambda t: t.edit("a", "ours"), lambda t: cover(t, hashes(t, "ab"), "sum"), "covered"),
    "two covers": (
        lambda t: cover(t, hashes(t, "ab"), "ours"),
        lambda t: cover(t, hashes(t, "a"), "theirs"),
        "summaries",
    ),
    "two answers": (lambda t: t.tool_result("c1", "x"), lambda t: t.tool_result("c1", "y"), "results"),
}


def hashes(t: Tract, names: str) -> list[str]:
    return [t.show(name).hash for name in names]


@pytest.mark.parametrize("what", CONFLICTS)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_conflict_waits_for_a_decision_and_a_side_means_what_it_shows(t, what, side):
    ours, theirs, kind = CONFLICTS[what]
    parted(t, ours=ours, theirs=theirs)
    before = t.operations().rows, shown(t)
    sides = {"ours": shown(t, "main"), "theirs": shown(t, "try")}
    both = sides["ours"].keys() & sides["theirs"].keys()
    review = t.merge("try")
    assert (review.state, asked(review)) == ("pending", [kind])
    assert (t.operations().rows, shown(t)) == before, "nothing is done before it is decided"
    review.choose(0, side).approve()
    merged = shown(t)
    here = sides[side]
    assert {name: merged.get(name) for name in here if name in both} == {
        name: here[name] for name in here if name in both
    }
    gone = [name for name in sides["ours"].keys() ^ sides["theirs"].keys() if name not in here]
    if kind not in ("priority", "text"):
        assert all(name not in merged for name in gone if texts_of(t, name) not in ("on main", "on try"))
    assert t.verify().rows == ()


def texts_of(t: Tract, name: str) -> str:
    return t.show(name).text


@pytest.mark.parametrize("what", CONFLICTS)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_merge_is_the_same_from_either_side(opened, what, side):
    ours, theirs, _ = CONFLICTS[what]
    one, two = parted(opened(), ours=ours, theirs=theirs), parted(opened(), ours=ours, theirs=theirs)
    one.merge("try", strategy=side)
    two.switch("try")
    two.merge("main", strategy={"ours": "theirs", "theirs": "ours"}[side])
    assert shown(one) == shown(two)


@pytest.mark.parametrize("what", CONFLICTS)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_what_is_settled_is_not_asked_again(t, what, side):
    ours, theirs, _ = CONFLICTS[what]
    parted(t, ours=ours, theirs=theirs)
    t.merge("try", strategy=side)
    settled = shown(t)
    t.user("more on main")
    t.switch("try")
    t.user("more on try")
    assert asked(t.merge("main")) == []
    t.switch("main")
    assert asked(t.merge("try")) == []
    assert {name: shown(t)[name] for name in settled} == settled


@pytest.mark.parametrize("what", sorted(CONFLICTS.keys() - {"priority"}))
def test_a_text_can_be_given_instead(t, what):
    ours, theirs, _ = CONFLICTS[what]
    parted(t, ours=ours, theirs=theirs)
    review = t.merge("try")
    review.edit(0, "of my own").approve()
    assert texts(t).count("of my own") == 1
    assert t.undo()
    assert "of my own" not in texts(t)


def test_both_sides_can_stand(t):
    parted(t, ours=lambda t: t.edit("a", "ours"), theirs=lambda t: t.edit("a", "theirs"))
    t.merge("try").choose(0, "both").approve()
    assert texts(t)[1] == "ours\n\ntheirs"


def test_a_pin_over_a_cover_and_a_cover_over_appends_are_no_conflict(t):
    parted(t, ours=lambda t: t.annotate("a", PINNED), theirs=lambda t: cover(t, hashes(t, "ab"), "sum"))
    assert asked(t.merge("try")) == []
    assert "a" in texts(t)
    assert "b" not in texts(t)


def test_a_restored_summary_that_the_other_side_covered_anew_is_asked(t):
    t.tag(t.user("a"), "a")
    inner = cover(t, hashes(t, "a"), "inner")
    t.branch("try")
    t.restore(inner)
    t.user("on main")
    t.switch("try")
    cover(t, [inner, t.show("a").hash], "outer")
    t.switch("main")
    review = t.merge("try")
    assert asked(review) == ["covered"]
    review.choose(0, "ours").approve()
    assert "a" in texts(t)


# -- warnings ------------------------------------------------------------------------------------------


def test_it_warns_of_what_is_no_conflict_and_still_worth_a_look(t):
    def theirs(t):
        t.system("Answer in French.")
        cover(t, hashes(t, "ab"), "sum")

    parted(t, ours=lambda t: (t.system("Be long."), t.annotate("b", SKIP)), theirs=theirs)
    told = " ".join(t.merge("try").warnings)
    assert "both sides added instructions" in told
    assert "was skipped on one side; the summary" in told


def test_it_warns_of_an_edit_of_what_the_other_side_replied_to(t):
    t.tag(t.user("What is x?"), "question")
    t.branch("try")
    t.edit("question", "What is y?")
    t.switch("try")
    t.assistant("x is 1.")
    t.switch("main")
    (warning,) = t.merge("try").warnings
    assert "replied to its earlier text" in warning


# -- who decides ---------------------------------------------------------------------------------------


def at_odds(t: Tract) -> Tract:
    return parted(
        t,
        ours=lambda t: (t.edit("a", "ours"), t.edit("b", "ours too")),
        theirs=lambda t: (t.edit("a", "theirs"), t.edit("b", "theirs too")),
    )


def test_a_resolver_decides_and_may_leave_some_open(t):
    at_odds(t)
    seen: list[Conflict] = []

    def resolver(conflict):
        seen.append(conflict)
        return "theirs" if conflict.base == "a" else None

    review = t.merge("try", resolver=resolver)
    assert [(one.base, one.ours, one.theirs) for one in seen[:2]] == [
        ("a", "ours", "theirs"),
        ("b", "ours too", "theirs too"),
    ]
    assert (review.state, review.unresolved) == ("pending", 1)
    review.edit(1, "mine").approve()
    assert texts(t)[1:3] == ["theirs", "mine"]


@pytest.mark.parametrize("said", [1 / 3, object(), ["ours"]])
def test_a_resolver_that_returns_no_answer_changes_nothing(t, said):
    at_odds(t)
    before = t.operations().rows
    with pytest.raises(ReviewError, match="cannot return") as caught:
        t.merge("try", resolver=lambda _: said)
    assert caught.value.hint
    assert (t.operations().rows, t.pending()) == (before, [])


def test_a_resolver_that_raises_changes_nothing_and_says_where(t):
    at_odds(t)
    with pytest.raises(ReviewError, match=r"conflict 0 .*ZeroDivisionError"):
        t.merge("try", resolver=lambda _: 1 / 0)
    assert t.pending() == []


def test_nobody_to_decide_is_an_error(t):
    at_odds(t)
    with pytest.raises(ReviewError, match="2 conflicts nobody decides"):
        t.merge("try", mode="autonomous")
    with pytest.raises(TractError, match="No model is named"):
        t.merge("try", strategy="semantic")
    with pytest.raises(ReviewError, match="Unknown strategy"):
        t.merge("try", strategy="mine")
    with pytest.raises(ReviewError, match="no instructions"):
        t.merge("try", strategy="semantic", instructions=5)
    assert t.pending() == []


def test_a_model_proposes_and_a_person_approves(t):
    at_odds(t)
    prompt = {"prompt": {"name": "merge", "version": "1"}}

    def proposer(conflicts, *, instructions, model):
        assert (instructions, model) == ("be kind", "m-1")
        return [Decision(text=f"{one.ours} and {one.theirs}", by="m-1", metadata=prompt) for one in conflicts]

    t._ws.proposer = proposer
    review = t.merge("try", strategy="semantic", instructions="be kind", model="m-1")
    assert (review.state, review.unresolved) == ("pending", 0)
    assert review.conflicts[0].proposed == "ours and theirs"
    review.choose(1, "ours").approve()
    assert texts(t)[1:3] == ["ours and theirs", "ours too"]
    wrote = t.show(t.show("HEAD").parents[1])
    assert any(t.show(row.commit).metadata == prompt for row in t.log(kind="edit")), wrote


def test_a_model_that_gives_too_few_answers_changes_nothing(t):
    at_odds(t)
    t._ws.proposer = lambda conflicts, **_: []
    with pytest.raises(ReviewError, match="gave 0 answers to 2 conflicts"):
        t.merge("try", strategy="semantic", mode="autonomous")
    assert t.pending() == []


# -- bad input -----------------------------------------------------------------------------------------


def test_an_unknown_name_and_a_detached_head_change_nothing(t):
    parted(t)
    before = t.operations().rows
    with pytest.raises(RefError):
        t.merge("trie")
    t.checkout("a")
    with pytest.raises(RefError, match="detached"):
        t.merge("try")
    t.switch("main")
    assert [row.verb for row in t.operations()[: -len(before)]] == ["switch"]


def test_a_merge_beyond_the_budget_is_refused_whole(opened):
    t = parted(opened(token_budget=TokenBudget(max_tokens=40, action="reject")))
    size = t.status().tokens
    t._ws.budget = TokenBudget(max_tokens=size + 1, action="reject")
    before = t.operations().rows, t.status().head
    with pytest.raises(BudgetError):
        t.merge("try")
    assert (t.operations().rows, t.status().head) == before
    asked: list[tuple[int, int]] = []
    t._ws.budget = TokenBudget(max_tokens=size + 1, action=lambda *said: asked.append(said))
    assert t.merge("try").state == "applied"
    assert asked == [(t.status().tokens, size + 1)]
