"""What the ordered pass remembers: mails whose file is in the queue, and so many of those that are over."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from logtune.link import KEPT, Linker
from logtune.parse.reference import parse_block

SENT = "relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent"

ENDS = {
    "removed": ("qmgr[3]: {}: from=<x@a.example>, size=400, nrcpt=1 (queue active)", "qmgr[3]: {}: removed"),
    "given up before DATA": ("smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 rset=1 quit=1 commands=5",),
    "given up for another one": (),
    "lost in DATA": (
        "smtpd[7]: lost connection after DATA (12 bytes) from a.example[192.0.2.1]",
        "smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4",
        "cleanup[4]: {}: message-id=<>",
    ),
    "rejected by a milter": (
        "cleanup[4]: {}: message-id=<1@a.example>",
        "cleanup[4]: {}: milter-reject: END-OF-MESSAGE from a.example[192.0.2.1]: 5.7.1 Spam; from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<a.example>",
    ),
    "rejected by a header check": (
        "cleanup[4]: {}: reject: header Subject: x from a.example[192.0.2.1]; from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<a.example>: 5.7.1 no",
    ),
    "discarded": (
        "cleanup[4]: {}: message-id=<1@a.example>",
        "cleanup[4]: {}: discard: body x from a.example[192.0.2.1]; from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<a.example>: gone",
    ),
}  # fmt: skip


def fed(linker: Linker, lines: Iterator[str]) -> dict[str, dict[str, pa.Array]]:
    text = "".join(f"Mar  2 10:00:00 mail postfix/{line}\n" for line in lines)
    return linker.feed(parse_block(text.encode(), 0).batches).columns


def mails(ends: tuple[str, ...], count: int) -> Iterator[str]:
    """So many mails of one smtpd process, each with an id of its own, as enable_long_queue_ids gives them."""
    for number in range(count):
        queue_id = f"4dQYf{number:05}zBz1xYZ"
        yield f"smtpd[7]: {queue_id}: client=a.example[192.0.2.{number % 200}], orig_queue_id=4dQYg{number:05}zBz1xYZ"
        yield from (line.format(queue_id) for line in ends)


@pytest.mark.parametrize("ends", ENDS.values(), ids=ENDS)
def test_mails_that_are_over_are_forgotten(ends: tuple[str, ...]) -> None:
    """However it ended and however many there were, no more than the latest are remembered, and one that is not over."""
    linker = Linker(kept=5)
    fed(linker, mails(ends, 300))
    assert len(linker.lives) <= 6
    assert len(linker.over) <= 5


def test_mails_in_the_queue_are_not_forgotten() -> None:
    """A mail that waits, one on hold and one that the queue manager has not taken yet, while others come and go."""
    linker = Linker(kept=2)
    waiting = (
        "smtpd[8]: A1B2C3D4E5: client=a.example[192.0.2.1]",
        "cleanup[4]: A1B2C3D4E5: message-id=<1@a.example>",
        "smtpd[8]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
        "cleanup[4]: B1B2C3D4E5: message-id=<2@a.example>",
        "qmgr[3]: B1B2C3D4E5: from=<>, size=400, nrcpt=1 (queue active)",
        "pickup[5]: C1B2C3D4E5: uid=0 from=<root>",
    )
    columns = fed(linker, (line for part in (waiting, mails(ENDS["removed"], 9)) for line in part))
    assert [queue_id for *_, queue_id in linker.lives if queue_id and queue_id.endswith("B2C3D4E5")] == [
        "A1B2C3D4E5", "B1B2C3D4E5", "C1B2C3D4E5",
    ]  # fmt: skip
    assert columns["queue"]["message"].null_count == 0


def test_a_mail_that_was_given_up_too_early_is_not_forgotten() -> None:
    """Where cleanup's lines are missing, the queue manager's word counts."""
    linker = Linker(kept=2)
    lines = (
        "smtpd[8]: A1B2C3D4E5: client=a.example[192.0.2.1]",
        "smtpd[8]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
        "qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=1 (queue active)",
    )
    fed(linker, (line for part in (lines, mails(ENDS["removed"], 9)) for line in part))
    assert ("mail", "postfix", "A1B2C3D4E5") in linker.lives


@pytest.mark.parametrize(("between", "known"), [(1, True), (2, False)])
def test_a_mail_that_came_back_is_known_for_a_while(between: int, known: bool) -> None:
    """The filter's answer may come when the mail it gave back has been removed, but not long after."""
    linker = Linker(kept=2)
    lines = (
        "smtpd[8]: A1B2C3D4E5: client=a.example[192.0.2.1]",
        "smtpd[9]: B1B2C3D4E6: client=localhost[127.0.0.1]",
        "qmgr[3]: B1B2C3D4E6: removed",
        *mails(ENDS["removed"], between),
        f"smtp[5]: A1B2C3D4E5: to=<r@corbel.example>, {SENT} (250 2.0.0 Ok: queued as B1B2C3D4E6)",
    )
    assert fed(linker, iter(lines))["deliveries"]["successor"].is_valid().to_pylist() == [known]


def test_as_many_are_remembered_as_come_in_ten_minutes() -> None:
    """Postfix waits that long for a filter's answer: enough for a site of 35 million mails a day."""
    assert KEPT / 600 * 86_400 > 35_000_000
