"""Objects: blobs, commits and what hangs on them. Written once, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

import orjson

from tract_nb.model.commit import Row
from tract_nb.store import collected, sql
from tract_nb.store.collected import RAW
from tract_nb.store.database import Database
from tract_nb.store.sums import row_sum


class Details(NamedTuple):
    """What a commit carries outside its hash."""

    recorded_us: int
    message: str | None
    metadata: Mapping[str, Any] | None
    generation_config: Mapping[str, Any] | None


class Extra(NamedTuple):
    """The columns of a commit that are not in its :class:`~tract_nb.model.commit.Row`."""

    recorded_us: int
    encoding: int
    config: int | None
    message: str | None
    metadata: str | None


def _listed(numbers: Iterable[int]) -> str:
    """Return whole numbers as JSON, as Python writes a list; orjson takes far more memory meanwhile."""
    return str(list(numbers))


def history(db: Database, head: int) -> list[Row]:
    """Return a commit and all behind it, by rising number: every parent before its children."""
    if not head:
        return []
    targets: dict[int, list[bytes]] = {}
    for number, target in db.all(sql.HISTORY_TARGETS, (head,)):
        targets.setdefault(number, []).append(target)
    found = targets.get
    return [Row._make((*row, tuple(found(row[0], ())))) for row in db.all(sql.HISTORY, (head,))]


def row(db: Database, number: int) -> Row | None:
    """Return one commit by its number."""
    return _with_targets(db, db.one(sql.ROW_BY_ID, (number,)))


def row_by_hash(db: Database, digest: bytes) -> Row | None:
    """Return one commit by its whole hash."""
    return _with_targets(db, db.one(sql.ROW_BY_HASH, (digest,)))


def _with_targets(db: Database, found: tuple[Any, ...] | None) -> Row | None:
    if found is None:
        return None
    return Row._make((*found, tuple(target for (target,) in db.all(sql.TARGETS, (found[0],)))))


def rows(db: Database, numbers: Iterable[int]) -> dict[int, Row]:
    """Return commits by number, without their targets, in one query."""
    wanted = _listed(numbers)
    return {found[0]: Row(*found) for found in db.all(sql.ROWS, (wanted,))}


def hashes(db: Database, numbers: Iterable[int]) -> dict[int, bytes]:
    """Return the hashes of commits by number, in one query."""
    wanted = _listed(numbers)
    return dict(
        db.all('SELECT id, hash FROM "commit" WHERE id IN (SELECT value FROM json_each(?))', (wanted,))
    )


def hashes_from(db: Database, prefix: str, most: int) -> list[bytes]:
    """Return up to ``most`` hashes that start with hexadecimal digits."""
    low = bytes.fromhex(prefix.ljust(64, "0"))
    high = bytes.fromhex(prefix.ljust(64, "f"))
    rows = db.all(
        'SELECT hash FROM "commit" WHERE hash BETWEEN ? AND ? ORDER BY hash LIMIT ?', (low, high, most)
    )
    return [digest for (digest,) in rows]


def newest(db: Database, head: int, most: int) -> list[int]:
    """Return the numbers of the newest commits of a history, newest first.

    The recursion takes the highest number first and stops at ``most``, so the length of the history
    costs nothing.
    """
    rows = db.all(
        """WITH RECURSIVE behind(id) AS (
             SELECT ?
             UNION SELECT c.parent1 FROM behind JOIN "commit" AS c ON c.id = behind.id
               WHERE c.parent1 IS NOT NULL
             UNION SELECT c.parent2 FROM behind JOIN "commit" AS c ON c.id = behind.id
               WHERE c.parent2 IS NOT NULL
             ORDER BY 1 DESC LIMIT ?)
           SELECT id FROM behind""",
        (head, most),
    )
    return [number for (number,) in rows]


def rows_beyond(db: Database, heads: Iterable[int], known: Callable[[int], bool]) -> list[Row]:
    """Return the commits behind some heads, themselves included, as far as they are not known.

    What is behind a known commit is known too, so nothing of it is read: two queries whatever the
    length of what is shared.
    """
    db.connection.create_function("known", 1, known)
    try:
        numbers = [
            number
            for (number,) in db.all(
                """WITH RECURSIVE beyond(id) AS (
                     SELECT value FROM json_each(?) WHERE NOT known(value)
                     UNION SELECT c.parent1 FROM beyond JOIN "commit" AS c ON c.id = beyond.id
                       WHERE c.parent1 IS NOT NULL AND NOT known(c.parent1)
                     UNION SELECT c.parent2 FROM beyond JOIN "commit" AS c ON c.id = beyond.id
                       WHERE c.parent2 IS NOT NULL AND NOT known(c.parent2))
                   SELECT id FROM beyond ORDER BY id""",
                (_listed(heads),),
            )
        ]
    finally:
        db.connection.create_function("known", 1, None)
    targets: dict[int, list[bytes]] = {}
    for number, target in db.all(
        """SELECT "commit", target FROM target WHERE "commit" IN (SELECT value FROM json_each(?))
           ORDER BY "commit", seq""",
        (_listed(numbers),),
    ):
        targets.setdefault(number, []).append(target)
    found = rows(db, numbers)
    return [found[number]._replace(targets=tuple(targets.get(number, ()))) for number in numbers]


def is_behind(db: Database, number: int, heads: Iterable[int]) -> bool:
    """Tell whether a commit is in the history of any of some others, itself included."""
    # parents have lower numbers, so nothing below the one looked for needs a visit
    wanted = _listed(heads)
    found = db.one(
        """WITH RECURSIVE behind(id) AS (
             SELECT value FROM json_each(?1)
             UNION SELECT c.parent1 FROM behind JOIN "commit" AS c ON c.id = behind.id
               WHERE c.parent1 >= ?2
             UNION SELECT c.parent2 FROM behind JOIN "commit" AS c ON c.id = behind.id
               WHERE c.parent2 >= ?2)
           SELECT 1 FROM behind WHERE id = ?2 LIMIT 1""",
        (wanted, number),
    )
    return found is not None


def listed_parent(db: Database, head: int, steps: int) -> int | None:
    """Return what stands right before the ``steps``-th commit but MARKs, along first parents.

    0 stands before a root; None says that the line is shorter.
    """
    found = db.one(
        """WITH RECURSIVE line(id, parent, listed) AS (
             SELECT id, parent1, kind != 3 FROM "commit" WHERE id = ?
             UNION ALL
             SELECT c.id, c.parent1, line.listed + (c.kind != 3)
             FROM line JOIN "commit" AS c ON c.id = line.parent
             WHERE line.listed < ? AND c.id < line.id)
           SELECT coalesce(parent, 0) FROM line WHERE listed = ? LIMIT 1""",
        (head, steps, steps),
    )
    return found[0] if found else None


def unmarked(db: Database, head: int) -> int:
    """Return a commit, or where it is a MARK the first one before it that is none; 0 without one."""
    found = db.one(
        """WITH RECURSIVE line(id, parent, kind) AS (
             SELECT id, parent1, kind FROM "commit" WHERE id = ?
             UNION ALL
             SELECT c.id, c.parent1, c.kind FROM line JOIN "commit" AS c ON c.id = line.parent
             WHERE line.kind = 3 AND c.id < line.id)
           SELECT id FROM line WHERE kind != 3 LIMIT 1""",
        (head,),
    )
    return found[0] if found else 0


def keyed(db: Database, key: str) -> list[int]:
    """Return the commits of any history that were written under a key, by rising number."""
    return [number for (number,) in db.all('SELECT id FROM "commit" WHERE key = ? ORDER BY id', (key,))]


def put_record(db: Database, key: str, commit: int) -> None:
    """Keep which record of a trace a commit was made from."""
    db.execute("INSERT OR IGNORE INTO record VALUES (?, ?, ?)", (key, commit, row_sum(key, commit)))


def records(db: Database, prefix: str) -> list[tuple[str, int]]:
    """Return the records whose key starts so, and their commits, by rising number."""
    return [
        (key, number)
        for key, number in db.all(
            'SELECT key, "commit" FROM record WHERE key >= ? AND key < ? ORDER BY "commit"',
            (prefix, prefix + "\U0010ffff"),
        )
    ]


def put_blob(db: Database, digest: bytes, data: bytes) -> int:
    """Store canonical bytes once; return their number."""
    cursor = db.execute(sql.INSERT_BLOB, (digest, RAW, len(data), data))
    if cursor.rowcount == 1:
        assert cursor.lastrowid is not None
        return cursor.lastrowid
    found = db.one(sql.BLOB_ID, (digest,))
    assert found is not None
    number: int = found[0]
    if found[1] == collected.GONE:
        collected.bring_back(db, number, data)
    return number


def blob_number(db: Database, digest: bytes) -> int | None:
    """Return the number of stored bytes by their hash; None where they are not here."""
    found = db.one(sql.BLOB_ID, (digest,))
    return found[0] if found else None


def blobs(db: Database, numbers: Iterable[int]) -> dict[int, bytes]:
    """Return stored bytes by number, in one query."""
    return dict(each_blob(db, numbers))


def groups_of_blobs(db: Database, groups: Sequence[Sequence[int]]) -> list[dict[int, bytes]]:
    """Return stored bytes by number for each of some groups, in one query; nothing is held twice."""
    found: list[dict[int, bytes]] = [{} for _ in groups]
    ends = zip(accumulate(map(len, groups)), found, strict=True)
    end, texts = 0, dict[int, bytes]()
    # a cross join goes through its left side in order, and never through all of the texts
    for place, number, data in db.execute(
        "SELECT wanted.key, blob.id, blob.data FROM json_each(?) AS wanted "
        "CROSS JOIN blob ON blob.id = wanted.value",
        (_listed(chain.from_iterable(groups)),),
    ):
        while place >= end:
            end, texts = next(ends)
        texts[number] = data
    return found


def each_blob(db: Database, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Yield numbers and stored bytes one after the other, in one query: they need not all be held."""
    wanted = _listed(numbers)
    yield from db.execute("SELECT id, data FROM blob WHERE id IN (SELECT value FROM json_each(?))", (wanted,))


def blob_ends(db: Database, numbers: Iterable[int], size: int) -> dict[int, bytes]:
    """Return the last bytes of stored contents by number, in one query."""
    wanted = orjson.dumps(list(numbers)).decode()
    return dict(
        db.all(
            "SELECT id, substr(data, -?) FROM blob WHERE id IN (SELECT value FROM json_each(?))",
            (size, wanted),
        )
    )


def checksum(tokens: int, key: str | None, extra: Extra) -> int:
    """Return the CRC-32 of what a commit's hash does not cover, so that a flipped byte shows."""
    return row_sum(tokens, key, *extra)


def put_commit(db: Database, columns: tuple[Any, ...], targets: tuple[bytes, ...], extra: Extra) -> int:
    """Store a commit and return its number.

    Parameters
    ----------
    db : Database
        Where.
    columns : tuple
        Those of a :class:`~tract_nb.model.commit.Row` from the hash to the key. A commit that is there
        already (the same hash is the same commit) stays as it is.
    targets : tuple of bytes
        What it is about.
    extra : Extra
        The other columns.
    """
    cursor = db.execute(sql.INSERT_COMMIT, (*columns, *extra, checksum(columns[-3], columns[-1], extra)))
    if cursor.rowcount != 1:
        found = db.one(sql.COMMIT_ID, (columns[0],))
        assert found is not None
        number: int = found[0]
        return number
    assert cursor.lastrowid is not None
    if targets:
        db.many(sql.INSERT_TARGET, [(cursor.lastrowid, seq, target) for seq, target in enumerate(targets)])
    return cursor.lastrowid


def details(db: Database, numbers: Sequence[int]) -> dict[int, Details]:
    """Return what commits carry outside their hashes, in one query."""
    wanted = _listed(numbers)
    rows = db.all(
        """SELECT c.id, c.recorded_us, c.message, c.metadata, config.data
           FROM "commit" AS c LEFT JOIN config ON config.id = c.config
           WHERE c.id IN (SELECT value FROM json_each(?))""",
        (wanted,),
    )
    return {
        number: Details(
            recorded,
            message,
            orjson.loads(metadata) if metadata else None,
            orjson.loads(config) if config else None,
        )
        for number, recorded, message, metadata, config in rows
    }


def newest_config(db: Database, head: int) -> dict[str, Any]:
    """Return the newest generation config on a commit's first-parent line; empty without one."""
    if not db.one("SELECT 1 FROM config LIMIT 1"):
        return {}
    found = db.one(
        """WITH RECURSIVE line(id) AS (
             SELECT ? UNION ALL SELECT c.parent1 FROM line JOIN "commit" AS c ON c.id = line.id
             WHERE c.parent1 < line.id)
           SELECT config.data FROM line JOIN "commit" AS c ON c.id = line.id
           JOIN config ON config.id = c.config LIMIT 1""",
        (head,),
    )
    config: dict[str, Any] = orjson.loads(found[0]) if found else {}
    return config


def encoding_number(db: Database, name: str) -> int | None:
    """Return the number of a token encoding; None where nothing was counted in it yet."""
    found = db.one("SELECT id FROM encoding WHERE name = ?", (name,))
    return found[0] if found else None


def put_encoding(db: Database, name: str) -> int:
    """Return the number of a token encoding; a new one is stored."""
    found = encoding_number(db, name)
    if found is not None:
        return found
    number = db.next_number("encoding")
    db.execute("INSERT INTO encoding VALUES (?, ?, ?)", (number, name, row_sum(number, name)))
    return number
