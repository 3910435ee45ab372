"""Tables: alignment, what gives way where the width is short, what is left out."""

from __future__ import annotations

from logtune.render import json, tables, terminal
from logtune.results import Column, Kind, Note, Section, Table

LONG = "client-203-0-113-58.dsl.dynamic.pool-17.a-very-long-name-indeed.example.com"


def text(table: Table, width: int = 80) -> list[str]:
    return terminal.to_text(table, width).splitlines()


def test_alignment() -> None:
    """Numbers stand at the right under their heading, words at the left, seconds at their point."""
    table = Table(
        "t",
        (
            Column("name", "stage", Kind.TEXT),
            Column("n", "recipients", Kind.COUNT, "recipients"),
            Column("max", "max", Kind.SECONDS, "s"),
            Column("half", "half within", Kind.SECONDS),
        ),
        (("a before", 1_204, 18, 0.15), ("c connecting", 7, 0.42, 300)),
    )
    assert text(table) == [
        "  stage         recipients    max  half within",
        "  a before           1,204  18          0.15 s",
        "  c connecting           7   0.42        5 min",
    ]


def test_log_text_is_cut_and_words_are_wrapped() -> None:
    """What strangers wrote is cut to fit, what we say is not."""
    columns = (
        Column("c", "client", Kind.LOGTEXT),
        Column("e", "evidence", Kind.TEXT),
        Column("n", "mails", Kind.COUNT),
    )
    assert text(Table("t", columns, ((LONG, "you wrote it 14 mails, on 5 days", 6),)), 60) == [
        "  client                    evidence                   mails",
        "  client-203-0-113-58.dsl…  you wrote it 14 mails, on      6",
        "                            5 days",
    ]


def test_wide_characters() -> None:
    """Columns are measured in cells: a CJK character takes two, a combining one none."""
    columns = (Column("h", "HELO", Kind.LOGTEXT), Column("n", "mails", Kind.COUNT))
    rows = (("日本", 1), ("mu\u0308n", 2), ("abcd", 3))
    assert text(Table("t", columns, rows)) == [
        "  HELO  mails",
        "  日本      1",
        "  mu\u0308n       2",
        "  abcd      3",
    ]


def test_wide_columns() -> None:
    """Wide columns appear from 100 columns on."""
    columns = (Column("a", "name", Kind.TEXT), Column("b", "clients", Kind.COUNT, wide=True))
    table = Table("t", columns, (("x", 5),))
    assert [text(table, w)[0] for w in (80, 99, 100)] == ["  name", "  name", "  name  clients"]


def test_columns_below() -> None:
    """Columns for the second line stand there in narrow output, and beside in wide output."""
    columns = (Column("o", "organisation", Kind.LOGTEXT), Column("c", "client", Kind.LOGTEXT, below=True))
    table = Table("t", columns, (("example.com", "192.0.2.1"),))
    assert text(table) == ["  organisation, client", "  example.com", "    192.0.2.1"]
    assert text(table, 120) == ["  organisation  client", "  example.com   192.0.2.1"]


def test_stacked() -> None:
    """Where columns do not fit beside each other, values stand under each other with their headings."""
    columns = tuple(Column(n, n, Kind.COUNT) for n in ("recipients", "sessions", "mails", "clients", "deliveries"))
    assert text(Table("t", columns, ((1, 2, 3, 4, 5),)), 30) == [
        "  1", "    sessions 2", "    mails 3", "    clients 4", "    deliveries 5",
    ]  # fmt: skip


def test_what_is_left_out_is_said() -> None:
    """Rows cut by --top are counted, an empty table says none, the note stands below."""
    columns = (Column("a", "name", Kind.TEXT),)
    assert text(Table("t", columns, (("x",),), omitted=1_204, note="Of all.")) == [
        "  name", "  x", "  1,204 more, not shown", "  Of all.",
    ]  # fmt: skip
    assert text(Table("t", columns, ())) == ["  none"]


def test_null_and_unfit_values() -> None:
    """Null is a dash (cannot tell); a word among counts stands as it is; a short row is null at its end."""
    columns = (Column("a", "user", Kind.LOGTEXT), Column("n", "mails", Kind.COUNT))
    assert text(Table("t", columns, (("x", None), ("y", "3 more"), ("z",)))) == [
        "  user   mails", "  x          –", "  y     3 more", "  z          –",
    ]  # fmt: skip


def test_legends_once() -> None:
    """The legend of a kind of chart is given once in a report."""
    table = Table("t", (Column("d", "days", Kind.COURSE),), (((1, 2, 3),),))
    out = terminal.to_text(Section("s", "S", (table, Note("x"), table)))
    assert out.count("A column a day") == 1


def test_course_says_what_a_column_is() -> None:
    """A long course is shown with several days a column, and says so."""
    table = Table("t", (Column("d", "days", Kind.COURSE),), ((tuple(range(1, 71)),),))
    out = text(table)
    assert len(out[1].strip()) == 35
    assert "A column for 2 days" in out[2]


def test_columns_that_ask_for_long_lines() -> None:
    """What asks for more than a terminal shows stands on a page, what asks for more than that in JSON alone."""
    columns = (
        Column("a", "a", Kind.TEXT),
        Column("b", "b", Kind.COUNT, least=132),
        Column("c", "c", Kind.COUNT, least=200),
    )
    table = Table("t", columns, [("x", 1, 2)])
    assert [line.split() for line in text(table, 120)] == [["a"], ["x"]]
    assert [column.name for column in tables.fitting(table).columns] == ["a", "b"]
    assert tables.fitting(table).rows == [["x", 1]]
    assert json.data(table)["rows"] == [{"a": "x", "b": 1, "c": 2}]
