"""verify: hold everything in a database against its hashes, its counts and its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import orjson

from tract_nb.engine.canonical import commit_hash, sha256
from tract_nb.engine.snapshot import EMPTY, Snapshot
from tract_nb.errors import TractError
from tract_nb.model.commit import HASH_SHOWN, Row
from tract_nb.model.content import Content, from_payload
from tract_nb.model.listing import Problems
from tract_nb.operations.transaction import counted_text
from tract_nb.operations.workspace import Workspace
from tract_nb.store import collected, inspection, objects, refs
from tract_nb.store.collected import GONE, RAW, Why
from tract_nb.store.configs import indexed
from tract_nb.store.inspection import StoredCommit

Found = Iterator[tuple[str, str, str]]


def verify(ws: Workspace) -> Problems:
    """Return what is wrong with the database, nothing where all is well."""
    with inspection.whatever_is_there(ws.db):
        taken: set[int] = set()
        found = _all(ws, taken)
        gone = inspection.gone_texts(ws.db)
        return Problems(tuple(found), sum(gone.get(blob) != Why.UNREACHABLE for blob in taken))


def _all(ws: Workspace, taken: set[int]) -> list[tuple[str, str, str]]:
    contents: dict[int, tuple[bytes, Content]] = {}
    rows: dict[int, Row] = {}
    found = [("page", "", text) for text in inspection.pages(ws.db)]
    found += [("page", table, "the table is not there") for table in inspection.missing_tables(ws.db)]
    found += _blobs(ws, contents, taken)
    found += _commits(ws, contents, rows, taken)
    found += _sizes(ws, rows)
    found += _refs(ws, rows)
    found += _configs(ws)
    found += [(table, where, "it names what is not there") for table, where in inspection.lost(ws.db)]
    found += [(table, where, "it is not what was written") for table, where in inspection.changed_rows(ws.db)]
    found += [
        ("collected", where, "it, or the text that it is about, is not what was written")
        for where in collected.changed(ws.db)
    ]
    found += [(table, where, "its number was never given") for table, where in inspection.beyond(ws.db)]
    found += [
        ("op", where, "it, or where it moved refs, is not what was written")
        for where in inspection.changed_operations(ws.db)
    ]
    return found


def _blobs(ws: Workspace, contents: dict[int, tuple[bytes, Content]], taken: set[int]) -> Found:
    """Rehash every text; the good ones are kept for what refers to them, with those that were taken away."""
    gone = inspection.gone_texts(ws.db)
    for blob in inspection.all_blobs(ws.db):
        where = _short(blob.hash)
        if blob.codec == GONE and blob.id in gone:
            if gone[blob.id] == Why.FORGETTING:
                yield "blob", where, "it was forgotten, but older pages may still hold it: run optimize"
            try:
                contents[blob.id] = blob.hash, from_payload(orjson.loads(blob.data))
            except (orjson.JSONDecodeError, TractError, TypeError, AttributeError):
                yield "blob", where, "the line that stands for its text is damaged"
            taken.add(blob.id)
            continue
        if blob.codec != RAW or sha256(bytes(blob.data)) != blob.hash:
            yield "blob", where, "its bytes are not those that its hash says"
            continue
        if len(blob.data) != blob.size:
            yield "blob", where, f"it has {len(blob.data)} bytes, not {blob.size}"
        contents[blob.id] = blob.hash, from_payload(orjson.loads(blob.data))


def _commits(
    ws: Workspace, contents: dict[int, tuple[bytes, Content]], rows: dict[int, Row], taken: set[int]
) -> Found:
    """Rehash every commit, and hold its columns against its content, or what is left of it."""
    counted: dict[int, int] = {}  # by blob
    for stored in inspection.all_commits(ws.db):
        row = stored.row
        where = _short(row.hash)
        rows[row.id] = row
        parents = [rows.get(number) for number in (row.parent1, row.parent2) if number is not None]
        digest, content = contents.get(row.blob, (None, None)) if row.blob is not None else (None, None)
        if row.blob is not None and content is None:
            yield "commit", where, "its text is missing or damaged"
        elif None in parents:
            yield "parent", where, "a parent is missing"
        elif not _hash_holds(row, digest, [parent for parent in parents if parent]):
            yield "commit", where, "its hash is not that of what it says, or a parent is wrong"
        elif not _columns_hold(row, content):
            yield "commit", where, "type, role, name, call id or tokens are not those of its content"
        elif row.blob in taken:
            pass  # its tokens are those of the text that is gone
        elif row.blob is not None and content is not None and stored.extra.encoding == ws.encoding:
            if row.blob not in counted:
                counted[row.blob] = ws.count(counted_text(content))
            if row.tokens != counted[row.blob]:
                yield "tokens", where, f"its text does not have {row.tokens} tokens"
        if not _checksum_holds(stored):
            yield "commit", where, "message, metadata, key, config, tokens or times are not what was written"


def _hash_holds(row: Row, digest: bytes | None, parents: list[Row]) -> bool:
    try:
        said = [parent.hash for parent in parents]
        return row.hash == commit_hash(
            row.kind, digest, said, row.targets, row.priority, row.origin, row.author_us
        )
    except (ValueError, TypeError, AttributeError, KeyError):  # a value that no commit can have
        return False


def _short(digest: object) -> str:
    """Return the start of a hash; of what is none any more, what it is."""
    return digest.hex()[:HASH_SHOWN] if isinstance(digest, bytes) else f"{digest!r:.12}"


def _columns_hold(row: Row, content: Content | None) -> bool:
    if content is None:
        return (row.type, row.role, row.name, row.call_id, row.tokens) == (None, None, None, None, 0)
    return (row.type, row.role, row.name, row.call_id) == (
        content.unit_type,
        content.unit_role,
        getattr(content, "name", None) or None,
        getattr(content, "call_id", None),
    )


def _checksum_holds(stored: StoredCommit) -> bool:
    return objects.checksum(stored.row.tokens, stored.row.key, stored.extra) == stored.checksum


def _sizes(ws: Workspace, rows: dict[int, Row]) -> Found:
    """Count the context anew at every commit; a history is let go when its last child has been seen."""
    children = Counter(number for row in rows.values() for number in (row.parent1,) if number)
    snapshots: dict[int, Snapshot] = {}
    for row in rows.values():
        before = snapshots.get(row.parent1, EMPTY) if row.parent1 else EMPTY
        try:
            after = ws.cold(row.id) if row.parent2 else before.plus(row)
        except (TractError, ValueError, IndexError, KeyError, TypeError):
            continue  # its own damage was told above
        if after.size != row.context:
            yield (
                "count",
                _short(row.hash),
                f"the context at it has {after.size} tokens, not {row.context}",
            )
        if children[row.id]:
            snapshots[row.id] = after
        if row.parent1:
            children[row.parent1] -= 1
            if not children[row.parent1]:
                snapshots.pop(row.parent1, None)


def _refs(ws: Workspace, rows: dict[int, Row]) -> Found:
    """Hold every branch and tag against the log of what moved it."""
    names = {tract.id: tract.name for tract in inspection.all_tracts(ws.db)}
    standing = inspection.all_refs(ws.db)
    logged: dict[tuple[int, str], int | None] = {}

    def named(tract: int, ref: str) -> str:
        return f"{names.get(tract, tract)}: {ref}"

    for move in inspection.all_moves(ws.db):
        place = move.tract, move.ref
        if move.old != logged.get(place, move.old if move.old in (None, refs.UNBORN) else None):
            yield "ref", named(*place), "the log of what moved it has a gap"
        logged[place] = move.new
    for place, commit in standing.items():
        if commit and commit not in rows:
            yield "ref", named(*place), "it stands on a commit that is not there"
        if commit != logged.get(place, refs.UNBORN):
            yield "ref", named(*place), "it does not stand where its last operation put it"
    for place, new in logged.items():
        if new is not None and place not in standing:
            yield "ref", named(*place), "it is gone, and no operation took it away"
    for tract in inspection.all_tracts(ws.db):
        if (tract.id, f"{refs.HEADS}{tract.open_branch}") not in standing:
            yield "tract", tract.name, f"it opens on {tract.open_branch}, which is no branch of it"


def _configs(ws: Workspace) -> Found:
    keys = inspection.all_config_keys(ws.db)
    for number, digest, data in inspection.all_configs(ws.db):
        if sha256(str(data).encode()) != digest:
            yield "config", str(number), "its JSON is not what its hash says"
            continue
        wanted = {key: indexed(value) for key, value in orjson.loads(data).items()}
        if keys.pop(number, {}) != wanted:
            yield "config", str(number), "its index is not what its JSON says"
    for number in keys:
        yield "config", str(number), "there is an index of it, but not itself"
