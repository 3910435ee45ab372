"""Mails of one session whose MAIL commands are warned about at once: lines of Postfix 3.7 with smtpd_delay_reject=no."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest

from logtune.link import Linker, Linking, NativeLinker
from logtune.parse.reference import parse_block

CLIENT = "unknown[203.0.113.9]"
U, G = "u@no.example", "meister@handwerk.example"  # a sender whose domain is not found, and one without fault
X, Y, A = "nobody1@corbel.example", "nobody2@corbel.example", "anna@corbel.example"
FILE = f"C7A69AD8529: client={CLIENT}"
PROXIED = f"NOQUEUE: client={CLIENT}"

Make = Callable[[], Linking]


@pytest.fixture(params=["reference", "native"])
def make(request: pytest.FixtureRequest) -> Make:
    """Both linkers, where both are built."""
    if request.param == "reference":
        return Linker
    if os.environ.get("LOGTUNE_REQUIRE_NATIVE") != "1":
        pytest.importorskip("logtune._native", reason="native core not built", exc_type=ImportError)
    return NativeLinker


def warned(sender: str = U, text: str = "Sender address rejected: Domain not found") -> str:
    """What smtpd logs at each MAIL command of *sender*, whatever the client said before."""
    return f"NOQUEUE: reject_warning: MAIL from {CLIENT}: 450 4.1.8 <{sender}>: {text}; from=<{sender}> proto=ESMTP helo=<frasier>"


def refused(recipient: str, sender: str = U) -> str:
    return (
        f"NOQUEUE: reject: RCPT from {CLIENT}: 550 5.1.1 <{recipient}>: Recipient address rejected: User unknown in "
        f"virtual mailbox table; from=<{sender}> to=<{recipient}> proto=ESMTP helo=<frasier>"
    )


def of_last_mail(make: Make, *lines: str) -> list[bool]:
    """Which of the decisions in *lines* of one session belong to the last mail that has a `client=` line."""
    text = "".join(f"Nov 23 05:27:04 mail postfix/smtpd[25430]: {line}\n" for line in lines)
    given = make().feed(parse_block(text.encode(), 0).batches)
    assert given.late == []
    message = given.columns["queue"]["message"].to_pylist()[-1]
    found: Sequence[int | None] = given.columns["decisions"]["message"].to_pylist()
    return [value == message for value in found]


def test_a_recipient_refused_twice_in_one_mail_leaves_it_its_warnings(make: Make) -> None:
    """No other mail begins before another MAIL line: the client named the recipient again in the same mail."""
    assert of_last_mail(make, warned(), refused(X), refused(X), FILE) == [True] * 3
    assert of_last_mail(make, warned(), refused(X), refused(Y), refused(X), refused(Y), FILE) == [True] * 5


def test_a_line_at_mail_begins_a_mail(make: Make) -> None:
    """RSET leaves no line; inside a mail, smtpd answers MAIL without judging it. The lines before are of a mail given up."""
    assert of_last_mail(make, warned(), refused(X), warned(), FILE) == [False, False, True]
    assert of_last_mail(make, warned(), refused(X), warned(), refused(X), FILE) == [False, False, True, True]
    assert of_last_mail(make, refused(X, G), warned(), refused(X), FILE) == [False, True, True]


def test_a_mail_given_up_before_its_first_recipient(make: Make) -> None:
    """The same warning twice is of two MAIL commands; another warning about the same sender may be of the same one."""
    listed = warned(text="Sender address rejected: listed here")
    assert of_last_mail(make, warned(), warned(), refused(X), FILE) == [False, True, True]
    assert of_last_mail(make, warned(), listed, refused(X), FILE) == [True, True, True]
    assert of_last_mail(make, warned(), listed, warned(), listed, FILE) == [False, False, True, True]
    assert of_last_mail(make, warned(), warned("v@no.example"), FILE) == [False, True]


def test_mails_of_a_sender_without_fault(make: Make) -> None:
    """Where no line tells of MAIL, a refused recipient that is named again is of the next mail."""
    assert of_last_mail(make, refused(X, G), refused(X, G), FILE) == [False, True]
    assert of_last_mail(make, warned(), refused(X), refused(X, G), refused(X, G), FILE) == [False, False, False, True]


def test_a_line_at_mail_ends_what_a_before_queue_filter_had(make: Make) -> None:
    """The client gave the first mail up; its second one is refused whole, or taken."""
    first = (warned(), PROXIED)
    assert of_last_mail(make, *first, warned(), refused(X)) == [True, False, False]
    assert of_last_mail(make, *first, warned(), refused(X), refused(X), PROXIED) == [False, True, True, True]
    rejected = warned().replace("reject_warning", "reject")
    assert of_last_mail(make, *first, rejected, refused(X, G)) == [True, False, False]
