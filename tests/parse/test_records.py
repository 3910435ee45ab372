"""The rows that families give fit the tables."""

from __future__ import annotations

import pytest

from logtune import schema
from logtune.parse.families import READERS
from logtune.parse.records import TABLE_OF
from logtune.postfix.families import FAMILIES, FILTERS, UNSLASHED

COMMON = {column.name for column in schema.COMMON}


@pytest.mark.parametrize(("record", "table"), TABLE_OF.items())
def test_fields_are_the_columns_of_the_table(record: type, table: str) -> None:
    """A record has the columns of its table, in order, but for the common ones and those that are filled later."""
    columns = [c.name for c in schema.TABLES[table] if c.name not in COMMON | schema.FILLED_LATER]
    assert list(record._fields) == columns


def test_every_family_of_the_table_has_a_reader() -> None:
    """The table of families names no family that does not exist, and no family stands outside it."""
    assert set(FAMILIES.values()) == set(READERS)


def test_programs_without_a_slash_are_unmistakably_postfix() -> None:
    """``smtpd`` alone may be OpenSMTPD and ``local`` anything; filters are no Postfix programs."""
    assert "smtpd" not in UNSLASHED
    assert "local" not in UNSLASHED
    assert not UNSLASHED & set(FILTERS)
