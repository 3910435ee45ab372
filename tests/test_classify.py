"""Reply texts and the restrictions they name. Texts of smtpd_check.c; addresses are reserved ones."""

from __future__ import annotations

import pyarrow as pa
import pytest

from logtune import schema
from logtune.classify import Classified, classify, explain
from logtune.config import SiteText

IP_LITERAL = ("reject_invalid_helo_hostname", "reject_non_fqdn_helo_hostname", "reject_unknown_helo_hostname")


def decisions(*rows: tuple[str, str, str | None, int | None, str | None]) -> pa.Table:
    """A decisions table of (origin, action, object, reply code, reason), its shape being the reason itself."""
    origin, action, object_, code, reason = zip(*rows, strict=True) if rows else ((),) * 5
    return pa.table(
        {
            "origin": pa.array(origin, schema.WORD),
            "action": pa.array(action, schema.WORD),
            "object": pa.array(object_, pa.string()),
            "reply_code": pa.array(code, pa.int16()),
            "reason": pa.array(reason, pa.string()),
            "reason_shape": pa.array(reason, schema.WORD),
        }
    )


def restrictions(table: pa.Table, *texts: SiteText) -> list[str | None]:
    return list(classify(table, texts)["restriction"].to_pylist())


NAMED = {
    "Helo command rejected: Invalid name": "reject_invalid_helo_hostname",
    "Helo command rejected: need fully-qualified hostname": "reject_non_fqdn_helo_hostname",
    "Helo command rejected: Host not found": "reject_unknown_helo_hostname",
    "Helo command rejected: Malformed DNS server reply": "reject_unknown_helo_hostname",
    "Sender address rejected: Domain not found": "reject_unknown_sender_domain",
    "Sender address rejected: Domain example.com does not accept mail (nullMX)": "reject_unknown_sender_domain",
    "Sender address rejected: need fully-qualified address": "reject_non_fqdn_sender",
    "Sender address rejected: undeliverable address: host mx.example.net[ip] said: 550 <>: no (in reply to RCPT TO)": (
        "reject_unverified_sender"
    ),
    "Sender address rejected: User unknown in local recipient table": "reject_unlisted_sender",
    "Recipient address rejected: Domain not found": "reject_unknown_recipient_domain",
    "Recipient address rejected: need fully-qualified address": "reject_non_fqdn_recipient",
    "Recipient address rejected: User unknown": "reject_unlisted_recipient",
    "Recipient address rejected: User unknown in virtual mailbox table": "reject_unlisted_recipient",
    "Recipient address rejected: unverified address: Address verification in progress": "reject_unverified_recipient",
    "Recipient address rejected: Relay access denied": "check_relay_domains",
    "Recipient address rejected: Unable to look up mail exchanger information": "permit_mx_backup",
    "Recipient address rejected: Server configuration problem": "check_policy_service",
    "Client host rejected: Improper use of SMTP command pipelining": "reject_unauth_pipelining",
    "Data command rejected: Multi-recipient bounce": "reject_multi_recipient_bounce",
    "Helo command rejected: Try again later": "defer",
    "Client certificate rejected: not this one": "check_ccert_access",
    "SASL login name rejected: Access denied": "check_sasl_access",
    "End-of-data rejected: too much today": "check_policy_service",
}

NAMED_WITHOUT_OBJECT = {
    "Client host rejected: cannot find your hostname, [ip]": "reject_unknown_client_hostname",
    "Client host rejected: cannot find your reverse hostname, []": "reject_unknown_reverse_client_hostname",
    "Session encryption is required": "reject_plaintext_session",
    "Service unavailable; Client host [ip] blocked using bl.example.net": "reject_rbl_client",
    "Service unavailable; Client host [ip] blocked using bl.example.net; see <>": "reject_rbl_client",
    "SERVICE UNAVAILABLE; Client host [ip] BLOCKED USING bl.example.net=127.0.0.3 ; listed": "reject_rbl_client",
    "Service unavailable; Client host [] blocked using rhsbl.example.net": "reject_rhsbl_client",
    "Service unavailable; Unverified Client host [] blocked using rhsbl.example.net": "reject_rhsbl_reverse_client",
    "Service unavailable; Helo command [] blocked using rhsbl.example.net": "reject_rhsbl_helo",
    "Service unavailable; Sender address [] blocked using rhsbl.example.net; RHSBL": "reject_rhsbl_sender",
    "Service unavailable; Recipient address [] blocked using rhsbl.example.net": "reject_rhsbl_recipient",
    "Service unavailable; [ip] blocked using bl.example.net, reason: listed": "reject_rbl_client",
}


@pytest.mark.parametrize(("text", "name"), NAMED.items())
@pytest.mark.parametrize("code", [4, 5, None])
def test_text_of_one_restriction_names_it_whatever_the_code(text: str, name: str, code: int | None) -> None:
    """Codes are configurable and soft_bounce changes them, so a text alone decides."""
    assert explain("smtpd", text, True, code).restriction == name


@pytest.mark.parametrize(("text", "name"), NAMED_WITHOUT_OBJECT.items())
def test_text_without_object_names_its_restriction(text: str, name: str) -> None:
    """DNS lists and client name checks print no <object> before their text."""
    assert explain("smtpd", text, False, 5).restriction == name


def test_malformed_literal_names_three_restrictions() -> None:
    """Three restrictions print `invalid ip address` for a bad literal; only their order tells which one it was."""
    got = explain("smtpd", "Helo command rejected: invalid ip address", True, 5)
    assert got == Classified(None, IP_LITERAL, "helo", False)


def test_login_mismatch_names_the_family() -> None:
    """The combined and the single login mismatch rules print the same texts."""
    got = explain("smtpd", "Sender address rejected: not owned by user ada@example.com", True, 5)
    assert got == Classified(
        None,
        (
            "reject_sender_login_mismatch",
            "reject_known_sender_login_mismatch",
            "reject_authenticated_sender_login_mismatch",
        ),
        "sender",
        False,
    )


def test_access_denied_may_be_reject_a_table_or_a_policy_server() -> None:
    """`Access denied` is plain reject, or an access table or policy server that gives no text."""
    got = explain("smtpd", "Helo command rejected: Access denied", True, 5)
    tables = ("check_helo_access", "check_helo_ns_access", "check_helo_mx_access", "check_helo_a_access")
    assert got == Classified(None, ("reject", "check_policy_service", *tables), "helo", None)


def test_free_text_may_be_a_table_or_a_policy_server() -> None:
    """A wording of the site's own comes from a table for that object or from a policy server."""
    got = explain("smtpd", "Client host rejected: go away", True, 5)
    assert got.restriction is None
    assert got.candidates == (
        "check_policy_service",
        "check_client_access",
        "check_client_ns_access",
        "check_client_mx_access",
        "check_client_a_access",
    )


def test_greylisting_depends_on_history_though_its_restriction_is_not_certain() -> None:
    """A text that speaks of greylisting is the answer of something that remembers clients."""
    got = explain("smtpd", "Recipient address rejected: Greylisted, see http://postgrey.example/", True, 4)
    assert (got.restriction, got.depends_on_history) == (None, True)


@pytest.mark.parametrize(
    ("code", "name", "candidates"),
    [
        (5, "reject_unauth_destination", ("reject_unauth_destination",)),
        (4, "defer_unauth_destination", ("defer_unauth_destination",)),
        (None, None, ("reject_unauth_destination", "defer_unauth_destination")),
    ],
)
def test_relay_access_denied_is_told_apart_by_the_first_digit(
    code: int | None, name: str | None, candidates: tuple[str, ...]
) -> None:
    """The one text whose restriction only the reply code tells."""
    assert explain("smtpd", "Relay access denied", True, code) == Classified(
        name, candidates, "recipient" if name else None, False
    )


@pytest.mark.parametrize(
    "text",
    [
        "Helo command rejected: Invalid name, call 555-0100",
        "Helo command rejected: invalid name",
        "please note: Helo command rejected: Invalid name",
        "Helo command rejected: need fully-qual",
        "Relay access denied for you",
    ],
)
def test_text_that_is_longer_shorter_or_other_than_postfixs_names_nothing(text: str) -> None:
    """Only a whole text counts: tables may quote Postfix's words inside their own."""
    assert explain("smtpd", text, True, 5).restriction is None


def test_object_must_stand_where_postfix_prints_one() -> None:
    """A custom reply without <object> that repeats Postfix's words is not Postfix's line."""
    assert explain("smtpd", "Helo command rejected: Invalid name", False, 5).restriction is None
    assert explain("smtpd", "Session encryption is required", True, 4).restriction is None


@pytest.mark.parametrize("origin", ["postscreen", "milter", "proxy", "cleanup", None])
def test_only_smtpd_has_restrictions(origin: str | None) -> None:
    """postscreen, milters, proxies and header checks decide without restrictions, whatever they say."""
    assert explain(origin, "Service unavailable; client [ip] blocked using bl.example.net", False, 5) == Classified()
    assert explain(origin, "Helo command rejected: Invalid name", True, 5) == Classified()


@pytest.mark.parametrize(
    ("text", "has_object"),
    [
        ("Server configuration error", False),
        ("Helo command rejected: Server configuration error", True),
        ("Unverified Client host rejected: Server configuration error", True),
        ("Temporary lookup failure", True),
        ("Message size exceeds fixed limit", False),
    ],
)
def test_errors_and_limits_name_no_restriction(text: str, has_object: bool) -> None:
    """Lookup errors, configuration errors and limits refuse mail without any restriction having decided."""
    got = explain("smtpd", text, has_object, 4)
    assert (got.restriction, got.candidates, got.depends_on_history) == (None, (), False)


def test_permit_lines_name_the_permit() -> None:
    """smtpd_log_access_permit_actions: the line says which restriction permitted; table results are no restriction."""
    for text, name in {
        "action=permit_mynetworks for Client host=mail.example.com[ip]": "permit_mynetworks",
        "action=OK for Sender address=ada@example.com": None,
    }.items():
        assert explain("smtpd", text, False, None).restriction == name


def test_classify_fills_restriction_and_keeps_everything_else() -> None:
    """One value per row, in order; other columns and their types stay as they are."""
    table = decisions(
        ("smtpd", "reject_warning", "frasier", 504, "Helo command rejected: need fully-qualified hostname"),
        ("smtpd", "reject", "ada@example.com", 454, "Relay access denied"),
        ("smtpd", "hold", "frasier", None, "Helo command triggers HOLD action"),
        ("smtpd", "warn", "frasier", 504, "Helo command rejected: need fully-qualified hostname"),
        ("postscreen", "reject", None, 550, "Service unavailable; client [ip] blocked using bl.example.net"),
        ("smtpd", "reject", None, None, None),
        ("smtpd", "reject", "ada@example.com", 554, "Relay access denied"),
    )
    got = classify(table)
    assert got["restriction"].to_pylist() == [
        "reject_non_fqdn_helo_hostname",
        "defer_unauth_destination",
        None,
        None,
        None,
        None,
        "reject_unauth_destination",
    ]
    assert got.schema.field("restriction").type == schema.WORD
    assert got.drop_columns("restriction") == table


def test_classify_replaces_a_null_column_in_place() -> None:
    """Where the column exists already, it is filled where it stands."""
    table = decisions(("smtpd", "reject", "x", 501, "Helo command rejected: Invalid name"))
    empty = table.add_column(1, pa.field("restriction", schema.WORD), pa.array([None], schema.WORD))
    got = classify(empty)
    assert got.column_names == empty.column_names
    assert got["restriction"].to_pylist() == ["reject_invalid_helo_hostname"]


def test_classify_gives_the_same_for_any_chunks() -> None:
    """Batches of a parser have dictionaries of their own; the answer does not depend on how rows are cut."""
    rows = [
        ("smtpd", "reject", "x", 501, "Helo command rejected: Invalid name"),
        ("smtpd", "reject_warning", "x", 450, "Helo command rejected: Host not found"),
        ("smtpd", "reject", None, 554, "Service unavailable; Client host [ip] blocked using bl.example.net"),
    ]
    whole = decisions(*rows)
    chunked = pa.concat_tables([decisions(rows[0]), decisions(), decisions(*rows[1:])])
    assert restrictions(chunked) == restrictions(whole)
    assert len(set(restrictions(whole))) == len(rows)


def test_classify_of_no_rows() -> None:
    """An empty table gets an empty column."""
    assert restrictions(decisions()) == []


def test_classify_names_missing_columns() -> None:
    """A table without the columns that decide is a mistake of the caller."""
    with pytest.raises(KeyError, match="action, reply_code"):
        classify(decisions().drop_columns(["action", "reply_code"]))


def test_site_text_outranks_the_catalogue() -> None:
    """A site knows its own tables better than the catalogue does."""
    table = decisions(
        ("smtpd", "reject", "x", 554, "Helo command rejected: Access denied"),
        ("smtpd", "reject", "x", 501, "Helo command rejected: Invalid name"),
    )
    texts = [
        SiteText("Helo command rejected: Access denied", "check_helo_access"),
        SiteText("Helo command rejected: Invalid name", "our_class"),
    ]
    assert restrictions(table, *texts) == ["check_helo_access", "our_class"]


def test_site_text_is_held_against_reason_and_shape() -> None:
    """What brackets hold may be meant or not: both spellings of a text are understood."""
    table = decisions(("smtpd", "reject", "x", 554, "not from [192.0.2.7]"))
    shaped = table.set_column(5, "reason_shape", pa.array(["not from [ip]"], schema.WORD))
    assert restrictions(shaped, SiteText("not from [192.0.2.7]", "a")) == ["a"]
    assert restrictions(shaped, SiteText("not from [ip]", "a")) == ["a"]
    assert restrictions(shaped.drop_columns("reason"), SiteText("not from [ip]", "a")) == ["a"]


def test_site_text_says_whether_its_restriction_remembers() -> None:
    """depends_on_history of a site text is what the site says."""
    text = SiteText("Recipient address rejected: later", "greylisting", depends_on_history=True)
    got = explain("smtpd", "Recipient address rejected: later", True, 4, texts=[text])
    assert got == Classified("greylisting", ("greylisting",), "recipient", True)
