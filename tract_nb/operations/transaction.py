"""A transaction: one verb, its objects, its refs and one operation, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import get_ident
from typing import Any

import orjson

from tract_nb.engine.canonical import canonical, clean_text, commit_hash, sha256
from tract_nb.engine.snapshot import Snapshot
from tract_nb.engine.tokens import message_size
from tract_nb.errors import HeadMovedError, RefError
from tract_nb.model.commit import HASH_SHOWN, Kind, Priority, Row
from tract_nb.model.content import Content
from tract_nb.operations.workspace import Workspace, Written
from tract_nb.store import configs, objects, oplog, refs
from tract_nb.store.objects import Details
from tract_nb.store.oplog import Move
from tract_nb.store.section import Section, gone

Standing = tuple[dict[tuple[int, str], int | None], dict[tuple[int, str], Move]]


class Transaction:
    """What a verb may do while it holds the write lock; made by :func:`transaction`."""

    def __init__(self, ws: Workspace, operation: Callable[[Transaction], None] | None = None) -> None:
        self.ws = ws
        self.db = ws.db
        self.moves: dict[tuple[int, str], Move] = {}
        self.section: Section | None = None  # that it stands in: whether all of it was written
        self.listed = False  # whether the operation is kept although it moved no ref
        self._operation = operation  # writes it; None where there is none, or it is written
        self.thread = get_ident()
        own = (ws.tract, f"{refs.HEADS}{ws.branch}")
        last_us, tip = oplog.last_at_with(ws.db, *own)
        self._refs: dict[tuple[int, str], int | None] = {own: tip}
        self._now = max(ws.now_us(), last_us + 1)
        self.started_us = self._now

    def tick(self) -> int:
        """Return a time, in microseconds, later than every one before it in this database."""
        now = self._now
        self._now += 1
        return now

    @property
    def next_us(self) -> int:
        """The time that the next commit will have."""
        return self._now

    def log(self) -> None:
        """Write the operation now, for a verb that returns it; a batch writes its own at its end."""
        if self.ws.batch is not self and self._operation is not None:
            write, self._operation = self._operation, None
            write(self)

    # -- objects ----------------------------------------------------------------------------------

    def put_content(self, content: Content, tokens: int | None = None) -> tuple[int, bytes, int]:
        """Store a content; return its blob's number and hash, and the tokens of its text."""
        data = canonical(content.to_payload())
        digest = sha256(data)
        number = objects.put_blob(self.db, digest, data)
        return number, digest, self.ws.count(counted_text(content)) if tokens is None else tokens

    def commit(
        self,
        kind: Kind,
        parents: Sequence[Row],
        *,
        content: Content | None = None,
        targets: tuple[bytes, ...] = (),
        priority: int | None = None,
        origin: bytes | None = None,
        author_us: int | None = None,
        message: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        generation_config: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Row:
        """Store a commit with the size of the context at it, and move the handle's branch there."""
        row = self.put(
            kind,
            parents,
            content=content,
            targets=targets,
            priority=priority,
            origin=origin,
            author_us=author_us,
            message=message,
            metadata=metadata,
            generation_config=generation_config,
            key=key,
        )
        after = self._after(row, parents)
        if after is not None:
            if after.last.context != row.context:
                row = self.set_context(row, after.last.context)
            self.ws.remember(row.hash, after)
        self.move(f"{refs.HEADS}{self.ws.branch}", row.id)
        return row

    def _after(self, row: Row, parents: Sequence[Row]) -> Snapshot | None:
        """Return the history at a commit just stored; None where nobody needs it yet."""
        if row.parent2 is not None:
            return self.ws.cold(row.id, settle=True)
        if is_plain(row):
            before = self.ws.cached(parents[0].hash) if parents else None
        else:
            before = self.ws.snapshot(parents[0].id if parents else 0)
        return None if before is None else before.plus(row)

    def put(
        self,
        kind: Kind,
        parents: Sequence[Row],
        *,
        content: Content | None = None,
        targets: tuple[bytes, ...] = (),
        priority: int | None = None,
        origin: bytes | None = None,
        author_us: int | None = None,
        message: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        generation_config: Mapping[str, Any] | None = None,
        key: str | None = None,
        sized: tuple[int, int] | None = None,
    ) -> Row:
        """Store a commit and return its row.

        Its size is taken to be the first parent's and what the unit adds, which is right for a plain
        one only (see :func:`is_plain`); but for one who knows both: ``sized`` is the tokens of its text and
        the size of the context at it.
        """
        author = self.tick() if author_us is None else author_us
        counted = sized[0] if sized else None
        blob, digest, tokens = self.put_content(content, counted) if content else (None, None, 0)
        own_hash = commit_hash(
            kind, digest, [parent.hash for parent in parents], targets, priority, origin, author
        )
        content_type = content.unit_type if content else None
        fields = vars(content) if content else {}  # what pydantic answers about a field it has not is slow
        context = parents[0].context if parents else 0
        if kind in (Kind.APPEND, Kind.SUMMARY) and priority != Priority.SKIP and content_type != "reasoning":
            context += message_size(tokens)
        if sized:
            context = sized[1]
        columns = (
            own_hash,
            int(kind),
            parents[0].id if parents else None,
            parents[1].id if len(parents) > 1 else None,
            origin,
            author,
            None if priority is None else int(priority),
            content_type,
            content.unit_role if content else None,
            fields.get("name") or None,
            fields.get("call_id"),
            blob,
            tokens,
            context,
            key,
        )
        said = None if message is None else clean_text(message)
        made = canonical(dict(metadata)) if metadata else None
        config = canonical(dict(generation_config)) if generation_config else None
        extra = objects.Extra(
            self.started_us, self.ws.encoding, self._config(config), said, made.decode() if made else None
        )
        number = objects.put_commit(self.db, columns, targets, extra)
        row = Row(number, *columns, targets)
        self.ws.keep(row)
        # as the store gives it back: copies, without surrogates
        kept = Details(self.started_us, said, _loaded(made), _loaded(config))
        self.ws.written = Written(number, content, kept)
        return row

    def set_context(self, row: Row, size: int) -> Row:
        """Store the size of the context at a commit of this transaction."""
        self.db.execute('UPDATE "commit" SET context = ? WHERE id = ?', (size, row.id))
        row = row._replace(context=size)
        self.ws.keep(row)
        return row

    def _config(self, data: bytes | None) -> int | None:
        return configs.put_config(self.db, sha256(data), data.decode()) if data else None

    # -- refs -------------------------------------------------------------------------------------

    def head(self) -> Row | None:
        """Return the tip of the handle's branch, for a write on top of it.

        Raises
        ------
        HeadMovedError
            If another writer moved the branch since the handle last looked.
        RefError
            If the handle stands on no branch.
        """
        refuse_detached(self.ws)
        seen, tip = self.ws.seen, self._stands(self.ws.tract, f"{refs.HEADS}{self.ws.branch}")
        if tip != seen:
            raise self._moved(seen, tip)
        return self.ws.row(tip) if tip else None

    def _moved(self, seen: int, tip: int | None) -> HeadMovedError:
        def shown(number: int | None) -> str:
            row = objects.row(self.db, number) if number else None
            return row.hash.hex()[:HASH_SHOWN] if row else "nothing"

        mover = oplog.last_mover(self.db, self.ws.tract, f"{refs.HEADS}{self.ws.branch}")
        by = f", by {mover.actor} ({mover.verb})" if mover else ""
        return HeadMovedError(
            f"The branch moved while you looked at it: {self.ws.branch} went from {shown(seen)} to "
            f"{shown(tip)}{by}. Nothing was written.",
            "Call t.refresh() and try again.",
        )

    def standing(self) -> Standing:
        """Return where refs stand and what was moved, for :meth:`stand`."""
        return dict(self._refs), dict(self.moves)

    def stand(self, earlier: Standing) -> None:
        """Take refs to stand as they did: a verb of a batch was taken back."""
        self._refs, self.moves = earlier

    def move(self, ref: str, new: int | None, *, tract: int | None = None) -> None:
        """Set a ref to a commit, to nothing yet (0), or take it away (None)."""
        tract = self.ws.tract if tract is None else tract
        earlier = self.moves.get((tract, ref))
        old = earlier.old if earlier else self._stands(tract, ref)
        self.moves[tract, ref] = Move(tract, ref, old, new)
        self._refs[tract, ref] = new
        refs.put(self.db, tract, ref, new)

    def _stands(self, tract: int, ref: str) -> int | None:
        """Return where a ref stands; nobody else moves it while this transaction is open."""
        if (tract, ref) not in self._refs:
            self._refs[tract, ref] = refs.get(self.db, tract, ref)
        return self._refs[tract, ref]


def transaction(
    ws: Workspace,
    verb: str,
    args: Mapping[str, Any] | None = None,
    *,
    reason: str | None = None,
    undoes: int | None = None,
) -> AbstractContextManager[Transaction]:
    """Run one verb under the write lock and write its operation.

    A verb that moved no ref writes no operation, unless it set ``listed``. What it raises, also an
    interrupt, rolls all of it back, and the handle stands where it stood: so what a verb returns is read
    inside. Inside a batch it is part of the batch's one operation.
    """
    if in_own_batch(ws):
        assert ws.batch is not None
        return _part_of(ws.batch)
    return writing(ws, partial(_log, verb=verb, args=args, reason=reason, undoes=undoes))


def in_own_batch(ws: Workspace) -> bool:
    """Tell whether this thread has a batch open on this handle; another thread's verb waits for its end."""
    return ws.batch is not None and ws.batch.thread == get_ident()


@contextmanager
def stepping(ws: Workspace) -> Iterator[None]:
    """Run a verb that only steps elsewhere: what it raises takes the handle back to where it stood."""
    place = ws.place
    try:
        with ws.db.read():
            yield
    except BaseException:  # also an interrupt: a verb happens whole or not at all
        ws.stand(place)
        raise


@contextmanager
def writing(ws: Workspace, operation: Callable[[Transaction], None] | None = None) -> Iterator[Transaction]:
    """Write objects, and an operation, under the write lock; what is raised inside rolls them back."""
    section = ws.db.write()
    place = ws.place
    try:
        with section:
            place = ws.place
            tx = Transaction(ws, operation)
            tx.section = section
            yield tx
            tx.log()
            _look_again(tx)
    except BaseException:  # whatever rolled it back, the handle must not remember it
        # an interrupt is heard when the section is left: then all is written, and stays
        if not section.committed:
            ws.stand(place)
            ws.forget()  # what was rolled back gave its numbers back
        raise


@contextmanager
def _part_of(tx: Transaction) -> Iterator[Transaction]:
    """Run one verb of a batch: what it raises takes back this verb alone."""
    if not tx.db.in_transaction():
        raise gone(tx.db.name)
    stood, place = tx.standing(), tx.ws.place
    section = tx.db.write()
    try:
        with section:
            yield tx
            _look_again(tx)
    except BaseException:  # whatever took the verb back, the batch must not remember it
        if not section.committed:  # an interrupt is heard when the verb is part of the batch
            tx.stand(stood)
            tx.ws.stand(place)
            tx.ws.forget()
        raise


def _log(
    tx: Transaction, verb: str, args: Mapping[str, Any] | None, reason: str | None, undoes: int | None
) -> None:
    """Write the operation, if there is anything to write."""
    moves = [move for move in tx.moves.values() if move.old != move.new]
    if moves or tx.listed:
        oplog.add(
            tx.db,
            tract=tx.ws.tract,
            verb=verb,
            args=orjson.dumps(args, default=str).decode() if args else None,
            actor=tx.ws.actor,
            reason=None if reason is None else clean_text(reason),
            at=tx.tick(),
            undoes=undoes,
            moves=moves,
        )


def _look_again(tx: Transaction) -> None:
    """Let the handle see where its own branch was moved to."""
    own = tx.moves.get((tx.ws.tract, f"{refs.HEADS}{tx.ws.branch}"))
    if own is not None and own.new is not None:
        tx.ws.seen = own.new


def refuse_detached(ws: Workspace) -> None:
    """Refuse a write where the handle stands on no branch."""
    if ws.branch is None:
        raise RefError(
            "HEAD is detached: it stands on a commit, not on a branch.",
            "Give it a branch first: t.branch('NAME'), then t.switch('NAME').",
        )


def counted_text(content: Content) -> str:
    """Return the text whose tokens a content costs: of a call, its name too."""
    name = getattr(content, "name", None) if content.type == "tool_io" else None
    if name and content.unit_role == "assistant":
        return f"{name} {content.unit_text}"
    return content.unit_text


def _loaded(data: bytes | None) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = orjson.loads(data) if data else None
    return kept


def is_plain(row: Row) -> bool:
    """Tell whether a commit only adds itself to the context: nothing before it shows otherwise."""
    return row.kind == Kind.APPEND and not row.is_result and row.origin is None
