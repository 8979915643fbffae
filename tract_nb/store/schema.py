"""The tables."""

from __future__ import annotations

from sqlalchemy import (
    BLOB,
    REAL,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

VERSION = 4  # PRAGMA user_version; CONTRIBUTING.md says how to change the tables
APPLICATION_ID = 0x54524354  # "TRCT", PRAGMA application_id: says whose file this is

metadata = MetaData()


def checksum() -> Column[int]:
    """Return the column for the checksum of a row (:mod:`tract_nb.store.sums`): the last of its table."""
    return Column("checksum", Integer, nullable=False, server_default=text("0"))


#: a version-controlled context; ``settings`` is JSON (model, budget), parent and commit a link to
#: the tract and the call that spawned it
tract = Table(
    "tract",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("open_branch", Text, nullable=False),
    Column("created_us", Integer, nullable=False),
    Column("settings", Text, nullable=False),
    Column("parent", Integer),
    Column("parent_commit", BLOB),
    checksum(),
)

#: the canonical bytes of a content, each once; ``codec`` 0 is raw, 9 says that the text is gone and a
#: line stands for it (see ``collected``), others are for later
blob = Table(
    "blob",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", BLOB, nullable=False, unique=True),
    Column("codec", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("data", BLOB, nullable=False),
)

#: a generation config, stored once
config = Table(
    "config",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", BLOB, nullable=False, unique=True),
    Column("data", Text, nullable=False),
)

#: the top-level keys of configs, for queries: a number, or the canonical JSON of anything else
config_key = Table(
    "config_key",
    metadata,
    Column("config", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("number", REAL),
    Column("text", Text),
    PrimaryKeyConstraint("config", "key"),
    sqlite_with_rowid=False,
)
Index("config_key_number", config_key.c.key, config_key.c.number)
Index("config_key_text", config_key.c.key, config_key.c.text)

#: Commits, shared by all tracts. type, role, name and call_id repeat what the blob says, tokens and
#: context count it, so that history resolves without reading a text. ``context`` is the size of
#: all that compiles at this commit. A number is never used twice, since caches and views hold them.
#: ``encoding`` is the one that counted the tokens. ``checksum`` is over the columns that the hash does
#: not cover, but for those that repeat the blob and ``context``.
commit = Table(
    "commit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", BLOB, nullable=False, unique=True),
    Column("kind", Integer, nullable=False),
    Column("parent1", Integer),
    Column("parent2", Integer),
    Column("origin", BLOB),
    Column("author_us", Integer, nullable=False),
    Column("priority", Integer),
    Column("type", Text),
    Column("role", Text),
    Column("name", Text),
    Column("call_id", Text),
    Column("blob", Integer),
    Column("tokens", Integer, nullable=False),
    Column("context", Integer, nullable=False),
    Column("key", Text),
    Column("recorded_us", Integer, nullable=False),
    Column("encoding", Integer, nullable=False),
    Column("config", Integer),
    Column("message", Text),
    Column("metadata", Text),
    Column("checksum", Integer, nullable=False),
    sqlite_autoincrement=True,
)
Index("commit_key", commit.c.key, sqlite_where=commit.c.key.isnot(None))

Index("commit_config", commit.c.config, sqlite_where=commit.c.config.isnot(None))

#: what a commit is about, by identity: a target may be collected, its identity stays
target = Table(
    "target",
    metadata,
    Column("commit", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("target", BLOB, nullable=False),
    PrimaryKeyConstraint("commit", "seq"),
    sqlite_with_rowid=False,
)

#: which record of a trace each imported commit was made from; sessions that share their beginning
#: share its commits, so one commit may have records of several
record = Table(
    "record",
    metadata,
    Column("key", Text, nullable=False),
    Column("commit", Integer, nullable=False),
    checksum(),
    PrimaryKeyConstraint("key", "commit"),
    sqlite_with_rowid=False,
)

#: what has counted tokens
encoding = Table(
    "encoding",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    checksum(),
)

#: what a provider reported for a reply; input means all input, cached included
usage = Table(
    "usage",
    metadata,
    Column("commit", Integer, primary_key=True),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("model", Text),
    Column("cost", Text),
    checksum(),
)

#: What a verb asks before it does it: one a branch while it is pending. ``args`` says what was asked
#: for, ``answers`` and ``proposals`` are JSON by the questions' keys; ``source`` is the hash of the
#: other side, which is a root of gc while the review is pending.
review = Table(
    "review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tract", Integer, nullable=False),
    Column("branch", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("source", BLOB, nullable=False),
    Column("args", Text, nullable=False),
    Column("answers", Text, nullable=False),
    Column("proposals", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Integer, nullable=False),
    checksum(),
)

#: ``commit`` 0 is a branch on which nothing is committed yet
ref = Table(
    "ref",
    metadata,
    Column("tract", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("commit", Integer, nullable=False),
    PrimaryKeyConstraint("tract", "name"),
    sqlite_with_rowid=False,
)

#: its checksum covers the refs that it moved too
op = Table(
    "op",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tract", Integer, nullable=False),
    Column("verb", Text, nullable=False),
    Column("args", Text),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("at", Integer, nullable=False),
    Column("undoes", Integer),
    checksum(),
    sqlite_autoincrement=True,
)
Index("op_undoes", op.c.undoes, sqlite_where=op.c.undoes.isnot(None))

#: the refs an operation moved; NULL is a ref that is not there, 0 one without a commit
op_ref = Table(
    "op_ref",
    metadata,
    Column("op", Integer, nullable=False),
    Column("tract", Integer, nullable=False),
    Column("ref", Text, nullable=False),
    Column("old", Integer),
    Column("new", Integer),
    PrimaryKeyConstraint("op", "tract", "ref"),
    sqlite_with_rowid=False,
)

#: What was taken away: a run of commits (``first`` to ``last``) that nothing led to, or the text of a
#: ``blob``. ``why`` is a :class:`tract_nb.store.collected.Why`, ``at`` a time in microseconds. The checksum
#: of a text covers the row of its blob too. The highest number says what was known when caches were filled.
collected = Table(
    "collected",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("why", Integer, nullable=False),
    Column("first", Integer),
    Column("last", Integer),
    Column("blob", Integer),
    checksum(),
    sqlite_autoincrement=True,
)
