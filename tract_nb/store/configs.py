"""Generation configs: stored once each, and indexed by their top-level keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tract_nb.store.database import Database

#: what SQL says for each comparison; `in` and `missing` have forms of their own
COMPARISONS = {"=": "=", "==": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


def put_config(db: Database, digest: bytes, data: str) -> int:
    """Store a config once and return its number."""
    found = db.one("SELECT id FROM config WHERE hash = ?", (digest,))
    if found:
        number: int = found[0]
        return number
    cursor = db.execute("INSERT INTO config (hash, data) VALUES (?, ?)", (digest, data))
    assert cursor.lastrowid is not None
    values: Mapping[str, Any] = orjson.loads(data)
    db.many(
        "INSERT INTO config_key (config, key, number, text) VALUES (?, ?, ?, ?)",
        [(cursor.lastrowid, key, *indexed(value)) for key, value in values.items()],
    )
    return cursor.lastrowid


def indexed(value: Any) -> tuple[float | int | None, str | None]:
    """Return a value as the index has it: a number, or the canonical JSON of anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return value, None


def configs_where(db: Database, key: str, comparison: str, value: Any) -> set[int]:
    """Return the configs whose ``key`` compares so with a value.

    A number compares with numbers, all else by its JSON. ``in`` takes a list; ``missing`` no value: the
    configs without the key.
    """
    if comparison == "missing":
        rows = db.all(
            "SELECT id FROM config WHERE id NOT IN (SELECT config FROM config_key WHERE key = ?)", (key,)
        )
    elif comparison == "in":
        return set().union(*(configs_where(db, key, "=", item) for item in value))
    else:
        number, text = indexed(value)
        column = "text" if number is None else "number"
        sign = COMPARISONS[comparison]
        rows = db.all(
            f"SELECT config FROM config_key WHERE key = ? AND {column} {sign} ?",
            (key, text if number is None else number),
        )
    return {config for (config,) in rows}


def commits_with(db: Database, configs: set[int]) -> set[int]:
    """Return the commits that carry one of some configs."""
    wanted = orjson.dumps(sorted(configs)).decode()
    rows = db.all('SELECT id FROM "commit" WHERE config IN (SELECT value FROM json_each(?))', (wanted,))
    return {number for (number,) in rows}
