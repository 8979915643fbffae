"""Failures: what litellm raises, in words for a person, and whether it helps to try again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from tract_nb.errors import ModelError
from tract_nb.llm.secrets import scrub

MOST_SHOWN = 300  # characters of what a provider says
LONGEST_WAIT = 60.0  # seconds: who is asked to wait longer is told, and decides
FIRST_WAIT = 0.5  # seconds, doubled at each try
TOO_MANY, TIMED_OUT, BROKEN = 429, 408, 500
REFUSED = (401, 403)
#: what clients say that were given no key; litellm makes a 500 of it
_NO_KEY = re.compile(r"Missing credentials|api_key client option must be|Missing \w+ API Key", re.IGNORECASE)
BROKE_OFF = "{who} broke off after {got} characters: {said}"
#: what the JSON reader says; litellm hides its exception behind a 500
_JSON_WORDS = re.compile(r"Expecting (value|property name|'[,:]' delimiter).*line \d+ column \d+")
#: what a provider says with 429 that no waiting mends
_NO_MONEY = re.compile(r"insufficient_quota|exceeded your current quota|billing", re.IGNORECASE)
#: what litellm puts before the provider's own words
_PREFIX = re.compile(r"^(?:litellm\.)?\w+(?:Error|Exception|Timeout): ?|^\w+Exception - ?")


class Failure(NamedTuple):
    """One try that failed."""

    error: ModelError
    helps: bool  # whether it may help to try again
    asked: float | None = None  # how many seconds the provider asks to wait

    def wait(self, tries: int) -> float | None:
        """Return how long to wait after so many tries; None where it is too long."""
        if self.asked is None:
            return float(min(FIRST_WAIT * 2**tries, LONGEST_WAIT))
        return self.asked if self.asked <= LONGEST_WAIT else None


class _Case(NamedTuple):
    """What one kind of failure means."""

    fits: Callable[[_Raised], bool]
    message: str
    hint: str
    helps: bool = False


class _Raised(NamedTuple):
    """What is known of an exception."""

    kinds: frozenset[str]  # the names of its classes
    status: int | None
    said: str
    is_json: bool  # whether it is about JSON that cannot be read


def _is(*kinds: str) -> Callable[[_Raised], bool]:
    return lambda raised: not raised.kinds.isdisjoint(kinds)


#: the first that fits; litellm's classes inherit from one another
_CASES = (
    _Case(
        lambda raised: raised.status == TIMED_OUT or not raised.kinds.isdisjoint({"Timeout"}),
        "{who} did not answer in time: {said}",
        "Give it longer: timeout=300.",
    ),
    _Case(
        lambda raised: _NO_KEY.search(raised.said) is not None,
        "There is no key for {who}: {said}",
        "Set {keys}; tract_nb keeps it nowhere.",
    ),
    _Case(
        lambda raised: raised.status in REFUSED or "AuthenticationError" in raised.kinds,
        "{who} refused the key: {said}",
        "Set {keys}, or see what the key may do.",
    ),
    _Case(
        _is("ContextWindowExceededError"),
        "The context is longer than {who} takes: {said}",
        "Skip or compress what takes the room (see budget), or choose a model with a larger window.",
    ),
    _Case(_is("NotFoundError"), "{who} is not there: {said}", "Check the model's name, or api_base."),
    _Case(
        _is("ContentPolicyViolationError"),
        "{who} refused the content: {said}",
        "Edit or skip what it objects to.",
    ),
    _Case(
        lambda raised: raised.status == TOO_MANY and _NO_MONEY.search(raised.said) is not None,
        "{who} has nothing left to spend: {said}",
        "See the account's plan and its limits.",
    ),
    _Case(
        lambda raised: raised.status == TOO_MANY,
        "{who} has had too many requests: {said}",
        "Wait, or choose another model.",
        helps=True,
    ),
    _Case(
        lambda raised: raised.is_json,
        "{who} answered with what is no JSON: {said}",
        "See whether api_base is the address of a model.",
        helps=True,
    ),
    _Case(
        lambda raised: "APIConnectionError" in raised.kinds or raised.said.endswith("Connection error."),
        "{who} cannot be reached: {said}",
        "Check the network, and api_base where one is set.",
        helps=True,
    ),
    _Case(
        lambda raised: raised.status is not None and raised.status >= BROKEN,
        "{who} failed with {status}: {said}",
        "That is the provider's side; try again later.",
        helps=True,
    ),
    _Case(
        lambda raised: raised.status is not None,
        "{who} refused the request ({status}): {said}",
        "See what it says, and t.llm_settings().",
    ),
    _Case(lambda _: True, "{who} could not be called: {said}", "See t.llm_settings()."),
)


def explained(
    raised: BaseException, *, model: str, provider: str, secrets: Iterable[str], key_names: str, got: int
) -> Failure:
    """Return what a call's exception means.

    Parameters
    ----------
    raised : BaseException
        What litellm raised; nothing of it is kept but scrubbed words.
    model, provider : str
        Who was called.
    secrets : iterable of str
        What must not be in a text.
    key_names : str
        The environment variables that hold the provider's key.
    got : int
        How many characters had come by then.
    """
    known = _known(raised, secrets)
    case = next(case for case in _CASES if case.fits(known))
    message, hint, helps = case.message, case.hint, case.helps
    if got:
        message, hint, helps = BROKE_OFF, "Nothing of it was kept; ask again.", False
    said = {
        "who": f"{provider} ({model})",
        "said": known.said,
        "status": known.status,
        "keys": key_names,
        "got": f"{got:,}",
    }
    error = ModelError(
        message.format_map(said), hint.format_map(said), model=model, provider=provider, status=known.status
    )
    return Failure(error, helps, retry_after(raised))


def _known(raised: BaseException, secrets: Iterable[str]) -> _Raised:
    status = getattr(raised, "status_code", None)
    chain = [raised, raised.__cause__, raised.__context__]
    return _Raised(
        frozenset(base.__name__ for base in type(raised).__mro__),
        status if isinstance(status, int) else None,
        words(raised, secrets),
        any(isinstance(error, ValueError) and "JSON" in type(error).__name__ for error in chain)
        or _JSON_WORDS.search(str(raised)) is not None,
    )


def words(raised: BaseException, secrets: Iterable[str]) -> str:
    """Return what an exception says in one line, without keys and without litellm's own names."""
    text = " ".join(scrub(str(raised), secrets).split())
    while (shorter := _PREFIX.sub("", text, count=1)) != text:
        text = shorter
    # litellm repeats the original behind this
    text = text.partition(" Original exception:")[0] or type(raised).__name__
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def retry_after(raised: BaseException) -> float | None:
    """Return the seconds that the provider asks to wait, as a number or as a date."""
    for headers in (
        getattr(raised, "litellm_response_headers", None),
        getattr(getattr(raised, "response", None), "headers", None),
    ):
        given: Any = headers.get("retry-after") if headers is not None else None
        if given is None:
            continue
        try:
            return max(float(given), 0.0)
        except ValueError:
            pass  # it may be a date
        try:
            return max((parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds(), 0.0)
        except (ValueError, TypeError):
            continue  # it is neither: as if the provider had not said
    return None
