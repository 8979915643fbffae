"""Where the messages of a code_trace.md begin and end, and what stands in each.

Nothing in these files is escaped: headings of messages and of sections, fences and marks all occur
inside the texts too. What tells them apart is whether a fence is open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Literal

#: a message's heading, a line of its own between blank ones, and the writer's mark right behind it
_HEADER = re.compile(
    rb"### \[(\d{4}-\d\d-\d\dT[0-9:.]+Z?)\] (?:(User)|Assistant)[ \t]*\r?\n(?:\r?\n|\Z)"
    rb"(?:\*\*Tool(?:: ([^\n]+)\*\*\n```json\n| Result\*\* \(ID: ([^)\n]*)\)\n```\n))?"
)
#: sections' headings, as they stand right before a message's
_SECTIONS = re.compile(rb"\n\r?\n((?:## Subagent: agent-\S+[ \t]*\r?\n\s*)+)\Z")
_SECTION = re.compile(rb"## Subagent: agent-(\S+)")
#: what the writer puts on the line before its own fences
_MARK = re.compile(
    rb"\*\*(?:Tool: (?P<name>.+)\*\*|Tool Result\*\* \(ID: (?P<id>[^)]*)\)|(?P<thinking>Thinking):\*\*)\s*\Z"
)
#: what is left of a heading or of a mark and its fence where the file ends in it
_STUMP = re.compile(
    rb"(?:\*\*Tool Result\*\* \(ID: [^)\n]*(?:\)\r?(?:\n`{0,2})?)?"
    rb"|\*\*Tool: (?:[^*\n]|\*(?!\*))*(?:\*\*\r?(?:\n`{0,2})?)?"
    rb"|\*\*Thinking:\*\*\r?(?:\n`{0,2})?"
    rb"|### \[[0-9T:.-]*Z?(?:\] ?(?:U|Us|Use|User|A|As|Ass|Assi|Assis|Assist|Assista|Assistan|Assistant)?)?"
    rb"|## Subagent: agent-\S*\s*)\Z"
)
_MARKS = (b"**Tool Result** (ID: ", b"**Tool: ", b"**Thinking:**", b"### [", b"## Subagent: agent-")
_AFTER_RESULT = re.compile(rb"\r?\n(?:\r?\n|\Z|\*\*T|### \[|## Subagent: )|\Z")

_NEW_LINE, _NEW_LINE_OR_RETURN = 10, 13
_BLOCK = 1 << 20
#: a message beyond this is not read on; no conversation has one, a hole in a file may look like it
LARGEST = 1 << 26
_STEP = 1 << 23
_LOOKAHEAD = 1 << 18  # how far a fence's end is looked for behind what looks like the next message

Kind = Literal["text", "call", "result", "thinking", "section", "stump"]


#: A part of a message, or the beginning of a subagent's section: its kind; a call's tool, a result's id
#: or a section's agent; its text; where it begins, as a byte of the file and as a line; its message's
#: time, and whether that is a user's; False where its fence is never closed. A stump is what is left of a
#: heading or a mark at the end of a file that was cut off there. A bare tuple, since half of
#: the time of reading would go into naming the fields of what lives for a moment.
Part = tuple[Kind, bytes, bytes, int, int, bytes, bool, bool]


class Scanner:
    """One pass over a file; holds one message and a little more in memory.

    Parameters
    ----------
    file : BinaryIO
        Open at its start.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._data = b""
        self._base = 0  # where the buffer begins in the file
        self._line, self._counted = 1, 0  # the line that stands at this place of the buffer
        self._ended = False
        self.stopped = False  # before the file's end

    def __iter__(self) -> Iterator[Part]:
        """Yield the parts of the messages, and the sections that begin between them."""
        at = self._next_header(0)
        yield from self._sections(0, at)
        header = _HEADER.match(self._data, at)
        while header is not None:
            only = self._only_part(header)
            if only is not None:
                part, header = only
                yield part
                end = header.start()
                if end < _BLOCK and (self._ended or len(self._data) - end > _LOOKAHEAD):
                    continue
            else:
                parts, end = self._message(header)
                yield from parts
            if len(self._data) - end < _LOOKAHEAD and not self._ended:
                end = self._next_header(end - 2)
            if end >= _BLOCK:
                end = self._let_go(end)
            header = _HEADER.match(self._data, end)

    def _only_part(self, header: re.Match[bytes]) -> tuple[Part, re.Match[bytes]] | None:
        """Read a message that is one call, one result or one plain text, as nearly all are.

        Returns the part and the next message's heading; None where a closer look is due.
        """
        time, user, tool, result_id = header.groups()
        data, start = self._data, header.end()
        end = data.find(b"\n### [", start) + 1
        marked = tool or result_id
        kind: Kind = "text" if marked is None else "call" if result_id is None else "result"
        if marked is None:
            close = end - 2
            if close < start or data[close] != _NEW_LINE or data[start] <= _NEW_LINE_OR_RETURN:
                return None
            if data.rfind(b"\n## Subagent: ", start, close) >= 0:
                return None
        else:
            close = end - 6
            if (user is None) is (tool is None) or not data.startswith(b"\n```\n\n", close):
                return None
        # a single character is found ten times as quickly as four
        if data.find(b"`", start, close) >= 0 and data.find(b"\n```", start - 1, close) >= 0:
            return None
        following = _HEADER.match(data, end)
        if following is None:
            return None
        at = header.start()
        self._line += data.count(b"\n", self._counted, at)
        self._counted = at
        if marked is None:
            body, at = data[start:close].rstrip(b"\r\n"), start
        else:
            body = data[start:close]
        part = kind, marked or b"", body, self._base + at, self._line + 2, time, user is not None, True
        return part, following

    def _let_go(self, at: int) -> int:
        """Let go of what was read, and return where the position is now."""
        self._base += at
        self._counted -= at
        self._data = self._data[at:]
        return 0

    def _fill(self) -> bool:
        """Read on; False at the end, and where a message is larger than what is held."""
        if self._ended:
            return False
        # in larger steps for a long message, which is joined at each
        more = self._file.read(min(max(_BLOCK, len(self._data)), _STEP))
        if more and len(self._data) > LARGEST:
            self.stopped, more = True, b""
        self._ended = not more
        self._data += more
        return bool(more)

    def _next_header(self, start: int) -> int:
        """Return where the next line stands that looks like a message's heading, or the end."""
        while True:
            found = self._data.find(b"\n### [", start)
            while found < 0 or len(self._data) - found < _LOOKAHEAD:
                start = found if found >= 0 else max(len(self._data) - 8, 0)
                if not self._fill():
                    break
                found = self._data.find(b"\n### [", start)
            if found < 0:
                return len(self._data)
            blank = self._data[found - 1 : found] == b"\n" or self._data[max(found - 2, 0) : found] == b"\n\r"
            if blank and _HEADER.match(self._data, found + 1):
                return found + 1
            start = found + 1

    def _sections(self, start: int, end: int) -> list[Part]:
        """Return the sections whose headings stand right before the message's heading at ``end``."""
        if end == len(self._data):
            return []
        start = max(start, end - 4096)
        if self._data.rfind(b"## Subagent: agent-", start, end) < 0:
            return []
        headings = _SECTIONS.search(self._data[start:end])
        if headings is None:
            return []
        first = self._base + start + headings.start(1)
        return [
            ("section", found[1], b"", first + found.start(), 0, b"", False, True)
            for found in _SECTION.finditer(headings[1])
        ]

    def _message(self, header: re.Match[bytes]) -> tuple[list[Part], int]:
        """Return the parts of a message, the sections that begin behind it, and where it ends."""
        time, user = header[1], header[2] is not None
        free = at = _line_end(self._data, header.start())
        end = self._next_header(at)
        parts: list[Part] = []
        while (fence := self._data.find(b"\n```", at, end)) >= 0:
            data = self._data
            opened = _line_end(data, fence + 1)
            before = max(data.rfind(b"\n", 0, fence) + 1, free)
            mark = _MARK.match(data, before, fence) if data.startswith(b"**T", before) else None
            kind = _kind(mark, user=user)
            if mark is None or kind == "text":
                close = self._end_of_quote(opened, end)
                at = _line_end(data, close + 1) if close >= 0 else opened
            else:
                close = self._end_of_call(opened, end) if kind == "call" else self._end_of_result(opened, end)
                parts += self._text(free, before, time, user=user)
                body = data[opened + 1 : close if close >= 0 else end]
                if close < 0:  # the file may end in the fence that would have closed it
                    body = body.removesuffix(b"\n``").removesuffix(b"\n`")
                name, line = mark["name"] or mark["id"] or b"", self._line_at(before)
                parts.append((kind, name, body, self._base + before, line, time, user, close >= 0))
                free = at = _line_end(data, close + 1) if close >= 0 else end
            if close >= end:
                end = self._next_header(close)
        sections = self._sections(free, end)
        last = sections[0][3] - self._base if sections else self._stump(free, end)
        parts += self._text(free, last, time, user=user)
        if not sections and last < end:
            parts.append(("stump", b"", b"", self._base + last, self._line_at(last), time, user, False))
        return parts + sections, end

    def _stump(self, start: int, end: int) -> int:
        """Return where the beginning of a heading or of a mark stands that the file ends in, or the end."""
        if end < len(self._data):
            return end
        at = max(self._data.rfind(b"\n\n", start) + 2, self._data.rfind(b"\n\r\n", start) + 3)
        left = self._data[at:]
        cut = left and (_STUMP.match(left) or any(mark.startswith(left) for mark in _MARKS))
        return at if cut else end

    def _text(self, start: int, end: int, time: bytes, *, user: bool) -> list[Part]:
        """Return the text between two of the writer's fences, if there is any."""
        text = self._data[start:end]
        body = text.strip(b"\r\n")
        if not body:
            return []
        at = start + text.find(body[:1])
        return [("text", b"", body, self._base + at, self._line_at(at), time, user, True)]

    def _line_at(self, at: int) -> int:
        """Return the line that stands at a place behind the last one asked for."""
        self._line += self._data.count(b"\n", self._counted, at)
        self._counted = at
        return self._line

    def _end_of_call(self, start: int, end: int) -> int:
        """Return where the line break before a call's closing fence stands; -1 without one.

        JSON has no line of three ticks in it, so the first such line is it.
        """
        fence, bare = self._next_fence(start, end)
        while fence >= 0 and not bare:
            fence, bare = self._next_fence(fence + 1, end)
        return fence

    def _end_of_result(self, start: int, end: int) -> int:
        """Return the same for a result or a thought, which may hold such lines themselves.

        The writer leaves a blank line behind its fence. What looks like the next message may be
        quoted; then the next fence closes this one.
        """
        first, (fence, bare) = -1, self._next_fence(start, end)
        while fence >= 0:
            if bare and _AFTER_RESULT.match(self._data, fence + 4):
                return fence
            first = fence if bare and first < 0 else first
            fence, bare = self._next_fence(fence + 1, end)
        return first if first >= 0 else self._end_of_quote(end - 1, end)

    def _end_of_quote(self, start: int, end: int) -> int:
        """Return the same for a fence that somebody wrote in a text; -1 if it is a stray mark.

        It is closed by the next fence's line, unless that one opens a fence itself: then this one was
        never closed, and must not swallow the messages behind it.
        """
        fence, bare = self._next_fence(start, end + _LOOKAHEAD)
        if fence < 0 or not bare:
            return -1
        before = self._data.rfind(b"\n", 0, fence) + 1
        return -1 if _MARK.match(self._data, before, fence) else fence

    def _next_fence(self, start: int, end: int) -> tuple[int, bool]:
        """Find the next line that begins with three ticks, and tell whether they are all of it."""
        fence = self._data.find(b"\n```", start, end)
        return fence, fence >= 0 and not self._data[fence + 4 : _line_end(self._data, fence + 1)].strip()


def _line_end(data: bytes, start: int) -> int:
    """Return where the line break at the end of a line stands."""
    end = data.find(b"\n", start)
    return len(data) if end < 0 else end


def _kind(mark: re.Match[bytes] | None, *, user: bool) -> Kind:
    """Tell what the writer marked; what stands in the other one's message is only quoted."""
    if mark is None:
        return "text"
    if mark["id"] is not None:
        return "result" if user else "text"
    return "text" if user else "call" if mark["name"] else "thinking"
