"""The event loop that calls of models run in: a thread of its own.

A notebook's kernel has a loop running already, and a call in a thread of its own can be ended from
anywhere: by the stop button, by another thread, by a time-out. The connection is closed with it.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop, threading.Thread] | None = None
CLOSING_SECONDS = 5.0

T = TypeVar("T")


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine in the loop; cancelling the future cancels it there."""
    return asyncio.run_coroutine_threadsafe(work, _loop())


def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process; a forked child has none of its parent's threads."""
    global _running  # noqa: PLW0603  one for the process
    with _lock:
        if _running is None or _running[0] != os.getpid():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="tract_nb llm", daemon=True)
            thread.start()
            _running = os.getpid(), loop, thread
        return _running[1]


@atexit.register
def close() -> None:
    """End what is under way, and close the connections that are kept open; a later call starts anew."""
    global _running
    with _lock:
        running, _running = _running, None
    if running is None or running[0] != os.getpid():
        return
    _, loop, thread = running
    with suppress(TimeoutError):  # at the end of the process nothing waits for a connection that hangs
        asyncio.run_coroutine_threadsafe(_leave(), loop).result(CLOSING_SECONDS)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(CLOSING_SECONDS)
    if not thread.is_alive():
        loop.close()


async def _leave() -> None:
    litellm: Any = sys.modules.get("litellm")  # loaded, unless not one call was begun
    if litellm is not None:
        await litellm.close_litellm_async_clients()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
