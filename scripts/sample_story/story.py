"""The story of the sample session: a tide-table service learns to export CSV."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from make_sample import HAIKU, Say, Think, rejected, task, unanswered

if TYPE_CHECKING:
    from make_sample import Conversation

EXPORT = '''\
"""Tide tables as files that a spreadsheet opens."""

import csv
import io
from collections.abc import Sequence
from datetime import timezone
from zoneinfo import ZoneInfo

from tidepool.models import Station, Water

COLUMNS = ("date", "time", "height_m", "kind")


def to_csv(station: Station, waters: Sequence[Water]) -> str:
    """Return the waters as CSV in the station's own time, the offset in the heading."""
    zone = ZoneInfo(station.tz)
    offset = timezone(waters[0].time.astimezone(zone).utcoffset())
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow([f"{station.name} ({offset})"])
    rows.writerow(COLUMNS)
    for water in waters:
        local = water.time.astimezone(offset)
        rows.writerow([local.date(), f"{local:%H:%M}", f"{water.height:.2f}", water.kind])
    return text.getvalue()
'''

ROUTE = '''\


@app.get("/stations/{station_id}/tides.csv")
def tides_csv(
    station_id: str,
    start: date = Query(alias="from"),
    end: date = Query(alias="to"),
) -> Response:
    """The same waters as a spreadsheet takes them, in the station's own time."""
    station = station_or_404(station_id)
    first, last = midnight(start), midnight(end) + timedelta(days=1)
    waters = list(predict.extremes(station, first, last))
    return Response(
        to_csv(station, waters),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{station.id}.csv"'},
    )
'''

TESTS = """\
import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tidepool import predict
from tidepool.export import COLUMNS, to_csv
from tidepool.stations import find, stations

DAY = datetime(2026, 3, 20, tzinfo=UTC)


def table(station, start=DAY, days=1):
    waters = list(predict.extremes(station, start, start + timedelta(days=days)))
    heading, columns, *rows = csv.reader(io.StringIO(to_csv(station, waters)))
    assert tuple(columns) == COLUMNS
    return waters, heading, [dict(zip(columns, row)) for row in rows]


@pytest.mark.parametrize("station", stations().values(), ids=lambda s: s.id)
def test_every_station_exports(station):
    waters, heading, rows = table(station)
    assert heading[0].startswith(station.name)
    assert len(rows) == len(waters)


def test_brest_is_an_hour_ahead_in_winter():
    waters, _, rows = table(find("brest"))
    assert rows[0]["time"] == f"{waters[0].time + timedelta(hours=1):%H:%M}"


def test_a_name_with_a_comma_stays_in_one_cell():
    _, heading, _ = table(find("st-marys"))
    assert len(heading) == 1
"""

CLOCK_TEST = """\


def test_the_clock_change_in_march():
    waters, _, rows = table(find("brest"), datetime(2026, 3, 28, tzinfo=UTC), days=3)
    paris = ZoneInfo("Europe/Paris")
    expected = [f"{water.time.astimezone(paris):%m-%d %H:%M}" for water in waters]
    assert [f"{row['date'][5:]} {row['time']}" for row in rows] == expected
"""

AUTUMN_TEST = """\


def test_the_hour_that_comes_twice():
    zone = ZoneInfo("Europe/Paris")
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    waters = [Water(time=moment, height=1.0, kind="low") for moment in twice]
    rows = list(csv.reader(io.StringIO(to_csv(find("brest"), waters))))[2:]
    assert [row[1] for row in rows] == ["02:30", "02:30"]
    assert [row[2] for row in rows] == ["+02:00", "+01:00"]
    assert all(moment.astimezone(zone).hour == 2 for moment in twice)
"""

ROUTE_TESTS = """\


def csv_rows(client, station, start, end):
    answer = client.get(f"/stations/{station}/tides.csv", params={"from": start, "to": end})
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))[2:]


def test_csv_has_the_same_limit(client):
    answer = client.get("/stations/brest/tides.csv", params={"from": "1900-01-01", "to": "2200-01-01"})
    assert answer.status_code == 422


@pytest.mark.parametrize("station", ["brest", "chatham-is", "horta"])
def test_csv_days_are_the_harbours_days(client, station):
    rows = csv_rows(client, station, "2026-03-20", "2026-03-21")
    assert {row[0] for row in rows} == {"2026-03-20", "2026-03-21"}
    assert len(rows) in (7, 8)


def test_csv_of_the_last_day_of_the_year(client):
    rows = csv_rows(client, "chatham-is", "2026-12-31", "2026-12-31")
    assert {row[0] for row in rows} == {"2026-12-31"}


def test_no_zone_no_table(client, monkeypatch):
    nowhere = find("brest").model_copy(update={"id": "nowhere", "tz": None})
    monkeypatch.setitem(stations(), "nowhere", nowhere)
    answer = client.get("/stations/nowhere/tides.csv", params={"from": "2026-03-20", "to": "2026-03-20"})
    assert answer.status_code == 409
    assert "time zone" in answer.json()["detail"]
"""

SPAN = '''\
def span(start: date, end: date, zone: tzinfo = UTC) -> tuple[datetime, datetime]:
    """The first day's midnight and that after the last day, in this zone, as UTC."""
    first = datetime.combine(start, time(), zone).astimezone(UTC)
    last = datetime.combine(end + timedelta(days=1), time(), zone).astimezone(UTC)
    if last <= first:
        raise HTTPException(422, "'to' is before 'from'")
    if last - first > LONGEST:
        raise HTTPException(422, f"at most {LONGEST.days} days")
    return first, last
'''

SUMMARY = """\
This session is being continued from a previous conversation that ran out of context. The conversation is \
summarized below:
Analysis:
Mara runs tidepool, a FastAPI service for tide tables. Harbour masters want spreadsheets. We looked at the \
code, agreed a plan, built it, and had it reviewed; two of the review's findings are still open.

Summary:
1. What was asked
   - GET /stations/{id}/tides.csv: high and low waters as CSV, in the station's own time. The JSON route \
stays UTC.
   - Only the standard library: "We're not shipping pandas for twelve lines of text."
   - The live gauge network is not to be called from here, and its token is not to be used. Recorded data \
only.

2. Decisions, with Mara's words where she gave them
   - A station without a zone gets no table: "A table in the wrong time is worse than no table." It is a \
409, raised as NoZoneError in tidepool/export.py.
   - St Helier got its zone, Europe/Jersey.
   - The offset stands in a column of its own, utc_offset, in every row. It stood in the heading first, \
which was wrong for any table that spans a clock change; Mara agreed: "Yes, a column. I was wrong about the \
heading."
   - predict.py knows no zones and stays so.

3. Files
   - tidepool/export.py (new): to_csv(station, waters), NoZoneError, COLUMNS = date, time, utc_offset, \
height_m, kind
   - tidepool/app.py: route tides_csv, after tides
   - tests/test_export.py (new): 14 tests, among them the clock change of 29 March
   - data/stations.json: tz for st-helier

4. What went wrong and how it was mended
   - ZoneInfo(None) raised TypeError for St Helier: see the decision above.
   - One offset for the whole table, taken from its first row: every row after 29 March 01:00 UTC was an \
hour early. Each row is now converted by itself.

5. The review (two agents, read only)
   - OPEN, high: tides_csv does not check LONGEST. A span of 300 years keeps the process busy for half a \
minute.
   - OPEN, medium: 'from' and 'to' are UTC days on a table in local time. At Chatham (UTC+13:45 in March) the \
table for 20 March starts in the afternoon of the 20th and ends on the 21st.
   - Not to be done: formulas in station names. Mara: "The names are in our own file. Leave it."
   - The numbers agree: all eleven stations, 400 days, CSV against JSON, no difference.

6. Next
   - Mend the two open findings, tests first; then README, docs/api.md and CHANGELOG; then ruff and mypy; one \
commit. Do not push.
Please continue the conversation from where we left it off without asking the user any further questions. \
Continue with the last task that you were asked to work on."""


def python(*lines: str) -> str:
    """Return the command that runs these lines."""
    return "\n".join([".venv/bin/python - <<'EOF'", *lines, "EOF"])


def tell(main: Conversation) -> None:
    """Tell the whole session."""
    main.hook("SessionStart:startup", "direnv export json")
    look_around(main)
    above = plan(main)
    build(main, above)
    clock_change(main)
    live_feed(main)
    review(main)
    main.compact(
        "keep the decisions and what the reviewers found",
        SUMMARY,
    )
    open_findings(main)
    documents(main)
    hanging_server(main)
    autumn(main)
    commit(main)


def look_around(main: Conversation) -> None:
    """The question, and what is there."""
    w = main.world
    main.prompt(
        "Harbour masters keep asking for the tide table as a spreadsheet. I'd like a CSV export, with times in "
        "the harbour's own zone. Look around first, change nothing yet.",
        pause=30,
    )
    main.answer(
        Think(
            "She wants a CSV export with local times, and for now only a look. Let me see the layout, the readme "
            "and how times are handled at present."
        ),
        Say("I'll have a look at the project and at how it treats time before proposing anything."),
        w.bash("git log --oneline -8 && git status --short", "Show recent history and state", GIT_LOG, 0.3),
        w.glob("*.py"),
        w.read("README.md"),
    )
    main.answer(
        Say("The readme is firm about UTC, with a story behind it. Now the code."),
        w.read("tidepool/app.py"),
        w.read("tidepool/predict.py"),
        w.read("tidepool/models.py"),
    )
    main.answer(w.read("CHANGELOG.md"), w.read("tidepool/stations.py"))
    main.answer(
        Say("Stations carry a `tz`. Are there any without one?"),
        w.read("data/stations.json"),
    )
    main.answer(
        Think(
            "stations.json: st-helier has no tz, and the model says `str | None`. Before I propose anything I "
            "should know every place where a time is converted or printed, so that nothing else is surprised. "
            "That is a search an agent can do while I look at the tests."
        ),
        Say(
            "St Helier has none. I'll send an agent through the code for every place that turns or prints a "
            "time, and look at configuration and tests meanwhile."
        ),
        task(
            "Explore",
            "Find all time conversions",
            "In /home/mara/src/tidepool find every place where a time is converted to another zone, made naive, "
            "formatted, or parsed. Say for each what zone goes in and what comes out. Also say which stations "
            "have no tz, and whether any test depends on the local zone of the machine. Read only.",
            explorer,
            HAIKU,
        ),
        w.read(".env"),
        w.read("tests/test_app.py"),
    )
    main.answer(
        Think(
            "The .env holds real-looking credentials; nothing I need. I should not repeat them anywhere. The "
            "explorer agrees with what I saw: UTC everywhere, one station without a zone."
        ),
        w.bash(".venv/bin/pytest", "Run the tests as they are", None, 2.1),
        pause=6,
    )
    main.answer(
        Say(
            "Here is what I found:\n\n"
            "- Everything is UTC from end to end, on purpose (CHANGELOG 0.4.1). `predict.py` knows no zones; it "
            "should stay that way.\n"
            "- Ten of eleven stations have an IANA zone. **St Helier has none**.\n"
            "- One place writes times for people's eyes: none. So the export is the first, and the right place "
            "for the conversion is a module of its own.\n"
            "- 32 tests, all green.\n\n"
            "I'd add `GET /stations/{id}/tides.csv` and a small `tidepool/export.py`. Shall I plan it in detail?"
        ),
        pause=11,
    )
    main.done()


def explorer(agent: Conversation) -> str:
    """The first agent: every place that handles a time."""
    w = agent.world
    agent.answer(Say("I'll search for conversions first."), w.grep(r"astimezone|utcoffset|ZoneInfo|tzinfo"))
    agent.answer(
        w.grep(r"strftime|isoformat|fromisoformat|strptime"), w.grep(r"datetime|timedelta", "tidepool/*.py")
    )
    agent.answer(w.read("tidepool/predict.py", 1, 48))
    agent.answer(w.read("tidepool/app.py", 20, 46))
    agent.answer(
        Say("The gauge module speaks to the outside; let me see what it takes for a day."),
        w.read("tidepool/gauge.py"),
    )
    agent.answer(w.read("tidepool/zones.py"))
    agent.answer(
        Say("No such module; the name stood only in my head. On to the stations."),
        w.bash(
            python(
                "from tidepool.stations import stations",
                "for s in stations().values(): print(f'{s.id:12} {s.tz}')",
            ),
            "List the stations with their zones",
            None,
            0.7,
        ),
    )
    agent.answer(w.grep("tz", "data/*.json", "files_with_matches"), w.read("tests/test_predict.py"))
    agent.answer(
        Say("Last: does any test read the machine's own zone?"),
        w.bash("TZ=Pacific/Auckland .venv/bin/pytest tests", "Run the tests in another zone", None, 2.0),
    )
    agent.answer(
        w.bash("TZ=America/St_Johns .venv/bin/pytest tests", "And in one with half an hour", None, 2.0)
    )
    return dedent("""\
        ## Times in tidepool

        | place | in | out |
        |---|---|---|
        | `app.py:25` `midnight()` | a date | aware, UTC |
        | `predict.py:34` `hours()` | aware, any zone | hours since the epoch; naive is refused |
        | `predict.py:64` `extremes()` | aware | aware, same zone as `start` |
        | pydantic, on the way out | aware, UTC | ISO text with `Z` |
        | `gauge.py:19` `observed()` | a day as text, **taken as UTC** by the network | text |

        Nothing calls `astimezone`, `utcoffset` or `ZoneInfo`; nothing formats a time by hand.

        **Without `tz`: `st-helier`**, and no other.

        The tests pass with TZ=Pacific/Auckland and TZ=America/St_Johns: none depends on the machine.""")


def plan(main: Conversation) -> str:
    """The plan; returns the record that the next prompt stands under, twice."""
    w = main.world
    main.prompt(
        "Good. Columns date, time, height, kind. Put the UTC offset in the heading, not in every row, they'll "
        "print it. Plan it, then wait for me.",
        pause=95,
    )
    main.answer(
        Think("A plan, then wait. Keep it to what was asked: module, route, tests, documents."),
        w.todo(
            "[ ] Write tidepool/export.py with to_csv",
            "[ ] Add the route tides.csv to app.py",
            "[ ] Test every station, the offset and odd names",
            "[ ] Update README, docs/api.md and CHANGELOG",
        ),
    )
    main.answer(
        Say(
            "The plan:\n\n"
            "1. `tidepool/export.py`: `to_csv(station, waters) -> str`. First line the harbour's name and the "
            "offset, second the columns, then the waters.\n"
            "2. `GET /stations/{id}/tides.csv?from=&to=`, same parameters as the JSON, sent as an attachment.\n"
            "3. Tests over all eleven stations, since their names have commas and apostrophes in them.\n"
            "4. Readme, API page, changelog.\n\n"
            "One question is left for when we meet it: what to do for a harbour without a zone."
        ),
        pause=8,
    )
    main.done()
    return main.tip or ""


def build(main: Conversation, above: str) -> None:
    """A false start with pandas, taken back; then the real one."""
    w = main.world
    files, todos, backups = dict(w.files), list(w.todos), dict(w.backups)
    main.prompt("Go ahead. Use pandas for the writing, it's quick.", pause=40)
    main.answer(
        Say("I'll add pandas to the dependencies and write the table with `DataFrame.to_csv`."),
        w.todo(
            "[>] Write tidepool/export.py with to_csv",
            "[ ] Add the route tides.csv to app.py",
            "[ ] Test every station, the offset and odd names",
            "[ ] Update README, docs/api.md and CHANGELOG",
        ),
        w.edit("pyproject.toml", '"httpx>=0.27", "tzdata"]', '"httpx>=0.27", "pandas>=3", "tzdata"]'),
    )
    main.answer(
        w.bash(".venv/bin/pip install pandas", "Install pandas", PIP_PANDAS, 34),
    )
    main.answer(
        Think(
            "It pulls numpy too. The image of the service will grow by some 90 MB. She asked for it, though."
        ),
        Say("Installed: pandas and numpy, 87 MB together. The service's image was 61 MB. Shall I go on?"),
    )
    main.interrupted()

    # the person goes back to before that prompt: files and to-do list are restored with it
    w.files, w.todos, w.backups = files, todos, backups
    main.prompt(
        "Go ahead, with the csv module. We're not shipping pandas for twelve lines of text.",
        pause=25,
        under=above,
    )
    main.answer(
        Say("Agreed: the standard library does it."),
        w.todo(
            "[>] Write tidepool/export.py with to_csv",
            "[ ] Add the route tides.csv to app.py",
            "[ ] Test every station, the offset and odd names",
            "[ ] Update README, docs/api.md and CHANGELOG",
        ),
        w.write("tidepool/export.py", EXPORT),
    )
    main.answer(
        Say("Now the route."),
        w.edit(
            "tidepool/app.py",
            "from fastapi import FastAPI, HTTPException, Query\n\nfrom tidepool import predict\n",
            "from fastapi import FastAPI, HTTPException, Query, Response\n\nfrom tidepool import predict\n"
            "from tidepool.export import to_csv\n",
        ),
    )
    main.answer(
        w.edit(
            "tidepool/app.py",
            "    return list(predict.extremes(station, first, end))\n",
            "    return list(predict.extremes(station, first, end))\n" + ROUTE,
        )
    )
    main.answer(
        Say("It says `last`, not `end`; I quoted it from memory."),
        w.edit(
            "tidepool/app.py",
            "    return list(predict.extremes(station, first, last))\n",
            "    return list(predict.extremes(station, first, last))\n" + ROUTE,
        ),
        w.write("tests/test_export.py", TESTS),
    )
    main.answer(
        w.todo(
            "[x] Write tidepool/export.py with to_csv",
            "[x] Add the route tides.csv to app.py",
            "[>] Test every station, the offset and odd names",
            "[ ] Update README, docs/api.md and CHANGELOG",
        ),
        w.bash(".venv/bin/pytest tests/test_export.py", "Run the new tests", None, 1.9),
    )
    main.answer(
        Think("As feared: ZoneInfo(None). It is the question that I left open, and it is hers to answer."),
        Say(
            "All but one pass. `st-helier` has no zone, so `ZoneInfo(None)` blows up. Two ways: fall back to UTC "
            "and say so in the heading, or refuse. Which?"
        ),
        pause=6,
    )
    main.done()
    main.prompt(
        "Refuse. A table in the wrong time is worse than no table. And Jersey is Europe/Jersey, put it in.",
        pause=70,
    )
    main.answer(
        Say("Both, then."),
        w.edit(
            "tidepool/export.py",
            'COLUMNS = ("date", "time", "height_m", "kind")\n',
            'COLUMNS = ("date", "time", "height_m", "kind")\n\n\n'
            "class NoZoneError(ValueError):\n"
            '    """The station has no time zone, so nothing can be said in its time."""\n',
        ),
        w.edit(
            "tidepool/export.py",
            "    zone = ZoneInfo(station.tz)\n",
            "    if station.tz is None:\n"
            '        raise NoZoneError(f"{station.name} has no time zone")\n'
            "    zone = ZoneInfo(station.tz)\n",
        ),
    )
    main.answer(
        w.edit(
            "tidepool/app.py",
            "    waters = list(predict.extremes(station, first, last))\n    return Response(\n        to_csv(station, waters),\n",
            "    waters = list(predict.extremes(station, first, last))\n    try:\n"
            "        text = to_csv(station, waters)\n    except NoZoneError as error:\n"
            "        raise HTTPException(409, str(error)) from error\n    return Response(\n        text,\n",
        ),
        w.edit(
            "tidepool/app.py",
            "from tidepool.export import to_csv\n",
            "from tidepool.export import NoZoneError, to_csv\n",
        ),
        w.grep("st-helier", "data/*.json"),
    )
    main.answer(
        w.edit(
            "data/stations.json",
            '"lon": -2.117, "datum"',
            '"lon": -2.117, "tz": "Europe/Jersey", "datum"',
        ),
        w.bash(".venv/bin/pytest", "Run all tests", None, 2.4),
    )
    main.answer(
        Say(
            "Green, 45 tests. `tides.csv` answers 409 for a harbour without a zone, and St Helier now has one.\n\n"
            "A look at Brest for today:"
        ),
        w.bash(
            python(
                "from fastapi.testclient import TestClient",
                "from tidepool.app import app",
                "print(TestClient(app).get('/stations/brest/tides.csv?from=2026-03-17&to=2026-03-17').text)",
            ),
            "Print a table for Brest",
            None,
            1.1,
        ),
    )
    main.answer(Say("That is what the harbour master would open."), pause=3)
    main.done()


def clock_change(main: Conversation) -> None:
    """The bug that the heading brought, and the change of mind."""
    w = main.world
    main.prompt(
        "Does it survive the clock change on the 29th? That's the one that bit us last year.", pause=130
    )
    main.answer(
        Think(
            "The offset is taken from the first row and used for all. A table from 28 to 30 March would be one hour "
            "off after the change. I am nearly sure it fails; write the test and see it."
        ),
        Say("I doubt it: one offset for the whole table cannot be right on both sides. A test first."),
        w.edit(
            "tests/test_export.py",
            "from datetime import UTC, datetime, timedelta\n",
            "from datetime import UTC, datetime, timedelta\nfrom zoneinfo import ZoneInfo\n",
        ),
        w.edit(
            "tests/test_export.py",
            '    _, heading, _ = table(find("st-marys"))\n    assert len(heading) == 1\n',
            '    _, heading, _ = table(find("st-marys"))\n    assert len(heading) == 1\n' + CLOCK_TEST,
        ),
        w.bash(
            ".venv/bin/pytest tests/test_export.py -k clock", "Run the test of the clock change", None, 1.8
        ),
    )
    main.answer(
        Think(
            "Exactly the fault of 0.4.1. A heading cannot hold the offset where the table has two. She asked for the "
            "heading, so this is a change of what she asked for: say so."
        ),
        Say(
            "It does not. From 02:00 on the 29th every row is an hour early: the trawler on the sill again.\n\n"
            "The heading is the cause: a table that spans the change has two offsets. I'd put the offset in a column "
            "of its own and the zone's name in the heading. May I?"
        ),
        pause=7,
    )
    main.done()
    main.prompt("Yes, a column. I was wrong about the heading.", pause=45)
    main.answer(
        w.read("tidepool/export.py"),
        pause=2,
    )
    main.answer(
        w.edit(
            "tidepool/export.py",
            '("date", "time", "height_m", "kind")',
            '("date", "time", "utc_offset", "height_m", "kind")',
        ),
        w.edit(
            "tidepool/export.py",
            "    offset = timezone(waters[0].time.astimezone(zone).utcoffset())\n",
            "",
        ),
        w.edit(
            "tidepool/export.py",
            '    rows.writerow([f"{station.name} ({offset})"])\n',
            '    rows.writerow([f"{station.name} ({station.tz})"])\n',
        ),
        w.edit(
            "tidepool/export.py",
            "        local = water.time.astimezone(offset)\n"
            '        rows.writerow([local.date(), f"{local:%H:%M}", f"{water.height:.2f}", water.kind])\n',
            "        local = water.time.astimezone(zone)  # each by itself: a table may span a clock change\n"
            "        offset = local.isoformat()[-6:]\n"
            '        rows.writerow([local.date(), f"{local:%H:%M}", offset, f"{water.height:.2f}", water.kind])\n',
        ),
    )
    main.answer(
        w.edit(
            "tidepool/export.py",
            '    """Return the waters as CSV in the station\'s own time, the offset in the heading."""\n',
            '    """Return the waters as CSV, each in the station\'s own time with its offset."""\n',
        ),
        w.edit("tidepool/export.py", "from datetime import timezone\n", ""),
        w.bash(".venv/bin/pytest tests/test_export.py", "Run the tests of the export", None, 1.8),
    )
    main.answer(
        w.bash(
            python(
                "from fastapi.testclient import TestClient",
                "from tidepool.app import app",
                "print(TestClient(app).get('/stations/brest/tides.csv?from=2026-02-01&to=2026-04-30').text)",
            ),
            "Print the whole spring for Brest",
            None,
            1.3,
        ),
    )
    main.answer(
        Say(
            "It survives now. Look at the 29th: 01:00 UTC falls between two rows, and the offset changes with it."
        ),
        pause=6,
    )
    main.done()


def live_feed(main: Conversation) -> None:
    """A call that the person does not allow."""
    w = main.world
    main.prompt("How far is the prediction from the water? Brest, yesterday.", pause=110)
    main.answer(
        Think("gauge.observed asks the network with the token of .env. One request should do."),
        w.read("tidepool/gauge.py"),
    )
    main.answer(
        Say("I'll ask the gauge network for yesterday's observations."),
        rejected(
            w.bash(
                'set -a; . ./.env; curl -s -H "Authorization: Bearer $GAUGE_TOKEN" '
                '"$GAUGE_URL/stations/brest/observations?day=2026-03-16"',
                "Fetch yesterday's observations",
                "",
            ),
            "Not with the live token, please. It's rate-limited and the harbour uses it. Work from the table, I'll "
            "compare by hand.",
        ),
    )
    heights = (
        "from datetime import UTC, datetime, timedelta",
        "from tidepool import predict",
        "from tidepool.stations import find",
        "start = datetime(2026, 3, 16, tzinfo=UTC)",
        "for n in range(144):",
        "    t = start + timedelta(minutes=10 * n)",
        "    print(f'{t:%H:%M}Z {predict.height(find('brest'), t):6.3f}')",
    )
    main.answer(
        Say(
            "Understood: nothing here calls the gauge network. Yesterday's prediction, then, for your comparison:"
        ),
        w.bash(python(*heights), "Print ten-minute heights of yesterday", None, 1.0),
    )
    main.answer(
        Say("Quotes inside quotes, which this Python does not take."),
        w.bash(
            python(*heights[:-1], "    print(f'{t:%H:%M}Z {predict.height(find(\"brest\"), t):6.3f}')"),
            "Print ten-minute heights of yesterday",
            None,
            1.0,
        ),
    )
    main.answer(Say("Ten-minute heights in UTC, the same steps as the gauge's means."), pause=3)
    main.done()


def review(main: Conversation) -> None:
    """Two agents at the same time: one reads, one calculates."""
    w = main.world
    main.prompt("Now have someone else look at it before I do. And someone to check the numbers.", pause=240)
    main.answer(
        Say("Two agents at once: a reviewer for the code, and one that holds the CSV against the JSON."),
        task(
            "general-purpose",
            "Review the CSV export",
            "Review the new CSV export in /home/mara/src/tidepool: tidepool/export.py, the route tides_csv in "
            "tidepool/app.py, tests/test_export.py. Look for what a harbour master or a hostile client could "
            "run into. Try things rather than argue. Change nothing. Findings with severity, place, and how you "
            "saw it; no praise.",
            reviewer,
        ),
        task(
            "general-purpose",
            "Check CSV against JSON",
            "In /home/mara/src/tidepool check for every station over 400 days that /tides.csv says the same "
            "waters as /tides: same count, same instants to the minute once the offset is taken off, same "
            "heights. Change nothing. Report differences, or that there are none.",
            checker,
        ),
    )
    main.answer(
        Think(
            "The limit is a real hole, and mine: I copied the span instead of sharing it. The UTC days are a real "
            "surprise for a local table. Formula injection: the names come from their own file."
        ),
        Say(
            "Both are back. The numbers agree for all eleven stations over 400 days. The review found three things:\n\n"
            "1. **High**: `tides_csv` has no 400-day limit. I copied the span and left the check behind.\n"
            "2. **Medium**: `from` and `to` are UTC days on a local table. Chatham's 20 March starts at 13:45.\n"
            "3. **Low**: a station name that starts with `=` would be a formula in Excel.\n\n"
            "I'd mend the first two, tests first."
        ),
        pause=12,
    )
    main.queue("enqueue", "The names are in our own file. Leave 3.")
    main.done()
    main.queue("dequeue")
    main.prompt("The names are in our own file. Leave 3. Do 1 and 2.", pause=15)
    main.answer(
        Say("1 and 2 it is."),
        w.todo(
            "[x] Write tidepool/export.py with to_csv",
            "[x] Add the route tides.csv to app.py",
            "[x] Test every station, the offset and odd names",
            "[>] Hold the CSV route to 400 days",
            "[ ] Take from and to as the harbour's days",
            "[ ] Update README, docs/api.md and CHANGELOG",
        ),
        w.read("tidepool/app.py", 1, 80),
        w.read("tests/test_export.py"),
    )
    main.done()


def reviewer(agent: Conversation) -> str:
    """The second agent: reads, and tries to break it."""
    w = agent.world
    agent.answer(
        Say("I'll read the change first, then try it."),
        w.read("tidepool/export.py"),
        w.read("tidepool/app.py"),
    )
    agent.answer(w.read("tests/test_export.py"), w.grep("LONGEST"))
    agent.answer(
        Think(
            "LONGEST is used once, in `tides`. The CSV route builds its own span. So: how long does a long one take?"
        ),
        w.bash(
            python(
                "import time",
                "from fastapi.testclient import TestClient",
                "from tidepool.app import app",
                "began = time.perf_counter()",
                "a = TestClient(app).get('/stations/brest/tides.csv?from=1900-01-01&to=2200-01-01')",
                "print(a.status_code, f'{len(a.text):,} bytes', f'{time.perf_counter() - began:.0f} s')",
            ),
            "Ask for three hundred years",
            None,
            35,
        ),
    )
    agent.answer(
        Say("No limit at all. Next, harbours far from Greenwich."),
        w.bash(
            python(
                "from fastapi.testclient import TestClient",
                "from tidepool.app import app",
                "for s in ('chatham-is', 'horta', 'brest'):",
                "    print(TestClient(app).get(f'/stations/{s}/tides.csv?from=2026-03-20&to=2026-03-20').text)",
            ),
            "Print one day for three harbours",
            None,
            1.2,
        ),
    )
    agent.answer(
        Think(
            "Chatham: 20 March shows rows of the 20th afternoon and the 21st morning. A user would call that wrong."
        ),
        w.bash(
            python(
                "from tidepool.export import to_csv",
                "from tidepool.stations import find",
                "print(to_csv(find('brest'), []))",
            ),
            "Export an empty table",
            None,
            0.8,
        ),
    )
    agent.answer(
        w.bash(
            python(
                "from tidepool.export import to_csv",
                "from tidepool.stations import find",
                "print(to_csv(find('brest').model_copy(update={'name': '=HYPERLINK(1)'}), []))",
            ),
            "Export a name that is a formula",
            None,
            0.8,
        ),
        w.bash(
            python(
                "from fastapi.testclient import TestClient",
                "from tidepool.app import app",
                "a = TestClient(app).get('/stations/brest/tides.csv?from=2026-03-20&to=2026-03-01')",
                "print(a.status_code, repr(a.text))",
            ),
            "Ask for a span that runs backwards",
            None,
            0.9,
        ),
    )
    agent.answer(
        w.bash(".venv/bin/ruff check tidepool/export.py tidepool/app.py", "Lint the change", None, 0.4)
    )
    return dedent("""\
        ## Findings

        **1. High: no limit on the span** (`app.py`, `tides_csv`)
        `tides` refuses more than 400 days; `tides_csv` builds its own span and never looks at `LONGEST`.
        `from=1900-01-01&to=2200-01-01` was answered with 200 and fourteen megabytes after half a minute of one
        core. Any client can do that. A span that runs backwards is a 200 with an empty table too, where the JSON
        says 422.

        **2. Medium: the days are Greenwich's, the table is the harbour's** (`app.py`, `midnight`)
        At `chatham-is` the table for 20 March begins in the afternoon of the 20th and ends on the 21st. Nobody
        who asks for the 20th means that. In Europe it is one hour at the edge, which is worse: it goes unnoticed.

        **3. Low: a name can be a formula** (`export.py`, heading)
        `=HYPERLINK(1)` as a station's name is written as it is, and Excel evaluates it.

        Tried without finding anything: an empty table, names with commas and quotes, the clock change.""")


def checker(agent: Conversation) -> str:
    """The third agent: compares every number."""
    w = agent.world
    script = dedent("""\
        import csv, io
        from datetime import datetime
        from fastapi.testclient import TestClient
        from tidepool.app import app
        from tidepool.stations import stations

        client = TestClient(app)
        span = {"from": "2026-01-01", "to": "2027-02-04"}
        for name in stations():
            waters = client.get(f"/stations/{name}/tides", params=span).json()
            rows = list(csv.reader(io.StringIO(client.get(f"/stations/{name}/tides.csv", params=span).text)))[2:]
            differences = abs(len(rows) - len(waters))
            for row, water in zip(rows, waters):
                local = datetime.fromisoformat(f"{row[0]}T{row[1]}{row[2]}")
                instant = datetime.fromisoformat(water["time"]).replace(second=0)
                differences += local != instant or float(row[3]) != water["height"] or row[4] != water["kind"]
            print(f"{name:12} {len(waters):5} waters {len(rows):5} rows {differences:3} differences")
        """)
    agent.answer(
        Say("I'll look at both routes, then compare them row by row."), w.read("tidepool/app.py", 40, 52)
    )
    agent.answer(
        w.bash(f".venv/bin/python - <<'EOF'\n{script}EOF", "Compare CSV and JSON for all stations", None, 23)
    )
    agent.answer(
        Think(
            "No differences. Is my comparison able to see one? Shift one value and see that it is counted."
        ),
        Say("None. Before I believe that, a test of the test: I shift every height by a centimetre."),
        w.bash(
            ".venv/bin/python - <<'EOF'\n"
            + script.replace('!= water["height"]', '!= round(water["height"] + 0.01, 2)').replace(
                "in stations()", "in ('brest', 'horta')"
            )
            + "EOF",
            "Compare with a planted difference",
            None,
            5,
        ),
    )
    agent.answer(w.bash(".venv/bin/pytest -vv", "Run all tests, by name", None, 2.5))
    return dedent("""\
        No differences. Eleven stations, 400 days from 1 January 2026 (two clock changes and a leap to the new
        year among them): every row of the CSV is the JSON's water at the same minute, with the same height
        and kind. With a centimetre planted, every row was reported, so the comparison does see one.

        The seconds of the JSON are cut, not rounded, in the CSV's minutes. I take that as meant.""")


def open_findings(main: Conversation) -> None:
    """After the compaction: the two findings, tests first."""
    w = main.world
    main.prompt("Right, where were we?", pause=420)
    main.answer(
        Think(
            "From the summary: two findings open, tests first. Then documents, ruff, mypy, one commit, no push."
        ),
        Say(
            "Two of the review's findings are open: the missing 400-day limit and the days that are Greenwich's. "
            "Tests first."
        ),
        w.read("tests/test_app.py"),
    )
    main.answer(
        w.edit(
            "tests/test_app.py",
            "import pytest\nfrom fastapi.testclient import TestClient\n\nfrom tidepool.app import app\n",
            "import csv\nimport io\n\nimport pytest\nfrom fastapi.testclient import TestClient\n\nfrom tidepool.app import app\nfrom tidepool.stations import find, stations\n",
        ),
        w.edit(
            "tests/test_app.py",
            '    answer = client.get("/stations/brest/tides", params={"from": "2026-01-01", "to": "2027-12-31"})\n    assert answer.status_code == 422\n',
            '    answer = client.get("/stations/brest/tides", params={"from": "2026-01-01", "to": "2027-12-31"})\n    assert answer.status_code == 422\n'
            + ROUTE_TESTS,
        ),
        w.bash(".venv/bin/pytest tests/test_app.py", "See the new tests fail", None, 36),
    )
    main.answer(
        Say("They fail for the right reasons. One helper for both routes, with the zone as an argument:"),
        w.read("tidepool/app.py"),
    )
    main.answer(
        w.edit(
            "tidepool/app.py",
            'def midnight(day: date) -> datetime:\n    """The start of a day, UTC."""\n    return datetime(day.year, day.month, day.day, tzinfo=UTC)\n',
            SPAN,
        ),
        w.edit(
            "tidepool/app.py",
            "    first, last = midnight(start), midnight(end) + timedelta(days=1)\n    if last <= first:\n"
            "        raise HTTPException(422, \"'to' is before 'from'\")\n    if last - first > LONGEST:\n"
            '        raise HTTPException(422, f"at most {LONGEST.days} days")\n'
            "    return list(predict.extremes(station, first, last))\n",
            "    return list(predict.extremes(station, *span(start, end)))\n",
        ),
        w.edit(
            "tidepool/app.py",
            "    first, last = midnight(start), midnight(end) + timedelta(days=1)\n"
            "    waters = list(predict.extremes(station, first, last))\n    try:\n        text = to_csv(station, waters)\n"
            "    except NoZoneError as error:\n        raise HTTPException(409, str(error)) from error\n",
            "    if station.tz is None:\n"
            '        raise HTTPException(409, f"{station.name} has no time zone")\n'
            "    waters = list(predict.extremes(station, *span(start, end, ZoneInfo(station.tz))))\n"
            "    text = to_csv(station, waters)\n",
        ),
        w.edit(
            "tidepool/app.py",
            "from datetime import UTC, date, datetime, timedelta\n",
            "from zoneinfo import ZoneInfo\nfrom datetime import UTC, date, datetime, time, timedelta, tzinfo\n",
        ),
    )
    main.answer(w.bash(".venv/bin/pytest", "Run all tests", None, 2.6))
    main.answer(
        Think(
            "All pass. NoZoneError in app.py's import is unused now; to_csv still raises it for anyone who calls it "
            "directly. Ruff will say so. Also: the day of the clock change has 23 hours in Paris; span takes midnights in "
            "the zone, so that is right by construction."
        ),
        w.edit(
            "tidepool/app.py",
            "from tidepool.export import NoZoneError, to_csv\n",
            "from tidepool.export import to_csv\n",
        ),
        w.todo(
            "[x] Write tidepool/export.py with to_csv",
            "[x] Add the route tides.csv to app.py",
            "[x] Test every station, the offset and odd names",
            "[x] Hold the CSV route to 400 days",
            "[x] Take from and to as the harbour's days",
            "[>] Update README, docs/api.md and CHANGELOG",
        ),
    )
    main.answer(
        Say(
            "Both are mended. `from` and `to` are now the harbour's own days for the CSV, midnight to midnight, and the "
            "29th of March has its 23 hours. The JSON route is as it was, in UTC."
        ),
        pause=5,
    )
    main.done()


def documents(main: Conversation) -> None:
    """Readme, API page, changelog; then the linters."""
    w = main.world
    main.prompt("Docs then. Short, please. Harbour masters read them too.", pause=80)
    main.answer(w.read("docs/api.md"), w.read("README.md", 1, 16))
    main.answer(
        w.edit(
            "README.md",
            "    GET /stations/{id}/tides?from=&to=   high and low waters, JSON, UTC\n",
            "    GET /stations/{id}/tides?from=&to=   high and low waters, JSON, UTC\n"
            "    GET /stations/{id}/tides.csv?...     the same for a spreadsheet, in the harbour's own time\n",
        ),
        w.edit(
            "README.md",
            "Heights are metres above chart datum. Times are UTC, always, with a `Z`: whoever shows them to a person\n"
            "turns them into that person's time. We learned this the hard way (see CHANGELOG, 0.4.1).\n",
            "Heights are metres above chart datum. Times in JSON are UTC, always, with a `Z`. Times in CSV are the\n"
            "harbour's, each with its offset, and a harbour without a zone has no CSV. We learned this the hard way\n"
            "(see CHANGELOG, 0.4.1).\n",
        ),
        w.write("docs/api.md", w.files["docs/api.md"] + API),
        w.edit("CHANGELOG.md", "# Changelog\n", "# Changelog\n\n" + CHANGES),
    )
    main.answer(
        Say("Now the linters."),
        w.bash(".venv/bin/ruff check .", "Run ruff", None, 0.5),
        w.bash(".venv/bin/mypy tidepool", "Run mypy", None, 6.2),
    )
    w.files["tidepool/app.py"] = w.files["tidepool/app.py"].replace(
        "from zoneinfo import ZoneInfo\nfrom datetime import UTC, date, datetime, time, timedelta, tzinfo\n",
        "from datetime import UTC, date, datetime, time, timedelta, tzinfo\nfrom zoneinfo import ZoneInfo\n",
    )
    main.answer(
        Say("An import out of order. Ruff can mend that itself."),
        w.bash(
            ".venv/bin/ruff check --fix .",
            "Let ruff sort the imports",
            "Found 1 error (1 fixed, 0 remaining).",
            0.5,
        ),
    )
    main.answer(
        w.todo(
            "[x] Write tidepool/export.py with to_csv",
            "[x] Add the route tides.csv to app.py",
            "[x] Test every station, the offset and odd names",
            "[x] Hold the CSV route to 400 days",
            "[x] Take from and to as the harbour's days",
            "[x] Update README, docs/api.md and CHANGELOG",
        ),
        Say(
            "Written: one line and one paragraph in the readme, one section in the API page, three lines of changelog."
        ),
    )
    main.done()


def hanging_server(main: Conversation) -> None:
    """A call that never comes back."""
    w = main.world
    main.prompt("Try it for real once, over HTTP.", pause=50)
    main.answer(
        Say("I'll start the service and fetch a table."),
        unanswered(w.bash(".venv/bin/uvicorn tidepool.app:app --port 8080", "Start the service", "")),
    )
    w.wait(95)
    main.interrupted()
    main.prompt(
        "That's a server, it never comes back. Start it in the background and stop it after.", pause=12
    )
    main.answer(
        Think("My mistake: in the foreground it never returns. Background, wait for it, fetch, stop."),
        w.bash(
            ".venv/bin/uvicorn tidepool.app:app --port 8080 --log-level warning & server=$!\nsleep 2\n"
            'curl -si "http://127.0.0.1:8080/stations/st-marys/tides.csv?from=2026-03-29&to=2026-03-30"\n'
            'curl -s "http://127.0.0.1:8080/stations/st-marys/tides.csv?from=1900-01-01&to=2200-01-01"\nkill $server',
            "Start the service, fetch two tables, stop it",
            None,
            3.4,
        ),
    )
    main.answer(
        Say(
            "Over HTTP too: St Mary's across the clock change with the name quoted, and three hundred years refused at "
            "once. The server is stopped."
        )
    )
    main.done()


def autumn(main: Conversation) -> None:
    """The last question."""
    w = main.world
    main.prompt("And October? Half past two comes twice on the 25th.", pause=65)
    main.answer(
        Say("The offset column is what tells the two apart. A test, so that it stays so:"),
        w.edit(
            "tests/test_export.py",
            "from tidepool.stations import find, stations\n",
            "from tidepool.models import Water\nfrom tidepool.stations import find, stations\n",
        ),
        w.write("tests/test_export.py", w.files["tests/test_export.py"] + AUTUMN_TEST),
        w.bash(".venv/bin/pytest && .venv/bin/ruff check .", "Run all tests and ruff", None, 3.1),
    )
    main.answer(
        Say(
            "Both half past twos are there, one with +02:00 and one with +01:00. That column was the better idea, for "
            "October as much as for March."
        )
    )
    main.done()


def commit(main: Conversation) -> None:
    """One commit, and three lines for the harbour masters."""
    w = main.world
    main.prompt("One commit, don't push. And three lines I can send to the harbour masters.", pause=75)
    main.answer(
        w.bash("git status --short && git diff --stat", "See what would be committed", GIT_STATUS, 0.3)
    )
    main.answer(
        Think("No .env among them. Good."),
        w.bash(
            'git add data docs tests tidepool README.md CHANGELOG.md && git commit -q -m "CSV export of tide tables, in '
            "the harbour's own time\" && git log --oneline -1",
            "Commit the export",
            "e41b7d9 CSV export of tide tables, in the harbour's own time",
            0.4,
        ),
    )
    main.answer(
        Say(
            "Committed as e41b7d9, not pushed. For the harbour masters:\n\n"
            "> Your tide table now opens in a spreadsheet: add `.csv` to the link you have.\n"
            "> Times are your harbour's own, summer and winter, and each row says how far from UTC it is.\n"
            "> A day is your day, from midnight to midnight, also on the two days when the clocks change."
        ),
        pause=8,
    )
    main.done()


API = """
## GET /stations/{id}/tides.csv

The same waters for a spreadsheet, in the harbour's own time. `from` and `to` are the harbour's days, from
midnight to midnight. At most 400 days.

    Brest (Europe/Paris)
    date,time,utc_offset,height_m,kind
    2026-03-20,08:59,+01:00,6.07,high

A harbour whose time zone is not known is answered with 409.
"""

CHANGES = """\
## 0.9.0 (unreleased)
- `/stations/{id}/tides.csv`: the table for a spreadsheet, in the harbour's own time, each row with its offset.
- St Helier has its time zone.
"""

GIT_LOG = """\
8c1f0aa Concarneau: S2 phase was in radians
f27e91d Limit tables to 400 days
0b55c3e Bisection on the derivative
6d90e42 Chatham Islands, for the cruising club
a1c7714 gauge: ten-minute means
51fd2b8 Fowey
3e8ab90 All times are UTC
97d1c05 Brixham: one hour out, see the log
"""

GIT_STATUS = """\
 M CHANGELOG.md
 M README.md
 M data/stations.json
 M docs/api.md
 M tests/test_app.py
 M tidepool/app.py
?? tests/test_export.py
?? tidepool/export.py
 CHANGELOG.md       |  4 ++++
 README.md          |  6 ++++--
 data/stations.json |  2 +-
 docs/api.md        | 13 +++++++++++++
 tests/test_app.py  | 38 ++++++++++++++++++++++++++++++++++++++
 tidepool/app.py    | 46 ++++++++++++++++++++++++++++++++++++----------
 6 files changed, 96 insertions(+), 13 deletions(-)
"""

PIP_PANDAS = """\
Collecting pandas
  Downloading pandas-3.0.1-cp312-cp312-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl (10.9 MB)
     ---------------------------------------- 10.9/10.9 MB 3.1 MB/s eta 0:00:00
Collecting numpy>=1.26.0 (from pandas)
  Downloading numpy-2.4.2-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl (16.4 MB)
     ---------------------------------------- 16.4/16.4 MB 3.0 MB/s eta 0:00:00
Collecting python-dateutil>=2.8.2 (from pandas)
  Downloading python_dateutil-2.9.0.post0-py2.py3-none-any.whl (229 kB)
Collecting six>=1.5 (from python-dateutil>=2.8.2->pandas)
  Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)
Installing collected packages: six, numpy, python-dateutil, pandas
Successfully installed numpy-2.4.2 pandas-3.0.1 python-dateutil-2.9.0.post0 six-1.17.0
"""
