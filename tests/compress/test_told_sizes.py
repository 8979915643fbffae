"""What a pending compression says that it would come to is what comes out, whatever it is of."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.core.providers_check import check_compiled
from tests.llm.fakes import Fake
from tract_nb import IMPORTANT, NORMAL, PINNED, SKIP, Tract, TractError
from tract_nb.engine import resolve as resolving
from tract_nb.engine import snapshot
from tract_nb.model.compression import Compression

WORDS = "the tide table of the harbour is off by an hour in summer "
SEEDS = 60


class Story:
    """A context of all sorts of units, and what somebody does with it, by chance."""

    def __init__(self, seed: int) -> None:
        self.by = random.Random(seed)  # noqa: S311  a test that can be run again
        self.fake = Fake("<summary>\nin short\n</summary>")
        self.t = Tract.open(model="gpt-4o-mini", llm=self.fake, verify_cache=True)
        self.calls: list[str] = []
        self.grow(self.by.randint(4, 24))

    @property
    def units(self) -> list[str]:
        return [row.commit for row in self.t.log() if row.kind in ("append", "summary")]

    def some(self, most: int) -> list[str]:
        units = self.units
        return self.by.sample(units, self.by.randint(1, min(len(units), most)))

    def words(self) -> str:
        return WORDS * self.by.choice((0, 1, 4, 16))

    def grow(self, count: int) -> None:
        for _ in range(count):
            number = len(self.t.log())
            what = self.by.choices(("user", "assistant", "reasoning", "calls", "result"), (4, 3, 1, 3, 5))[0]
            if what == "calls":
                for _ in range(self.by.choice((1, 1, 2))):
                    self.calls.append(f"c{len(self.calls)}")
                    self.t.tool_call("Read", {"file_path": f"/src/{number}.py"}, self.calls[-1])
            elif what == "result" and self.calls:
                self.t.tool_result(self.by.choice(self.calls[-3:]), f"output {number} {self.words()}")
            elif what != "result":
                getattr(self.t, what)(f"{what} {number} {self.words()}")

    def change(self) -> None:
        """Do one thing to the history."""
        t, one = self.t, self.by.choice(self.units)
        what = self.by.randrange(10)
        if what == 0:
            t.annotate(one, self.by.choice((PINNED, SKIP, NORMAL, IMPORTANT)))
        elif what == 1:
            t.edit(one, f"edited {self.words()}")
        elif what == 2:
            self.grow(3)
        elif what == 3:
            t.compress(commits=self.some(6), content=f"in all {WORDS}")
        elif what == 4:
            t.compress(commits=self.some(6), strategy="mask")
        elif what == 5:
            t.restore(one)
        elif what == 6:
            t.undo()
        elif what == 7:
            t.redo()
        elif what == 8:
            self.merge(one)
        else:
            shown = [commit for commit in t.compile().commit_hashes if commit]
            t.reorder(self.by.sample(shown, len(shown)))

    def merge(self, start: str) -> None:
        name = f"side{len(self.t.operations())}"
        self.t.branch(name, at=start)
        self.t.switch(name)
        for _ in range(3):
            with suppress(TractError):
                self.t.annotate(self.by.choice(self.units), self.by.choice((PINNED, SKIP, NORMAL)))
            with suppress(TractError):
                self.t.compress(commits=self.some(4), content=f"at the side {WORDS}")
        self.t.switch("main")
        self.t.merge(name, strategy="theirs")

    def propose(self) -> Compression | None:
        few, some = self.by.randint(0, 3), self.some(20)
        chosen: dict[str, Any] = {"keep_last": few} if self.by.random() < 1 / 2 else {"commits": some}
        strategy = self.by.choice(("mask", "structural", "summarize"))
        try:
            review = self.t.compress(mode="collaborative", strategy=strategy, **chosen)
        except TractError:
            return None
        return review if review.state == "pending" else None

    def decide(self, review: Compression) -> None:
        """Do one thing to a proposal, or to the history behind it."""
        i, what = self.by.randrange(len(review)), self.by.randrange(7)
        if what == 0:
            review.reject(i)
        elif what == 1:
            review.approve(i)
        elif what == 2:
            review.edit(i, f"mine {self.words()}")
        elif what in (3, 4):
            review.ask(i, strategy=self.by.choice(("mask", "structural", "summarize")))
        elif what == 5:
            review.pin(self.by.choice(review.groups[i].units))
        else:
            self.change()


@contextmanager
def told_by_chance(seed: int) -> Iterator[tuple[Story, Compression | None]]:
    """Give a story with a proposal that is as it is by now, all of which can be approved."""
    story = Story(seed)
    for _ in range(story.by.randint(0, 6)):
        with suppress(TractError):
            story.change()
    review = story.propose()
    for _ in range(story.by.randint(0, 7)):
        if review is not None and review.state == "pending" and len(review):
            with suppress(TractError):
                story.decide(review)
            review.refresh()
    while review is not None and review.state == "pending":
        unfit = [i for i, group in enumerate(review.groups) if group.problem and group.state != "rejected"]
        if not unfit:
            break
        review.reject(unfit[-1])
        review.refresh()
    yield story, review if review is not None and review.state == "pending" else None
    story.t.close()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_told_comes_out(seed):
    with told_by_chance(seed) as (story, review):
        if review is None:
            return
        t, told, groups = story.t, review.tokens_after, review.groups
        assert review.tokens_before == t.compile().token_count
        each = [group.tokens_before - group.tokens_after for group in groups if group.state != "rejected"]
        assert review.tokens_before - told == sum(each)
        review.approve()
        context = t.compile()
        assert context.token_count == told
        assert review.state == ("applied" if each else "rejected")
        gone = {unit for group in groups if group.state != "rejected" for unit in group.units
                if group.strategy != "mask"}  # fmt: skip
        assert not gone.intersection(context.commit_hashes)
        if any(message.role == "user" for message in context.messages):
            check_compiled(context, types=False)
        assert t.verify().rows == ()


def test_chance_meets_what_is_worth_a_look():
    met = []
    for seed in range(SEEDS):
        with told_by_chance(seed) as (_, review):
            met += [] if review is None else [review]
    assert len(met) > SEEDS // 4
    assert any(len({group.strategy for group in review.groups}) > 1 for review in met)
    assert any(group.state == "rejected" for review in met for group in review.groups)
    assert any(group.taken for review in met for group in review.groups)


def test_a_history_is_resolved_once_however_many_groups_there_are(monkeypatch):
    resolved = []
    resolve = resolving.resolve

    def counted(rows: Any) -> Any:
        resolved.append(1)
        return resolve(rows)

    t = Tract.open()
    for number in range(30):
        t.user(f"pin {number}", priority=PINNED)
        t.user(f"unit {number} {WORDS * 4}")
    monkeypatch.setattr(snapshot, "resolve", counted)
    done = t.compress(content=[f"part {number}" for number in range(30)], keep_last=0)
    assert (len(done), done.state) == (30, "applied")
    assert len(resolved) < len(done)
    monkeypatch.undo()
    assert done.tokens_after == t.compile().token_count
    assert t.verify().rows == ()


def test_a_call_is_hidden_where_the_last_of_its_results_is_named_by_any_summary():
    t = Tract.open()
    t.tool_call("Read", {"file_path": "/src/tide.py"}, "c1")
    t.user("pin", priority=PINNED)
    first = t.tool_result("c1", f"first {WORDS * 4}")
    t.user("another pin", priority=PINNED)
    t.tool_result("c1", f"second {WORDS * 4}")
    t.annotate(first, SKIP)
    t.compress(keep_last=0, content="of the call and its second result")
    t.annotate(first, NORMAL)  # now all of it shows again
    call, *results = [unit.row.hash.hex() for unit in t._ws.snapshot(t._ws.tip()).shown if unit.row.call_id]
    assert len(results) == 2
    done = t.compress(commits=[call, *results], content=["zero", "one", "two"])
    assert len(done) == 3
    assert done.tokens_after == t.compile().token_count
    assert t.verify().rows == ()
