"""Where a trial and enforcement differ, and why no trial can tell: each such case is shown by its own clients.

The comparison of test_trial.py accepts none of them, but for the second, which is named there.
"""

from __future__ import annotations

from lab import world as w

from tests.live.cases import BASE, EARLY, FILES
from tests.live.comparison import Case, Reason, Result, compare
from tests.live.sessions import Greet, Mail
from tests.live.visits import ANNA, BERT, CLARA, Visit, visit

BAD, GOOD = "frasier", "dsl-17.handwerk.example"
MAIL = Mail("meister@handwerk.example", (ANNA, BERT))
DELAYED = {**BASE, "smtpd_helo_restrictions": f"warn_if_reject {w.NON_FQDN}"}
AT_ONCE = {**DELAYED, **EARLY}


def result(visits: list[Visit], settings: dict[str, str], trial: str = w.NON_FQDN, rule: str = "", **more) -> Result:
    case = Case("difference", settings, {trial: rule or trial}, files=FILES, **more)
    return compare(case, visits, together=False)[trial]


def recipients(keys) -> list[tuple[str, str]]:
    return sorted((key.script, key.recipient) for key in keys)


def test_a_client_corrects_its_greeting() -> None:
    """Rejected at EHLO, the client greets with another name and delivers: the trial said it would be stopped."""
    clever = visit("clever", w.CRAFTSMAN, Greet(BAD, instead=GOOD), MAIL)
    stubborn = visit("stubborn", w.KONTOR, Greet(BAD), MAIL)
    found = result([clever, stubborn], AT_ONCE)
    assert recipients(found.prediction.stopped) == [
        ("clever-0", ANNA), ("clever-0", BERT), ("stubborn-0", ANNA), ("stubborn-0", BERT),
    ]  # fmt: skip
    assert recipients(found.stopped) == [("stubborn-0", ANNA), ("stubborn-0", BERT)]
    assert set(found.differences.values()) == {Reason.CORRECTED}


def test_a_client_goes_on_under_its_earlier_greeting() -> None:
    """A second greeting is rejected, but the first one still holds (smtpd.c keeps it until a new one is taken)."""
    found = result([visit("twice", w.CRAFTSMAN, Greet(GOOD), MAIL, Greet(BAD), MAIL)], AT_ONCE)
    assert found.stopped == set()
    assert set(found.differences.values()) <= {Reason.EARLIER_GREETING}


def test_a_client_goes_on_without_a_greeting() -> None:
    """Without smtpd_helo_required, a client that ignores the rejection of its EHLO sends mail all the same."""
    visits = [visit("deaf", w.CRAFTSMAN, Greet(BAD), MAIL)]
    found = result(visits, {**AT_ONCE, "smtpd_helo_required": "no"})
    assert len(found.prediction.stopped) == 2
    assert found.stopped == set()
    assert set(found.differences.values()) == {Reason.NEVER_GREETED}
    assert result(visits, AT_ONCE).differences == {}


def test_a_session_is_cut_by_the_error_limit() -> None:
    """Rejections count as errors: after smtpd_hard_error_limit of them, recipients without fault are lost too."""
    many = Mail("a@handwerk.example", tuple(f"{n}@corbel.example" for n in ("anna", "bert", "clara", "dora", "emil")))
    visits = [visit("cut", w.CRAFTSMAN, Greet(BAD), many, Greet(GOOD), Mail("a@handwerk.example", (CLARA,)))]
    found = result(visits, {**DELAYED, "smtpd_hard_error_limit": "5"})
    assert recipients(found.prediction.stopped) == sorted(("cut-0", one) for one in many.recipients)
    assert found.stopped - found.prediction.stopped == {key for key in found.trial if key.mail == 1}
    assert list(found.differences.values()) == [Reason.CUT]


def test_a_client_gives_a_mail_up_for_one_recipient() -> None:
    """The restriction stops one recipient of a mail; the client then sends it to nobody."""
    rule = "check_recipient_access texthash:$config_directory/later"
    settings = {**BASE, "smtpd_recipient_restrictions": f"reject_unauth_destination, warn_if_reject {rule}"}
    files = "later@corbel.example"
    mailboxes = {"mailboxes": w.mailbox_table() + f"{files} later\n"}
    case = Case(
        "given up",
        settings,
        {"check_recipient_access": rule},
        files={**FILES, **mailboxes},
        texts={"mailbox is being moved": "check_recipient_access"},
    )
    mail = Mail("a@partner.example", (ANNA, files, BERT), all_or_nothing=True)
    visits = [visit("strict", w.PARTNER, Greet("mail.partner.example"), mail)]
    found = compare(case, visits, together=False)["check_recipient_access"]
    assert recipients(found.prediction.stopped) == [("strict-0", files)]
    assert recipients(found.stopped) == sorted(("strict-0", one) for one in mail.recipients)
    assert set(found.differences.values()) == {Reason.GIVEN_UP}


def test_greylisting_behind_an_enforced_restriction_learns_less() -> None:
    """In the trial the greylist had seen the rejected client; now a neighbour of it comes as the first and has to wait."""
    neighbour = w.host("203.0.113.161", "unknown", GOOD, "handwerk.example")
    rule = "check_policy_service inet:@address@:10023"
    settings = {**DELAYED, "smtpd_recipient_restrictions": f"reject_unauth_destination, {rule}"}
    mail = Mail("a@handwerk.example", (ANNA,))
    visits = [
        (
            *visit("first", w.CRAFTSMAN, Greet(BAD), mail),
            *visit("neighbour", neighbour, Greet(GOOD), mail),
            *visit("retry", neighbour, Greet(GOOD), mail),
        )
    ]
    found = result(visits, settings)
    assert found.prediction.stopped == set()
    assert [key.script for key in found.stopped] == ["neighbour-0"]
    assert "Greylisted" in found.enforced[next(iter(found.stopped))].reply
