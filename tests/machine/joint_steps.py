"""Merging, rebasing, picking and reordering, on the library and on the model."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.machine import joins, oracle
from tests.machine.handle import Handle
from tests.machine.joins import Asked, Choose, Join
from tests.machine.oracle import EDIT, MARK, MERGE, SUMMARY, Record
from tract_nb import Decision, Review, ReviewError, TractError
from tract_nb.model.commit import to_us


def chooser(how: str, seed: int, *, texts: bool = True) -> Choose:
    """Return what decides: a side, or anything by chance, the same for the same question."""

    def choose(asked: Asked, choices: tuple[str, ...]) -> str:
        if how in ("ours", "theirs"):
            return how
        chance = random.Random(f"{seed} {asked}")  # noqa: S311  no secret
        return chance.choice([*choices, *(["=settled so"] if texts else [])])

    return choose


class Model:
    """What the machine knows: all commits, where refs stand, what was reported."""

    history: dict[str, Record]
    refs: dict[str, str]
    usages: dict[str, int]
    open_branch: str

    def _writable(self, h: Handle) -> type[TractError] | None:
        raise NotImplementedError

    def _refused(self, call: Callable[[], Any], kind: type[TractError] = TractError) -> None:
        raise NotImplementedError

    def _log(
        self, h: Handle, verb: str, moved: dict[str, str | None], *, listed: bool = False, **of: Any
    ) -> None:
        raise NotImplementedError

    def _name(self, h: Handle, ref: Any) -> tuple[str, str | None, bool]:
        raise NotImplementedError

    def _tip(self, h: Handle) -> str:
        raise NotImplementedError


class JointSteps(Model):
    """Steps of the machine that bring histories together."""

    # -- merge and rebase ---------------------------------------------------------------------------

    def _other(self, h: Handle, n: int) -> tuple[str, str] | None:
        """Return a name and the commit of another branch."""
        others = [ref for ref, tip in sorted(self.refs.items()) if tip and ref != h.ref]
        if not others:
            return None
        ref = others[n % len(others)]
        tip = self.refs[ref]
        return (ref.partition("/")[2] if n % 2 else tip), tip

    def do_merge(self, h: Handle, n: int, how: str, seed: int = 0, no_ff: bool = False) -> None:  # noqa: FBT001, FBT002
        self._join(h, "merge", n, how, seed, no_ff=no_ff)

    def do_rebase(self, h: Handle, n: int, how: str, seed: int = 0) -> None:
        self._join(h, "rebase", n, how, seed)

    def _join(self, h: Handle, verb: str, n: int, how: str, seed: int, **options: Any) -> None:
        other = self._other(h, n)
        if other is None:
            return
        name, theirs = other
        call = getattr(h.tract, verb)
        trouble = self._writable(h)
        if trouble:
            self._refused(lambda: call(name, **options), trouble)
            return
        ours = self.refs[h.ref]
        if ours and theirs in joins.behind(self.history, ours):
            review = call(name, **options)
            assert (review.state, review.commit.hash, len(review)) == ("applied", ours, 0)
            assert "nothing to do" in review.notes[0]
            return
        if not ours or (ours in joins.behind(self.history, theirs) and not options.get("no_ff")):
            assert call(name, **options).commit.hash == theirs
            self._log(h, verb, {h.ref: theirs})
            return
        choose = chooser(how, seed)
        rebase = verb == "rebase"
        first, second = (theirs, ours) if rebase else (ours, theirs)
        join = Join(self.history, first, second, choose, ours=int(rebase))
        review = self._decided(h, call, name, how, join, choose, options)
        assert review.state == "applied"
        asked = {self._asked(one): one for one in review.conflicts}
        assert set(asked) == set(join.asked), (verb, how)
        tip = review.commit.hash
        self._adopt(h, tip)
        if rebase:
            self._check_rebased(join, tip)
        else:
            self._check_merged(join, tip)
        self._log(h, verb, {h.ref: tip})
        self._check_symmetry(join, how, seed)
        assert review.tokens_after == oracle.size(self.history, tip, len_of)

    def _asked(self, conflict: Any) -> Asked:
        units = [conflict.commit] if conflict.kind != "summaries" else conflict.units
        return conflict.kind, "|".join(sorted(map(self._identity, units)))

    def _identity(self, commit: str) -> str:
        return self.history[commit].origin or commit

    def _decided(
        self, h: Handle, call: Any, name: str, how: str, join: Join, choose: Choose, options: dict[str, Any]
    ) -> Any:
        def said(conflict: Any) -> str:
            return choose(self._asked(conflict), conflict.choices)

        def answer(conflict: Any) -> Decision:
            chosen = said(conflict)
            return Decision(text=chosen[1:]) if chosen.startswith("=") else Decision(chosen)

        if how in ("ours", "theirs"):
            return call(name, strategy=how, **options)
        if how == "resolver":
            return call(name, resolver=answer, **options)
        if how == "model":
            h.tract._ws.proposer = lambda conflicts, **_: [answer(one) for one in conflicts]
            review = call(name, strategy="semantic", **options)
            assert review.state == ("pending" if join.asked else "applied")
            return self._reviewed(h, review, lambda place, conflict: None)
        review = call(name, **options)
        assert review.state == ("pending" if join.asked else "applied")

        def decide(place: int, conflict: Any) -> None:
            chosen = said(conflict)
            if chosen.startswith("="):
                review.edit(place, chosen[1:])
            else:
                review.choose(place, chosen)

        return self._reviewed(h, review, decide)

    def _reviewed(self, h: Handle, review: Any, decide: Any) -> Any:
        """Settle a pending review as a person does; any handle finds it again."""
        before = dict(self.refs)
        for _ in range(20):
            if review.state != "pending":
                break
            for place, conflict in enumerate(review.conflicts):
                if conflict.answer is None:
                    decide(place, conflict)
            if not review.unresolved:
                review.approve()
            else:
                found = [one for one in h.tract.pending() if one.branch == h.branch]
                assert isinstance(found[0], Review)
                assert [one.key for one in found[0].conflicts] == [one.key for one in review.conflicts]
        assert before == self.refs
        return review

    def _adopt(self, h: Handle, tip: str) -> None:
        """Take the commits behind a new tip into the model as the library tells of them."""
        todo, new = [tip], list[Any]()
        while todo:
            name = todo.pop()
            if name in self.history or name in [one.hash for one in new]:
                continue
            commit = h.tract.show(name)
            new.append(commit)
            todo += commit.parents
        for commit in reversed(new):
            assert all(parent in self.history for parent in commit.parents)
            of = self._copied_from(commit)
            made: dict[str, Any] = {
                "parents": commit.parents,
                "origin": commit.origin,
                "author_us": to_us(commit.time),
                "key": commit.key,
            }
            priority = None if commit.priority is None else commit.priority.name
            if of is not None:
                self.history[commit.hash] = replace(of, **{**made, "key": of.key})
                assert (commit.kind.name, commit.targets, commit.text) == (of.kind, of.targets, of.text)
                key = None if (of.key or "").startswith("claude") else of.key
                assert (commit.key, priority) == (key, of.priority), "a copy keeps key and priority"
                if commit.origin:
                    assert to_us(commit.time) == of.author_us, "a copy keeps its time"
                if of.content_hash or of.kind == MARK:
                    assert commit.hash == oracle.commit_hash(self.history[commit.hash])
            else:
                kind = commit.kind.name
                assert kind in (EDIT, MARK, MERGE)
                self.history[commit.hash] = Record(
                    kind,
                    role=commit.role or "",
                    type=commit.type or "",
                    text=commit.text,
                    targets=commit.targets,
                    priority=priority,
                    **made,
                )

    def _copied_from(self, commit: Any) -> Record | None:
        """Return the commit that a copy has the identity of."""
        if commit.origin is None:
            return None
        of = {one.origin or name: one for name, one in self.history.items()}
        found: Record = of[commit.origin]
        return found

    def _chain(self, tip: str, stop: str) -> list[str]:
        """Return the first-parent line down to a commit, oldest first."""
        line = oracle.first_parents(self.history, tip)
        assert stop in line
        return line[: line.index(stop)][::-1]

    def _check_decided(self, join: Join, names: list[str]) -> None:
        records = [self.history[name] for name in names]
        assert all(len(one.targets) == 1 and one.origin is None for one in records)
        wrote = {
            (one.kind, one.targets[0], one.text if one.kind == EDIT else one.priority) for one in records
        }
        assert wrote == join.decided
        assert len(wrote) == len(records), "one commit a value"

    def _check_merged(self, join: Join, tip: str) -> None:
        """Theirs, what was decided, then the MERGE on top of ours."""
        merge = self.history[tip]
        assert merge.kind == MERGE
        assert merge.parents[0] == join.first
        self._check_decided(join, self._chain(merge.parents[1], join.second))
        self._check_values(join, tip)

    def _check_rebased(self, join: Join, tip: str) -> None:
        """Copies of the branch's own, MERGEs left out, then what was decided."""
        names = self._chain(tip, join.first)
        copies = names[: len(join.own)]
        assert [self.history[name].origin for name in copies] == join.own
        for name in copies:
            of = oracle.told(self.history, join.second)[self._identity(name)]
            if of in self.usages:
                self.usages.setdefault(name, self.usages[of])
        self._check_decided(join, names[len(copies) :])
        self._check_values(join, tip)
        merged = {**self.history, "merge": Record(MERGE, parents=(join.first, tip))}
        assert oracle.compiled(merged, "merge") == oracle.compiled(self.history, tip)

    def _check_values(self, join: Join, tip: str) -> None:
        """What was decided is what compiles, and each unit is there once."""
        here = oracle.state(self.history, tip)
        assert set(here.units) == set(join.alone.units)
        for unit, text in join.texts.items():
            if unit in here.units:
                assert here.text[unit] == text
        for unit, priority in join.priorities.items():
            if unit in here.units:
                assert (joins.RETIRED if unit in here.retired else here.priority[unit]) == priority
        shown = [one.identity for one in oracle.compiled(self.history, tip)]
        assert len(shown) == len(set(shown))
        # nothing settled is asked again, from either side
        for first, second in ((tip, join.second), (join.second, tip), (tip, join.first), (join.first, tip)):
            assert not Join(self.history, first, second, never).asked

    def _check_symmetry(self, join: Join, how: str, seed: int) -> None:
        """The other way round, with the sides' names swapped, the same is asked and decided."""
        choose = chooser(how, seed)
        swap = {"ours": "theirs", "theirs": "ours"}
        answers = {asked: choose(asked, choices) for asked, choices in join.asked.items()}
        if "both" in answers.values() or "base" in answers.values():
            return  # a text of both has an order; of two bases the first is taken
        other = Join(
            self.history,
            join.second,
            join.first,
            lambda asked, _: swap.get(answers[asked], answers[asked]),
            ours=join.ours,
        )
        assert set(other.asked) == set(join.asked)
        assert (other.texts, other.priorities) == (join.texts, join.priorities)

    # -- cherry-pick and reorder --------------------------------------------------------------------

    def do_pick(self, h: Handle, wanted: list[Any], again: bool) -> None:  # noqa: FBT001
        named = [self._name(h, ref) for ref in wanted]
        trouble = self._writable(h)
        call = lambda: h.tract.cherry_pick(*[name for name, _, _ in named], again=again)  # noqa: E731
        if trouble or any(commit is None for _, commit, _ in named):
            self._refused(call, trouble or TractError)
            return
        tip = self.refs[h.ref] or None
        order = list(self.history)
        picked = sorted({commit for _, commit, _ in named if commit}, key=order.index)
        told = oracle.told(self.history, tip)
        new: dict[str, str] = {}
        for commit in picked:
            if again or self._identity(commit) not in told:
                new.setdefault(self._identity(commit), commit)
        here = oracle.state(self.history, tip)
        units = {name for name, commit in new.items() if self.history[commit].kind in ("APPEND", SUMMARY)}
        for commit in new.values():
            record = self.history[commit]
            if record.kind == MERGE or (
                record.kind == EDIT and record.targets[0] not in {*here.units, *units}
            ):
                self._refused(call, ReviewError)
                return
        review: Any = call()
        assert review.state == "applied"
        passed = [commit for commit in picked if commit not in new.values()]
        for commit in passed if not again else []:
            if self._identity(commit) in told:
                assert any(commit[:8] in note for note in review.notes), "a pick of what is there says so"
        if not new:
            assert (review.commit.hash if review.commit else None) == tip
            return
        self._adopt_picked(h, review, list(new.values()), again=again)
        names = self._chain(review.commit.hash, tip) if tip else self._whole(review.commit.hash)
        copies, marks = names[: len(new)], names[len(new) :]
        if not again:
            assert [self.history[name].origin for name in copies] == list(new)
        retired = {
            other
            for name in copies
            if self.history[name].kind == SUMMARY
            for other, unit in here.units.items()
            if unit.kind == SUMMARY
            and other not in here.retired
            and set(unit.targets) & set(self.history[name].targets)
            and other not in self.history[name].targets
            and self._identity(name) not in unit.targets
        }
        # a MARK that was picked with it may have taken one back already
        assert {self.history[name].targets[0] for name in marks} <= retired
        after = oracle.state(self.history, review.commit.hash)
        assert retired <= after.retired
        self._log(h, "cherry_pick", {h.ref: review.commit.hash})

    def _whole(self, tip: str) -> list[str]:
        return oracle.first_parents(self.history, tip)[::-1]

    def _adopt_picked(self, h: Handle, review: Any, sources: list[str], *, again: bool) -> None:
        if not again:
            self._adopt(h, review.commit.hash)
            for name in self._whole(review.commit.hash):
                for of in sources:
                    if self.history[name].origin == self._identity(of) and of in self.usages and name != of:
                        self.usages.setdefault(name, self.usages[of])
            return
        line: list[Any] = []
        tip: str | None = review.commit.hash
        while tip and tip not in self.history:
            line.append(h.tract.show(tip))
            tip = (line[-1].parents or (None,))[0]
        for place, commit in enumerate(reversed(line)):
            priority = None if commit.priority is None else commit.priority.name
            made: dict[str, Any] = {"parents": commit.parents, "author_us": to_us(commit.time)}
            made |= {"origin": None, "key": None}
            if place < len(sources):
                source = self.history[sources[place]]
                assert (commit.kind.name, commit.targets, commit.text, priority) == (
                    source.kind,
                    source.targets,
                    source.text,
                    source.priority,
                )
                assert to_us(commit.time) > max(one.author_us for one in self.history.values() if not one.key)
                self.history[commit.hash] = replace(source, **made)
            else:
                self.history[commit.hash] = Record(MARK, targets=commit.targets, priority=priority, **made)

    def do_reorder(self, h: Handle, seed: int) -> None:
        tip = self.refs.get(h.ref) or None if h.branch else None
        chance = random.Random(seed)  # noqa: S311
        shown = oracle.compiled(self.history, self._tip(h) or None, include_reasoning=True)
        order = [unit.commit for unit in shown]
        if len(order) > 1:
            moved = order.pop(chance.randrange(len(order)))
            order.insert(chance.randrange(len(order) + 1), moved)
        trouble = self._writable(h)
        if trouble:
            self._refused(lambda: h.tract.reorder(order), trouble)
            return
        here = oracle.state(self.history, tip)
        places = {self._identity(commit): place for place, commit in enumerate(order)}
        early = any(
            places.get(call, -1) > places[result]
            for result, call in here.call_of.items()
            if result in places and call in places
        )
        summaries = any(unit.kind == SUMMARY for unit in here.units.values())
        review: Any
        try:
            review = h.tract.reorder(order)
        except ReviewError as error:
            assert error.hint  # noqa: PT017
            assert early or summaries
            return
        assert not early
        if order == [unit.commit for unit in shown]:
            assert (review.commit.hash if review.commit else None) == tip
            return
        assert tip is not None
        self._adopt(h, review.commit.hash)
        after = oracle.state(self.history, review.commit.hash)
        sent = oracle.compiled(self.history, review.commit.hash, include_reasoning=True)
        assert [unit.identity for unit in sent] == [self._identity(commit) for commit in order]
        assert (after.text, after.priority) == (here.text, here.priority)
        assert (after.skipped, after.covered, after.retired) == (here.skipped, here.covered, here.retired)
        told = oracle.told(self.history, tip)
        for name in self._whole(review.commit.hash):
            of = told.get(self._identity(name))
            if of and of != name and of in self.usages:
                self.usages.setdefault(name, self.usages[of])
        self._log(h, "reorder", {h.ref: review.commit.hash})

    # -- branches -----------------------------------------------------------------------------------

    def do_delete_branch(self, h: Handle, name: str, force: bool) -> None:  # noqa: FBT001
        call = lambda: h.tract.delete_branch(name, force=force)  # noqa: E731
        heads = {ref: tip for ref, tip in self.refs.items() if ref.startswith("heads/")}
        tip = heads.pop(f"heads/{name}", None)
        merged = tip == "" or any(
            tip in joins.behind(self.history, other) for other in heads.values() if other
        )
        if tip is None or h.branch == name or not heads or not (merged or force):
            self._refused(call)
            return
        made = call()
        assert (made.hash if made else "") == tip
        if self.open_branch == name:
            self.open_branch = h.branch or min(heads).removeprefix("heads/")
        self._log(h, "delete_branch", {f"heads/{name}": None})

    def do_rename_branch(self, h: Handle, name: str, new: str) -> None:
        call = lambda: h.tract.rename_branch(name, new)  # noqa: E731
        tip = self.refs.get(f"heads/{name}")
        if tip is None or (new != name and f"heads/{new}" in self.refs):
            self._refused(call)
            return
        made = call()
        assert (made.hash if made else "") == tip
        if self.open_branch == name:
            self.open_branch = new
        moved = {f"heads/{name}": None, f"heads/{new}": tip} if new != name else {}
        self._log(h, "rename_branch", moved)
        h.branch = new if h.branch == name else h.branch
        h.previous = new if h.previous == name else h.previous


def never(asked: Asked, choices: tuple[str, ...]) -> str:
    """Decide what must not be asked."""
    return choices[0]


def len_of(text: str) -> int:
    """Count as the machine's counter does."""
    return len(text.strip())
