"""Methods that call a model: asking it, and what it is called with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tract_nb.facade.handle import Handle
from tract_nb.llm.asking import Asker
from tract_nb.llm.client import LiteLLM
from tract_nb.llm.compressing import expected, summarise
from tract_nb.llm.merging import proposals
from tract_nb.llm.recording import Heard, Recorder
from tract_nb.llm.settings import Layers, Settings, SettingsTable, checked
from tract_nb.model.conflict import Conflict, Decision
from tract_nb.model.reply import LLM, Answer, Cancel
from tract_nb.model.summariser import Draft, Expected, Original, Rejected
from tract_nb.model.synced import Synced
from tract_nb.operations import compiling, talk
from tract_nb.operations import sync as syncing
from tract_nb.operations.summarising import no_model
from tract_nb.operations.workspace import Workspace

NO_LAYERS = Layers()


class Talking(Handle):
    """Calling a model, and keeping what it says."""

    def __init__(self, ws: Workspace, llm: LLM | None = None, layers: Layers = NO_LAYERS) -> None:
        super().__init__(ws)
        self._llm: LLM = LiteLLM() if llm is None else llm  # an empty replay is false
        self._layers = layers
        self._under_way: set[Cancel] = set()
        self._under_way_lock = threading.Lock()
        ws.proposer = self._propose
        ws.summariser = self._summarise
        ws.expects = self._expect
        ws.has_writer = self._writes

    def chat(
        self,
        text: str,
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        settings: Mapping[str, Any] | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
        key: str | None = None,
    ) -> Answer:
        """Say something, call a model with the whole context, and commit both what was said and the reply.

        Both are one operation. Where the call fails or is interrupted, nothing is committed.

        Parameters
        ----------
        text : str
            What the user says.
        model, temperature, max_tokens, tools : optional
            For this call; see :meth:`llm_settings` for what holds without them.
        settings : mapping, optional
            Any other setting of litellm's, and ``timeout`` (seconds), ``retries``, ``api_key``,
            ``api_base``. Keys are kept nowhere.
        on_text : callable, optional
            Called with each piece of text as it comes.
        cancel : Cancel, optional
            Ends the call from another thread; :meth:`cancel` does so without one.
        key : str, optional
            A name for question and reply: the same question again calls nobody, another one edits both
            in place, asked in the context that it stands in.

        Returns
        -------
        Answer
            Shows as the reply; ``.text``, ``.tool_calls``, ``.commits``, ``.usage``, ``.cost``.

        Raises
        ------
        ModelError
            If there is no reply.
        BudgetError
            If the budget says ``reject``: before the call if the question is beyond it.
        HeadMovedError
            If the branch moved while the model answered; the reply is on ``error.reply``.
        """
        settings = _call(settings, model, temperature, max_tokens, tools)
        return self._talk("chat", text, settings, on_text, cancel, key=key)

    def generate(
        self,
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        settings: Mapping[str, Any] | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
        include_reasoning: bool = False,
    ) -> Answer:
        """Call a model with the context as it is, and commit its reply; see :meth:`chat`.

        Where the reply calls tools, give their results with :meth:`tool_result`, and call again.
        """
        settings = _call(settings, model, temperature, max_tokens, tools)
        return self._talk("generate", None, settings, on_text, cancel, include_reasoning=include_reasoning)

    def sync(self, messages: Sequence[Any], *, system: Any = None) -> Synced:
        """Bring the list of messages that a loop of one's own keeps into this history.

        Only what is new is committed: the same list again changes nothing. Where the list differs from
        the history, it goes on as a branch of its own, from where it differs, and HEAD goes there; where
        another branch has it already, HEAD goes to that one. Another system prompt is an edit in place.
        What was edited, pinned, skipped or summarised here is no difference.

        Parameters
        ----------
        messages : list
            As OpenAI or Anthropic take them: dicts, or their libraries' own objects.
        system : str or list, optional
            Anthropic's system prompt.

        Raises
        ------
        ContentError
            If it is no list of messages.
        """
        with self._verb():
            return syncing.sync(self._ws, messages, system)

    @contextmanager
    def record(self) -> Iterator[Recorder]:
        """Commit every call of litellm that is made inside, by whatever code, and its reply.

        ``litellm.completion`` and ``acompletion``, streams too (at their end), in threads and tasks too.
        Each call's messages are brought in as by :meth:`sync`, with its reply, settings and usage. What
        cannot be committed raises nothing in the code that calls: it is on ``.errors``, and warned of at
        the end.
        """
        recorder = Recorder(self._heard)
        recorder.start()
        try:
            yield recorder
        finally:
            recorder.stop()
            with self._verb():
                for text in recorder.remarks():
                    self._ws.warn(text)

    def _heard(self, heard: Heard) -> None:
        with self._verb():
            syncing.record(self._ws, heard.messages, heard.reply, heard.config)

    def cancel(self) -> int:
        """End the calls of models that this handle has under way, from any thread; return how many."""
        with self._under_way_lock:
            stopped = list(self._under_way)
        for call in stopped:
            call.cancel()
        return len(stopped)

    def llm_settings(self, operation: str = "chat") -> SettingsTable:
        """Return what a model is called with, and where each setting comes from.

        Parameters
        ----------
        operation : {"chat", "generate", "merge", "compress", "summarize"}
            Which verb would call it. A setting of a call comes before the operation's, the tract's, and
            the environment's (``TRACT_NB_LLM_TEMPERATURE`` and the like).
        """
        return self._settings(operation).table()

    @contextmanager
    def asking(
        self,
        operation: str,
        *,
        model: str | None = None,
        on_text: Callable[[str], None] | None = None,
        cancel: Cancel | None = None,
    ) -> Iterator[Asker]:
        """Give what asks a model for an operation, as this tract calls models; :meth:`cancel` ends it.

        Never inside a transaction.

        Parameters
        ----------
        operation : {"chat", "generate", "merge", "compress", "summarize"}
            Whose settings hold.
        model : str, optional
            Another model than theirs.
        on_text, cancel : optional
            As in :meth:`chat`.
        """
        talk.refuse_inside(self._ws)
        settings = self._settings(operation, {"model": model})
        with self._calling(cancel) as token:
            yield Asker(self._llm, settings, on_text, token)

    @property
    def calls(self) -> dict[str, Any]:
        """How this handle calls models, as options of :meth:`Tract.open` for another one."""
        return {
            "llm": self._llm,
            "llm_settings": self._layers.tract,
            "operation_llm": self._layers.operations,
        }

    # -- what the verbs share -----------------------------------------------------------------------

    def _settings(self, operation: str, call: Mapping[str, Any] | None = None) -> Settings:
        return self._layers.resolve(operation, call, model=self._ws.model)

    def _propose(
        self, conflicts: Sequence[Conflict], *, instructions: str | None = None, model: str | None = None
    ) -> list[Decision | None]:
        """Ask a model for the texts that settle conflicts of a merge; outside of any transaction."""
        with self.asking("merge", model=model) as asker:
            written = proposals(asker, conflicts, instructions=instructions)
        return [
            Decision(None, one.text, one.model, one.metadata(), one.config) if one else None
            for one in written
        ]

    def _expect(self, groups: Sequence[Sequence[int]], model: str | None) -> Expected | None:
        """Return what summaries of groups would take; None where nobody would write them."""
        named = self._settings("compress", {"model": model}).values.get("model")
        return expected(str(named), groups) if named else None

    def _summarise(
        self,
        originals: Sequence[Original],
        *,
        target: int | None = None,
        preserve: Sequence[str] = (),
        rejected: Rejected | None = None,
        instructions: str | None = None,
        model: str | None = None,
        cancel: Cancel | None = None,
    ) -> Draft:
        """Ask a model for a summary of one group; outside of any transaction."""
        if not (model or self._writes()):
            raise no_model()
        with self.asking("compress", model=model, cancel=cancel) as asker:
            return summarise(
                asker,
                originals,
                target=target,
                preserve=preserve,
                rejected=rejected,
                instructions=instructions,
            )

    def _writes(self) -> bool:
        """Tell whether a model is set that writes summaries."""
        return bool(self._settings("compress").values.get("model"))

    @contextmanager
    def _calling(self, cancel: Cancel | None) -> Iterator[Cancel]:
        token = cancel or Cancel()
        with self._under_way_lock:
            self._under_way.add(token)
        try:
            yield token
        finally:
            with self._under_way_lock:
                self._under_way.discard(token)

    def _talk(
        self,
        operation: str,
        text: str | None,
        call: Mapping[str, Any],
        on_text: Callable[[str], None] | None,
        cancel: Cancel | None,
        *,
        key: str | None = None,
        include_reasoning: bool = False,
    ) -> Answer:
        settings = self._settings(operation, call)
        talk.refuse_inside(self._ws)
        with self._reading(tip=True):
            asked = talk.ask(self._ws, text, key=key, include_reasoning=include_reasoning)
        if isinstance(asked, Answer):
            return asked
        # a compiler of the user's, a budget's own function and the model run outside of the lock
        context = compiling.custom(self._ws, asked.context)
        settings.model  # noqa: B018  raises where none is named
        talk.check_room(self._ws, context)
        with self._calling(cancel) as token:
            reply = self._llm.complete(context.to_openai(), settings.values, on_text=on_text, cancel=token)
        with self._verb():
            commits = talk.keep(self._ws, asked, reply, settings.recorded())
        return talk.answer(reply, commits, context.warnings)


def _call(
    settings: Mapping[str, Any] | None,
    model: str | None,
    temperature: float | None,
    max_tokens: int | None,
    tools: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Return the settings of one call, keys hidden: whoever prints the frames of an error sees none."""
    named = {"model": model, "temperature": temperature, "max_tokens": max_tokens}
    given = {**(settings or {}), **{name: value for name, value in named.items() if value is not None}}
    return checked(given if tools is None else given | {"tools": [dict(tool) for tool in tools]})
