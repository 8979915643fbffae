"""Reviews: kept until somebody decides, one a branch, the same for every handle, decided anew at the end."""

from __future__ import annotations

import pytest

from tests.core.helpers import run_python, texts
from tract_nb import Decision, Review, ReviewError, Session, Tract, TractWarning


def at_odds(t: Tract) -> Tract:
    """Let main and ``try`` change the same two texts."""
    t.tag(t.user("a"), "a")
    t.tag(t.user("b"), "b")
    t.branch("try")
    for branch, text in (("main", "ours"), ("try", "theirs")):
        t.switch(branch)
        t.edit("a", text)
        t.edit("b", f"{text} too")
    t.switch("main")
    return t


def test_a_review_outlives_the_kernel(tmp_path):
    path = tmp_path / "work.db"
    with Tract.open(path) as t:
        at_odds(t).merge("try").choose(0, "theirs")
    code = (
        "import sys, tract_nb; t = tract_nb.Tract.open(sys.argv[1]); (r,) = t.pending(); "
        "print(r.branch, r.source, r.unresolved, r.conflicts[0].answer)"
    )
    assert run_python(code, path).strip() == "main try 1 theirs"
    with Tract.open(path) as t:
        (review,) = t.pending()
        review.edit(1, "mine").approve()
        assert texts(t) == ["theirs", "mine"]
        assert t.pending() == []
        assert t.verify().rows == ()


def test_two_handles_see_one_review(t):
    review = at_odds(t).merge("try")
    (other,) = Session.of(t).tract("default").pending()
    assert isinstance(other, Review)
    other.choose(0, "ours")
    assert review.unresolved == 2
    assert review.refresh().unresolved == 1
    review.choose(1, "theirs").approve()
    assert texts(t) == ["ours", "theirs too"]
    with pytest.raises(ReviewError, match="applied already"):
        other.choose(0, "theirs")


def test_asking_again_finds_the_same_review_and_another_is_refused(t):
    review = at_odds(t).merge("try").choose(0, "theirs")
    again = t.merge("try")
    assert [one.answer for one in again.conflicts] == [one.answer for one in review.conflicts]
    assert len(t.pending()) == 1
    with pytest.raises(ReviewError, match="waits for a decision on main"):
        t.rebase("try")
    t.branch("aside")
    t.switch("aside")
    assert t.rebase("try").state == "pending", "each branch has its own"
    assert [one.branch for one in t.pending()] == ["aside", "main"]


def test_what_is_undecided_is_not_applied(t):
    review = at_odds(t).merge("try").choose(0, "theirs")
    before = t.operations().rows
    with pytest.raises(ReviewError, match="1 conflict of 2 nobody has decided"):
        review.approve()
    assert (t.operations().rows, review.state) == (before, "pending")


def test_reject_changes_nothing(t):
    before = at_odds(t).operations().rows, texts(t)
    review = t.merge("try").reject()
    assert (t.operations().rows, texts(t)) == before
    assert (review.state, t.pending()) == ("rejected", [])
    with pytest.raises(ReviewError, match="rejected"):
        review.approve()
    assert t.merge("try").state == "pending"


def test_approve_decides_anew_on_the_branch_as_it_is_by_then(t):
    review = at_odds(t).merge("try").choose(0, "theirs").choose(1, "ours")
    t.user("meanwhile")
    t.switch("try")
    assert review.approve().state == "applied"
    assert texts(t, "main") == ["theirs", "ours too", "meanwhile"]
    assert texts(t) == ["theirs", "theirs too"]


def test_a_new_question_keeps_the_review_pending_and_the_answers(t):
    review = at_odds(t).merge("try").choose(0, "theirs").choose(1, "ours")
    t.edit("b", "changed meanwhile")
    with pytest.warns(TractWarning, match="1 question more"):
        review.approve()
    assert (review.state, review.unresolved) == ("pending", 1)
    assert [one.ours for one in review.conflicts] == ["ours", "changed meanwhile"]
    assert review.conflicts[0].answer is not None
    review.choose(1, "ours").approve()
    assert texts(t) == ["theirs", "changed meanwhile"]


def test_nothing_left_to_decide_is_applied_too(t):
    review = at_odds(t).merge("try")
    t.reset("try")
    assert review.refresh().conflicts == ()
    assert "choose" not in repr(review.refresh())
    assert review.approve().state == "applied"
    assert texts(t) == ["theirs", "theirs too"]


def test_a_review_goes_with_its_branch(t):
    at_odds(t).merge("try")
    t.rename_branch("main", "trunk")
    assert [one.branch for one in t.pending()] == ["trunk"]
    t.undo()
    assert [one.branch for one in t.pending()] == ["main"]
    t.switch("try")
    t.delete_branch("main", force=True)
    assert t.pending() == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda review: review.choose(0, "mine"), "cannot be chosen"),
        (lambda review: review.choose(7, "ours"), "no conflict 7"),
        (lambda review: review.choose("a", "ours"), "no conflict 'a'"),
        (lambda review: review.edit(0, None), "no answer here"),
        (lambda review: review.edit(0, ""), "settles nothing"),
        (lambda review: review.edit(0, " \n\t"), "settles nothing"),
    ],
)
def test_an_answer_that_fits_nothing_is_an_error(t, answer, says):
    review = at_odds(t).merge("try")
    with pytest.raises(ReviewError, match=says) as caught:
        answer(review)
    assert caught.value.hint
    assert review.refresh().unresolved == 2


@pytest.mark.parametrize("said", ["", "  \n"])
def test_a_resolver_that_returns_an_empty_text_settles_nothing(t, said):
    at_odds(t)
    before = texts(t)
    with pytest.raises(ReviewError, match="settles nothing"):
        t.merge("try", resolver=lambda conflict: said)
    assert (texts(t), t.pending()) == (before, [])


def test_an_answer_can_be_taken_back_and_surrogates_are_not_kept(t):
    review = at_odds(t).merge("try").choose(0, "ours")
    assert review.reopen(0).unresolved == 2
    review.edit(0, "half \ud800").choose(1, "ours").approve()
    assert texts(t)[0] == "half \ufffd"


def test_what_a_review_shows(t):
    review = at_odds(t).merge("try").edit(1, "mine <b>")
    frame = review.to_frame()
    assert list(frame.ours) == ["ours", "ours too"]
    assert list(frame.base) == ["a", "b"]
    assert list(frame.answer.fillna("")) == ["", "text"]
    assert "1 of 2 conflicts unresolved" in repr(review)
    assert "<b>" not in review._repr_html_()
    assert "mine &lt;b&gt;" in review._repr_html_()
    assert isinstance(review, Review)
    # as many tokens as it would have, by what is decided so far
    review.choose(0, "ours")
    told = review.tokens_after
    assert review.approve().tokens_after == told == t.compile().token_count


def test_a_text_asked_of_a_model_stands_for_the_answer_that_was_given(t):
    review = at_odds(t).merge("try")
    review.choose(0, "ours")
    t._ws.proposer = lambda conflicts, **_: [Decision(text="from a model", by="m-1")]
    review.ask(0)
    (asked, *_), unanswered = review.conflicts, review.conflicts[0].answer is None
    assert unanswered
    assert asked.proposed == "from a model"
    review.accept(0)
    assert review.conflicts[0].answer == Decision(text="from a model", by="user")
    assert t.pending()[0].conflicts[0].proposed == "from a model"


def test_nothing_is_accepted_where_nothing_is_proposed(t):
    review = at_odds(t).merge("try")
    with pytest.raises(ReviewError, match="Nothing is proposed"):
        review.accept(0)
