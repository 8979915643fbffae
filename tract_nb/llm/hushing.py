"""Hushing: no key of a call in the log of a library that makes it.

litellm masks what it knows to be a key; of a header of one's own it knows nothing.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable

from tract_nb.llm.secrets import scrub

#: what logs on the way of a call; a filter of a logger does not see what its children log
LOGGERS = (
    *("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai._base_client", "openai", "httpx", "asyncio"),
    *("httpcore.connection", "httpcore.http11", "httpcore.http2", "aiohttp.client", "anthropic._base_client"),
)


class Hush(logging.Filter):
    """Takes the keys of all calls so far out of what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: set[str] = set()

    def __repr__(self) -> str:
        return f"<Hush of {len(self._keys)} keys>"

    def learn(self, keys: Iterable[str]) -> None:
        """Know the keys of a call that is about to be made."""
        self._keys.update(keys)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record pass, without keys."""
        said = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            told = "".join(traceback.format_exception(*record.exc_info))
            if any(key in told for key in self._keys):
                record.exc_info, record.exc_text = None, scrub(told, self._keys)
        if any(key in said for key in self._keys):
            record.msg, record.args = scrub(said, self._keys), ()
        return True


#: one for the process
hush = Hush()


def listen() -> None:
    """Stand before the loggers; a second time changes nothing."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(hush)
