"""The hot statements: written in Core, compiled to SQL once, run on the driver's connection.

Compiling a statement at every call costs more than running it (see docs/design.md, "The floor").
"""

from __future__ import annotations

from sqlalchemy import Insert, Select, Table, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import dialect, insert
from sqlalchemy.sql import ClauseElement

from tract_nb.store.schema import blob, collected, commit, op, op_ref, ref, target

DIALECT = dialect(paramstyle="qmark")


def compiled(statement: ClauseElement) -> str:
    """Return the SQL of a statement with one ``?`` a value, in the order they stand in."""
    return str(statement.compile(dialect=DIALECT))


def insert_into(table: Table, *, skip: tuple[str, ...] = (), or_ignore: bool = False) -> str:
    """Return an INSERT of a row: one ``?`` a column, in the schema's order, but for ``skip``."""
    names = [column.name for column in table.columns if column.name not in skip]
    statement: Insert = insert(table).values({name: bindparam(name) for name in names})
    if or_ignore:
        statement = insert(table).values({name: bindparam(name) for name in names}).on_conflict_do_nothing()
    return compiled(statement)


def ancestors() -> Select[tuple[int]]:
    """Return the numbers of a commit (one ``?``) and of all behind it, by both parents."""
    start = select(bindparam("head", type_=commit.c.id.type).label("id"))
    behind = start.cte("behind", recursive=True)
    step = commit.alias("step")
    behind = behind.union(
        select(step.c.parent1).where(step.c.id == behind.c.id, step.c.parent1.isnot(None)),
        select(step.c.parent2).where(step.c.id == behind.c.id, step.c.parent2.isnot(None)),
    )
    return select(behind.c.id)


#: the columns of :class:`tract_nb.model.commit.Row`, but for the targets
ROW = (
    commit.c.id,
    commit.c.hash,
    commit.c.kind,
    commit.c.parent1,
    commit.c.parent2,
    commit.c.origin,
    commit.c.author_us,
    commit.c.priority,
    commit.c.type,
    commit.c.role,
    commit.c.name,
    commit.c.call_id,
    commit.c.blob,
    commit.c.tokens,
    commit.c.context,
    commit.c.key,
)

_behind = ancestors().subquery()
HISTORY = compiled(select(*ROW).where(commit.c.id == _behind.c.id).order_by(commit.c.id))
HISTORY_TARGETS = compiled(
    select(target.c.commit, target.c.target)
    .where(target.c.commit == _behind.c.id)
    .order_by(target.c.commit, target.c.seq)
)
ROW_BY_ID = compiled(select(*ROW).where(commit.c.id == bindparam("id")))
ROWS = compiled(
    select(*ROW).where(
        commit.c.id.in_(select(func.json_each(bindparam("ids")).table_valued("value").c.value))
    )
)
ROW_BY_HASH = compiled(select(*ROW).where(commit.c.hash == bindparam("hash")))
TARGETS = compiled(
    select(target.c.target).where(target.c.commit == bindparam("commit")).order_by(target.c.seq)
)

BLOB_ID = compiled(select(blob.c.id, blob.c.codec).where(blob.c.hash == bindparam("hash")))
COMMIT_ID = compiled(select(commit.c.id).where(commit.c.hash == bindparam("hash")))
INSERT_BLOB = insert_into(blob, skip=("id",), or_ignore=True)
INSERT_COMMIT = insert_into(commit, skip=("id",), or_ignore=True)
INSERT_TARGET = insert_into(target)
INSERT_OP = insert_into(op, skip=("id",))
UPDATE_OP_SUM = compiled(update(op).values(checksum=bindparam("sum")).where(op.c.id == bindparam("number")))
INSERT_OP_REF = insert_into(op_ref)
_ref = select(ref.c.commit).where(ref.c.tract == bindparam("tract"), ref.c.name == bindparam("name"))
# with a ref the newest of what was taken away: who kept something by number looks whether it still stands
_collected = select(func.max(collected.c.id))
REF = compiled(_ref.add_columns(_collected.scalar_subquery()))
# times of operations rise with their numbers, so the last row has the latest
_last_at = select(op.c.at).where(op.c.id == select(func.max(op.c.id)).scalar_subquery())
LAST_OP_AT_AND_REF = compiled(
    select(_last_at.scalar_subquery(), _ref.scalar_subquery(), _collected.scalar_subquery())
)
EVERYTHING = compiled(
    select(
        *ROW,
        commit.c.recorded_us,
        commit.c.encoding,
        commit.c.config,
        commit.c.message,
        commit.c.metadata,
        commit.c.checksum,
    ).order_by(commit.c.id)
)
