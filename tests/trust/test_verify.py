"""verify finds every damage; what no longer opens says so, and rescue exports what can still be read."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core.helpers import NINE, environment, frozen
from tests.trust.helpers import Dump, dump, dump_file, rich, texts, times
from tract_nb import Tract, TractError
from tract_nb.cli import main
from tract_nb.engine.tokens import TiktokenCounter
from tract_nb.store import schema
from tract_nb.store.rescue import rescue

TABLES = [table.name for table in schema.metadata.sorted_tables]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small database that has a bit of everything, closed."""
    path = tmp_path_factory.mktemp("sound") / "work.db"
    with Tract.open(path, clock=frozen) as tract:  # the same bytes at every run
        rich(tract)
        tract.forget(tract.user("a secret"), "it got in")
        tract.user("left")
        tract.reset("HEAD~1", "hard")
    with Tract.open(path, clock=lambda: NINE + timedelta(days=50)) as tract:
        taken = tract.gc()
        assert taken.commits
        assert taken.texts
        assert tract.verify().rows == ()
    assert not path.with_name("work.db-wal").exists()
    return path


@pytest.fixture
def tract(sound, tmp_path) -> Iterator[Tract]:
    """A handle on a copy of it."""
    shutil.copy(sound, tmp_path / "work.db")
    with Tract.open(tmp_path / "work.db") as opened:
        yield opened


def others(value: Any, column: str) -> list[Any]:
    """Return what a value may have become: a bit of it flipped, another type, nothing, something."""
    if value is None:
        return [1, b"\x00" * 32] if column in ("origin", "parent_commit") else [1, "x"]
    if isinstance(value, int):
        return [value + 1, value ^ 0x80, -value - 1]
    if isinstance(value, float):
        return [value + 1.0]
    if isinstance(value, bytes):
        middle = len(value) // 2
        return [
            bytes([value[0] ^ 1]) + value[1:],
            value[:middle] + bytes([value[middle] ^ 0x80]) + value[middle + 1 :],
            value[:-1] + bytes([value[-1] ^ 0x10]),
            value[:-1],
        ]
    return [value + "x", value.swapcase() if value.swapcase() != value else "y", value[:-1]]


def columns(tract: Tract, table: str) -> list[str]:
    """Return the columns of a table."""
    return [row[1] for row in tract.database.all(f'PRAGMA table_info("{table}")')]


def keys(tract: Tract, table: str) -> list[str]:
    """Return the columns of the primary key."""
    return [row[1] for row in tract.database.all(f'PRAGMA table_info("{table}")') if row[5]]


def sweep(tract: Tract, table: str) -> tuple[int, list[str]]:
    """Change every column of every row in turn; return how many changes, and which verify does not see."""
    db = tract.database
    names, key = columns(tract, table), keys(tract, table)
    where = " AND ".join(f'"{name}" = ?' for name in key)
    tried, unseen = 0, []
    for row in db.all(f'SELECT * FROM "{table}"'):  # noqa: S608
        stored = dict(zip(names, row, strict=True))
        for name, value in stored.items():
            for other in others(value, name):
                tried += 1
                try:
                    if not problems(tract, table, name, other, where, [stored[one] for one in key]):
                        unseen.append(
                            f"{table}.{name} of {[stored[one] for one in key]}: {value!r} -> {other!r}"
                        )
                except sqlite3.IntegrityError:
                    tried -= 1  # the table itself does not hold it
    return tried, unseen


def problems(tract: Tract, table: str, name: str, value: Any, where: str, key: list[Any]) -> list[Any]:
    """Return what verify says while a column has another value."""
    db = tract.database
    db.execute("SAVEPOINT damage")
    try:
        db.execute(f'UPDATE "{table}" SET "{name}" = ? WHERE {where}', (value, *key))  # noqa: S608
        return list(tract.verify().rows)
    finally:
        db.execute("ROLLBACK TO damage")
        db.execute("RELEASE damage")


@pytest.mark.parametrize("table", TABLES)
def test_a_changed_column_of_any_row_is_named(tract, table):
    before = dump(tract.database.connection)
    tried, unseen = sweep(tract, table)
    assert tried >= 5
    assert unseen == []
    assert dump(tract.database.connection) == before


@pytest.mark.parametrize(
    ("damage", "what", "says"),
    [
        ("UPDATE blob SET data = CAST('x' AS BLOB) WHERE id = 3", "blob", "bytes"),
        ('UPDATE "commit" SET parent1 = 1 WHERE id = 9', "commit", "parent is wrong"),
        ('UPDATE "commit" SET parent1 = NULL WHERE id = 9', "commit", "parent is wrong"),
        ('UPDATE "commit" SET parent1 = 9999 WHERE id = 9', "parent", "missing"),
        ('UPDATE "commit" SET parent1 = 9 WHERE id = 9', "commit", "parent is wrong"),
        ('UPDATE "commit" SET context = context + 1 WHERE id = 9', "count", "tokens, not"),
        ('DELETE FROM "commit" WHERE id = 9', "parent", "missing"),
        ("DELETE FROM blob WHERE id = 3", "commit", "missing"),
        ("DELETE FROM target WHERE rowid IN (SELECT 1) OR seq = 0", "commit", "hash"),
        ("UPDATE ref SET \"commit\" = 9999 WHERE name = 'heads/main' AND tract = 1", "ref", "not there"),
        ("UPDATE ref SET \"commit\" = 2 WHERE name = 'heads/main' AND tract = 1", "ref", "last operation"),
        ("DELETE FROM ref WHERE name = 'tags/v1'", "ref", "gone"),
        ("INSERT INTO ref VALUES (1, 'heads/made', 3)", "ref", "last operation"),
        ("UPDATE tract SET open_branch = 'none' WHERE id = 1", "tract", "no branch"),
        ("DELETE FROM op_ref WHERE op = 5", "ref", "gap"),
    ],
)
def test_each_kind_of_damage_is_named(tract, damage, what, says):
    tract.database.execute(damage.replace("rowid IN (SELECT 1) OR ", ""))
    assert any(row[0] == what and says in row[2] for row in tract.verify().rows), tract.verify()


def test_a_branch_to_open_on_that_is_no_text_any_more_is_named(tract):
    tract.database.execute("UPDATE tract SET open_branch = CAST('main' AS BLOB)")
    assert tract.verify().rows


@pytest.mark.parametrize("table", ["blob", "commit"])
def test_a_hash_that_is_no_bytes_any_more_is_named(tract, table):
    tract.database.execute(f"UPDATE \"{table}\" SET hash = 'a text' WHERE id = 3")  # noqa: S608
    assert tract.verify().rows


def test_a_count_in_another_encoding_than_the_handle_counts_in_is_named(tmp_path):
    older = TiktokenCounter(encoding="cl100k_base")
    with Tract.open(tmp_path / "work.db", name="older", token_counter=older) as one:
        one.user("counted by an older model")
    with Tract.open(tmp_path / "work.db", name="newer") as other:
        other.user("counted by a newer one")
        assert other.verify().rows == ()
        other.database.execute('UPDATE "commit" SET tokens = tokens + 1, context = context + 1 WHERE id = 1')
        assert other.verify().rows


def test_a_config_that_is_gone_is_named(tract):
    tract.database.execute("DELETE FROM config WHERE id = 1")
    assert tract.verify().rows


# -- bytes of the file ----------------------------------------------------------------------------------


def differing(before: Dump, after: Dump, names: dict[str, list[str]]) -> list[str]:
    """Return the columns that differ."""
    found = []
    for table in TABLES:
        old, new = before[table], after.get(table, [])
        if len(old) != len(new):
            found.append(table)
            continue
        for one, other in zip(old, new, strict=True):
            values = zip(names[table], one, other, strict=True)
            found += [f"{table}.{name}" for name, was, now in values if was != now]
    return found


def test_any_flipped_byte_of_the_file_is_found_or_means_nothing(sound, tmp_path):
    chance = random.Random(3)  # noqa: S311
    whole, before = sound.read_bytes(), dump_file(sound)
    with Tract.open(sound, read_only=True) as tract:
        names = {table: columns(tract, table) for table in TABLES}
    used = [place for place, byte in enumerate(whole) if byte]  # most of the others are free space
    found = dict.fromkeys(("refused", "named", "nothing"), 0)
    for number in range(times(250)):
        place = chance.choice(used if number % 10 else range(len(whole)))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chance.randrange(8)
        path = tmp_path / f"{number}.db"
        path.write_bytes(flipped)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # where its branch is gone, it says so
                with Tract.open(path) as tract:
                    named = tract.verify().rows
        except TractError as error:
            assert error.hint, (place, error)  # noqa: PT017  which of them raise is what is found out
            found["refused"] += 1
        else:
            found["named" if named else "nothing"] += 1
            if not named:
                assert differing(before, dump_file(path), names) == [], place
        path.unlink()
    assert all(count > times(250) // 50 for count in found.values()), found


def flip(path: Path, what: bytes, by: int) -> None:
    """Flip a bit of the first byte of the last place where the file says something."""
    data = bytearray(path.read_bytes())
    place = bytes(data).rfind(what)
    assert place > 0
    data[place] ^= by
    path.write_bytes(data)


def test_a_flipped_byte_of_the_schema_is_an_error_for_a_person(sound, tmp_path):
    path = shutil.copy(sound, tmp_path / "work.db")
    flip(path, b"AUTOINCREMENT", 0x80)
    with pytest.raises(TractError):
        Tract.open(path)


def test_flipped_settings_are_an_error_for_a_person(sound, tmp_path):
    path = shutil.copy(sound, tmp_path / "work.db")
    flip(path, b'{"encoding"', 0x08)
    with pytest.raises(TractError):
        Tract.open(path)


WALK = """
import sys
from tract_nb import Tract, TractError
tract = Tract.open(sys.argv[1])
assert tract.verify().rows
try:
    tract.compile()
except TractError:
    pass
print("over")
"""


def test_a_flipped_parent_makes_no_read_endless(tmp_path):
    path = tmp_path / "work.db"
    with Tract.open(path) as tract:
        reply = tract.assistant("Hi")
        tract.user("one")
        tract.user("two")
        tract.record_usage({"input_tokens": 5, "output_tokens": 1}, reply)
        tract.database.execute('UPDATE "commit" SET parent1 = 2 WHERE id = 2')
    done = subprocess.run(
        [sys.executable, "-c", WALK, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment(),
    )
    assert done.stdout == "over\n"


# -- what no longer opens ---------------------------------------------------------------------------------


def cut(data: bytes, part: float) -> bytes:
    return data[: int(len(data) * part)]


def blank(data: bytes, start: float, end: float) -> bytes:
    """Put zeros over a part of a file, in whole pages."""
    page = int.from_bytes(data[16:18])
    first, last = int(len(data) * start) // page * page, -(-int(len(data) * end) // page) * page
    return data[:first] + bytes(min(last, len(data)) - first) + data[last:]


DAMAGED = {
    "cut in its header": lambda data: data[:50],
    "cut to a page": lambda data: data[: int.from_bytes(data[16:18])],
    "cut to a third": lambda data: cut(data, 0.33),
    "cut by a byte": lambda data: data[:-1],
    "cut by a page": lambda data: data[: -int.from_bytes(data[16:18])],
    "all zeros": lambda data: bytes(len(data)),
    "its first page zeros": lambda data: blank(data, 0, 0.001),
    "its second half zeros": lambda data: blank(data, 0.5, 1),
    "a text": lambda data: b"no database at all, but a text of some length. " * 100,
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_truncated_or_zeroed_file_is_an_error_with_a_hint(sound, tmp_path, damage):
    path = tmp_path / "work.db"
    path.write_bytes(DAMAGED[damage](sound.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(TractError) as caught, Tract.open(path) as tract:  # noqa: PT012
        assert not tract.verify().rows
        texts(tract)
    assert caught.value.hint
    if damage != "its second half zeros":  # which opens, and is told at the first read
        assert path.read_bytes() == before


# -- rescue ---------------------------------------------------------------------------------------------


def pages_of(path: Path, table: str) -> list[int]:
    """Return the leaf pages of a table, counted from 0, where SQLite can tell."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    return [root - 1]


def test_rescue_exports_every_commit_of_a_sound_file(sound, tmp_path, capsys):
    path = Path(shutil.copy(sound, tmp_path / "work.db"))
    before = path.read_bytes()
    assert main(["rescue", str(path)]) == 0
    lines = [json.loads(line) for line in (tmp_path / "work.db.rescued.jsonl").read_text().splitlines()]
    assert path.read_bytes() == before
    with Tract.open(path) as tract:
        stored = tract.database.all('SELECT id, lower(hex(hash)), blob FROM "commit" ORDER BY id')
        data = dict(tract.database.all("SELECT id, data FROM blob"))
        messages = {row[0]: tract.show(row[0]) for row in tract.log(all=True)}
    assert [(line["number"], line["hash"]) for line in lines] == [row[:2] for row in stored]
    for line, (_, _, blob) in zip(lines, stored, strict=True):
        assert line["content"] == (json.loads(data[blob]) if blob else None)
        shown = messages.get(line["hash"][:12])
        assert shown is None or (line["message"], line["time"]) == (shown.message, shown.time.isoformat())


@pytest.mark.parametrize(
    "damage", ["cut to a third", "cut by a byte", "its second half zeros", "cut to a page"]
)
def test_rescue_exports_what_can_be_read_and_changes_nothing(sound, tmp_path, damage):
    path = tmp_path / "work.db"
    path.write_bytes(DAMAGED[damage](sound.read_bytes()))
    before = path.read_bytes()
    try:
        said = list(rescue(path))
    except TractError as error:
        assert error.hint  # noqa: PT017
        said = []
    assert path.read_bytes() == before
    whole = {one["number"]: one for one in rescue(sound)}
    for one in said:
        assert {**one, "content": None} == {**whole[one["number"]], "content": None}
        assert one["content"] in (None, whole[one["number"]]["content"])
    if damage == "cut by a byte":
        assert len(said) == len(whole)


def test_rescue_gives_the_rest_of_commits_whose_texts_are_gone(sound, tmp_path):
    path = tmp_path / "work.db"
    data = bytearray(sound.read_bytes())
    page = int.from_bytes(data[16:18])
    for number in pages_of(sound, "blob"):
        data[number * page : (number + 1) * page] = bytes(page)
    path.write_bytes(data)
    whole, said = list(rescue(sound)), list(rescue(path))
    assert [one["hash"] for one in said] == [one["hash"] for one in whole]
    assert {one["content"] for one in said} == {None}
    assert not Path(f"{path}-journal").exists()


def test_rescue_reads_the_log_of_a_file_and_leaves_both_as_they_are(tmp_path):
    with Tract.open(tmp_path / "open.db") as tract:
        tract.user("one")
        tract.user("two")
        for ending in ("", "-wal"):  # as a crash leaves them
            shutil.copy(tmp_path / f"open.db{ending}", tmp_path / f"work.db{ending}")
    path, log = tmp_path / "work.db", tmp_path / "work.db-wal"
    before = path.read_bytes(), log.read_bytes()
    assert [one["content"]["text"] for one in rescue(path)] == ["one", "two"]
    assert (path.read_bytes(), log.read_bytes()) == before
    with Tract.open(path) as tract:
        assert texts(tract) == ["one", "two"]


def test_rescue_of_what_is_no_database_says_so(tmp_path, capsys):
    (tmp_path / "zeros.db").write_bytes(bytes(8192))
    for name in ("zeros.db", "none.db"):
        assert main(["rescue", str(tmp_path / name)]) == 1
        assert len(capsys.readouterr().err.splitlines()) == 2
        assert not (tmp_path / f"{name}.rescued.jsonl").exists()


@pytest.mark.parametrize("column", ["message", "priority", "kind", "author_us", "role"])
def test_rescue_gives_the_text_of_a_commit_of_which_a_column_cannot_be_read(sound, tmp_path, column):
    path = Path(shutil.copy(sound, tmp_path / "work.db"))
    wrong = "CAST(x'ff41' AS TEXT)" if column in ("message", "role") else str(2**62)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f'UPDATE "commit" SET "{column}" = {wrong} WHERE id = 2')  # noqa: S608
    assert [one["content"] for one in rescue(path) if one["number"] == 2] == [
        {"content_type": "dialogue", "role": "user", "name": "Ann", "text": "What is in a.py?"}
    ]


def test_rescue_comes_to_an_end_where_a_number_is_damaged(sound, tmp_path):
    path = Path(shutil.copy(sound, tmp_path / "work.db"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute('UPDATE "commit" SET id = ? WHERE id = (SELECT max(id) FROM "commit")', (2**50,))
    code = "import sys; from tract_nb.store.rescue import *; print(len(list(rescue(Path(sys.argv[1])))))"
    done = subprocess.run(
        [sys.executable, "-c", code, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment(),
    )
    assert int(done.stdout) == len(list(rescue(sound)))
