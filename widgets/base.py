"""What every widget stands on: the wire to its page, following a tract, and what is left without a page."""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import anywidget
import traitlets
from IPython.display import publish_display_data

from tract_nb.errors import CommandError, HeadMovedError, TractError
from tract_nb.model.commit import HASH_SHOWN
from tract_nb.tract import Tract
from tract_nb.view import figures

STATIC = Path(__file__).parent / "static"
VIEW = "application/vnd.jupyter.widget-view+json"
#: what the live view knows its static sibling by
STATIC_CLASS = "tract-nb-static"
CLOSED = "Closed"  # the type of what cannot be answered, since the tract was closed meanwhile
OUT_OF_ORDER = "This is a fault of tract_nb: please report it. The tract itself is as it was."

Answering = TypeVar("Answering", bound=Callable[..., Any])


def answers(method: Answering) -> Answering:
    """Let the page call a method by its name; arguments and result are values of JSON."""
    setattr(method, "answers_the_page", True)  # noqa: B010  a function has no such attribute to mypy
    return method


class TractWidget(anywidget.AnyWidget):
    """A live view of a tract.

    The page draws ``state`` and reports what a person did; everything is decided here. It asks by
    messages ``{id, method, params}`` and is answered ``{id, ok: true, result}`` or ``{id, ok: false,
    error: {type, message, hint}}``. After each write to the tract, in this process or another, it
    fetches the state anew, as often as it can draw and no more.

    Parameters
    ----------
    tract : Tract
        What is shown.
    **options
        The public traits of the widget.

    Raises
    ------
    TypeError
        If an option is not one of them.
    """

    #: what the page needs at once; ``version`` goes up with every change
    state = traitlets.Dict().tag(sync=True)

    #: its name in ``static``
    bundle: ClassVar[str]

    def __init__(self, tract: Tract, **options: Any) -> None:
        self._check(options)
        self.tract = tract
        # a request may come while a cell runs, in a thread of its own
        self._lock = threading.RLock()
        self._told = False  # whether the page knows of a change that it has not fetched yet
        self._seen: Any = None  # the tract's revision at the last look
        super().__init__(**options)
        self._renew()
        self.on_msg(_hear)
        self._end = tract.database.news.listen(_follower(self))
        weakref.finalize(self, self._end)

    def __init_subclass__(cls, **keywords: Any) -> None:
        if "bundle" in cls.__dict__ and "_esm" not in cls.__dict__:
            cls._esm = STATIC / f"{cls.bundle}.js"
        super().__init_subclass__(**keywords)

    @classmethod
    def _check(cls, options: dict[str, Any]) -> None:
        """Refuse what is no option; traitlets would take it in silence."""
        inherited = set(TractWidget.class_trait_names())
        known = sorted(name for name in set(cls.class_trait_names()) - inherited if not name.startswith("_"))
        for name in options:
            if name not in known:
                near = get_close_matches(name, known, 1)
                meant = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known) or 'none'}."
                raise TypeError(f"{cls.__name__} has no option {name!r}. {meant}")

    # -- what a widget says of itself -----------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """Return what the page shows now; values of JSON."""
        raise NotImplementedError

    def as_text(self) -> str:
        """Return the same as text, for a terminal and for a notebook that is only read."""
        raise NotImplementedError

    def as_html(self) -> str:
        """Return the same as HTML that says all without style, script, SVG and ids."""
        raise NotImplementedError

    def __repr__(self) -> str:
        # what was closed since can be shown no more, but may be the last value of a cell
        return f"{self.tract.database.name} is closed" if self.tract.database.closed else self.as_text()

    def _ipython_display_(self) -> None:
        """Show what is left without a kernel, then the live view, which hides it.

        Two outputs, since JupyterLab does not fall back to the HTML of a widget whose model is gone:
        it says "model not found" instead. On a page that cannot show the live view, the first stays.
        """
        publish_display_data(self._static(), transient={"display_id": f"static-{self.model_id}"})
        publish_display_data({VIEW: self._view(), "text/plain": ""})

    def leave(self) -> None:
        """Let what is left without a kernel be as it is now: something was settled for good."""
        publish_display_data(self._static(), transient={"display_id": f"static-{self.model_id}"}, update=True)

    def _static(self) -> dict[str, str]:
        html = f'<div class="{STATIC_CLASS}">{self.as_html()}</div>'
        return {"text/html": html, "text/plain": self.as_text()}

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {VIEW: self._view(), "text/html": self.as_html(), "text/plain": self.as_text()}, {}

    def _view(self) -> dict[str, Any]:
        return {"version_major": 2, "version_minor": 0, "model_id": self.model_id}

    # -- following the tract --------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the tract as it is now."""
        with self._lock:
            self._told = False
            self._renew()

    def close(self) -> None:
        """Follow the tract no longer, and take the widget out of the page."""
        end = self.__dict__.get("_end")  # one that was refused its options follows nothing
        if end is not None:
            end()
        super().close()

    @answers
    def look_again(self) -> None:
        """Show what was written since the page was told of a change."""
        self.refresh()

    @answers
    def poll(self) -> None:
        """Show what another process wrote."""
        if self._revision() != self._seen:
            self.refresh()

    def _renew(self) -> None:
        """Take a new state; where nothing that is shown changed, the page hears nothing."""
        self._seen = self._revision()
        before = dict(self.state)
        version = before.pop("version", 0)
        state = {**self._looked(before), "still": self._still()}
        if state != before:
            self.state = {**state, "version": version + 1}

    def _looked(self, before: dict[str, Any]) -> dict[str, Any]:
        """Return what is shown; of a tract that was closed, what was shown last."""
        if self.tract.database.closed:
            return {name: value for name, value in before.items() if name != "still"}
        return self.look()

    def _still(self) -> str | None:
        """Say why it can only be looked at."""
        database = self.tract.database
        if database.closed:
            return f"{database.name} is closed"
        return f"Read-only: {database.name} was opened with read_only=True" if database.read_only else None

    def _revision(self) -> Any:
        return "closed" if self.tract.database.closed else self.tract.revision

    @contextmanager
    def _as_shown(self, head: str | None) -> Iterator[None]:
        """Act on what the page shows; refuse where the branch has moved on since.

        Raises
        ------
        HeadMovedError
            If ``head``, the hash of the tip on the page, is not the tip any more.
        """
        with self.tract.database.hold():
            now = self.tract.refresh().head
            if now != (head or None):
                raise HeadMovedError(
                    f"The branch moved while you looked at it: from {_short(head)} to {_short(now)}. "
                    "Nothing was written.",
                    "Look at what is there now, then do it again.",
                )
            yield

    @contextmanager
    def _doing(self, head: str | None) -> Iterator[Callable[[], str]]:
        """Act on what the page shows, and show what came of it; give what says how the tokens changed."""
        with self._as_shown(head):
            before = self._tokens()
            after = [before]
            yield lambda: f", {figures.change(before, after[0])} tokens" if after[0] != before else ""
            after[0] = self._tokens()
        self.refresh()

    def _tokens(self) -> int:
        """Return the size of the context as the page shows it."""
        raise NotImplementedError

    def _changed(self) -> None:
        """Tell the page, once until it asks: so many writes in a row cost it one look."""
        if not self._told and self.comm is not None:
            self._told = True
            self.send({"changed": True})

    # -- answering the page ---------------------------------------------------------------------------

    def _answer(self, content: dict[str, Any]) -> None:
        reply: dict[str, Any]
        try:
            method = self._asked_for(str(content.get("method")))
            with self._lock:
                reply = {"ok": True, "result": method(**(content.get("params") or {}))}
        except Exception as error:  # noqa: BLE001  whatever it is, the page waits for an answer
            reply = {"ok": False, "error": _told(error)}
            if self.tract.database.closed:  # no fault of whoever asked: the page says that it is closed
                reply["error"]["type"] = CLOSED
                self.refresh()
        self.send({"id": content["id"], **reply})

    def _asked_for(self, name: str) -> Callable[..., Any]:
        method = getattr(type(self), name, None)
        if not getattr(method, "answers_the_page", False):
            raise CommandError(f"{type(self).__name__} answers no {name!r}.", "Run the cell again.")
        return getattr(self, name)  # type: ignore[no-any-return]


def _hear(widget: TractWidget, content: Any, _: list[Any]) -> None:
    """Take a custom message; one without an id is no request."""
    if isinstance(content, dict) and "id" in content:
        widget._answer(content)  # noqa: SLF001  a part of the widget


def _follower(widget: TractWidget) -> Callable[[], None]:
    """Return a listener that does not keep the widget alive."""
    known = weakref.ref(widget)

    def listen() -> None:
        found = known()
        if found is not None:
            found._changed()  # noqa: SLF001  a part of the widget

    return listen


def _short(digest: str | None) -> str:
    return digest[:HASH_SHOWN] if digest else "nothing"


def _told(error: Exception) -> dict[str, str]:
    """Return an error as the page shows it."""
    if isinstance(error, TractError):
        return {"type": type(error).__name__, "message": error.message, "hint": error.hint}
    kind = type(error).__name__
    if isinstance(error, TypeError) and inspect.trace()[-1].function == "_answer":
        return {
            "type": kind,
            "message": str(error),
            "hint": "Run the cell again: the page is of another version.",
        }
    return {"type": kind, "message": f"{kind}: {error}", "hint": OUT_OF_ORDER}
