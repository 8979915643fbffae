"""One process at a time."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

from tract_nb.trace.scanning import cache_folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process works on a file, and hold it until the end.

    The lock is held on a file in the user's folder for caches; a process that dies lets go of it.
    """
    name = sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    with _lock_file(name) as file:
        _take(file)
        try:
            yield
        finally:
            _let_go(file)


def _lock_file(name: str) -> IO[bytes]:
    """Open the file that stands for a lock; a folder that cannot be written to is stepped over."""
    folder = cache_folder() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / name).open("a+b")
    except OSError:
        return (Path(tempfile.gettempdir()) / f"tract_nb-{name}.lock").open("a+b")


if sys.platform == "win32":
    import errno
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        file.seek(0)
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError as trouble:
                if trouble.errno != errno.EDEADLOCK:  # it gives up after ten seconds; a model takes longer
                    raise
            else:
                return

    def _let_go(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    def _let_go(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
