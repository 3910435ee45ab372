"""Relay protection: no plan touches it, whatever the configuration, the trial and the log say."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune.analyses.exemptions import Exemption, Key
from logtune.analyses.trial import OnTrial
from logtune.postconf.restriction_lists import LISTS, Place
from logtune.results import Verdict
from logtune.tune.files import files
from logtune.tune.model import OPEN_LISTS, Change, PlanError, Table
from logtune.tune.plan import Plan, changed
from logtune.tune.relay import could_permit, objections, unprotected
from tests.tune.made import INVALID, NON_FQDN, SUBMISSION, UNKNOWN, configuration, exemption, on_trial, plan

RELAY = "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n"
RECIPIENT = (
    "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_rbl_client dnsbl.example\n"
)
OK = Table("ok.cidr", "cidr", [((), "203.0.113.58", "OK")], True)
DUNNO = Table("dunno.cidr", "cidr", [((), "203.0.113.58", "DUNNO"), ((), "0.0.0.0/0", NON_FQDN)], False)


@pytest.mark.parametrize(
    ("parameter", "value", "safe"),
    [
        ("smtpd_helo_restrictions", f"check_client_access {OK.reference}, {NON_FQDN}", True),
        ("smtpd_recipient_restrictions", f"check_client_access {OK.reference}, permit_mynetworks, reject_unauth_destination, reject_rbl_client dnsbl.example", False),
        ("smtpd_recipient_restrictions", f"check_client_access {DUNNO.reference}, permit_mynetworks, reject_unauth_destination", True),
        ("smtpd_recipient_restrictions", "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination", False),
        ("smtpd_recipient_restrictions", "permit_mynetworks, reject_rbl_client dnsbl.example", False),
        ("smtpd_recipient_restrictions", "permit_mynetworks, warn_if_reject reject_unauth_destination", False),
        ("smtpd_recipient_restrictions", "reject_unauth_destination, permit_mynetworks", True),
        ("smtpd_relay_restrictions", "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination", False),
        ("smtpd_data_restrictions", f"check_client_access {OK.reference}", False),
        ("smtpd_restriction_classes", "open", False),
        ("mynetworks", "0.0.0.0/0", False),
    ],
)  # fmt: skip
def test_the_guard(tmp_path: Path, parameter: str, value: str, safe: bool) -> None:
    """Each way to open a relay is objected to; what only spares or tightens is not."""
    before = configuration(tmp_path, RELAY + RECIPIENT + "open = permit_sasl_authenticated\n")
    place = Place(parameter)
    after = changed(before, [Change(place, before.written(place), value)])
    assert (objections(before, after, [OK, DUNNO]) == []) is safe


def test_a_table_is_judged_by_what_it_says(tmp_path: Path) -> None:
    """A table that is said to be harmless and holds an OK is objected to all the same."""
    before = configuration(tmp_path, RELAY + RECIPIENT)
    lying = Table("dunno.cidr", "cidr", [((), "203.0.113.58", "OK")], False)
    value = f"check_client_access {lying.reference}, permit_mynetworks, reject_unauth_destination"
    after = changed(before, [Change(Place("smtpd_recipient_restrictions"), None, value)])
    assert objections(before, after, [lying])


@pytest.mark.parametrize(
    ("main", "opened"),
    [
        (RELAY, False),
        ("smtpd_relay_restrictions =\n" + RECIPIENT, False),
        ("smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = warn_if_reject reject_unauth_destination\n", True),
    ],
)
def test_servers_that_relay_for_anybody(tmp_path: Path, main: str, opened: bool) -> None:
    """Relay protection behind warn_if_reject is none."""
    assert unprotected(configuration(tmp_path, main).services[0]) is opened


def test_a_plan_that_fails_the_guard_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the guard objects to ends in an error, not in a plan."""
    monkeypatch.setattr("logtune.tune.relay.objections", lambda *_: ["it would relay for anybody"])
    with pytest.raises(PlanError, match="it would relay for anybody"):
        plan(configuration(tmp_path, RELAY), [])


NAMES = (INVALID, NON_FQDN, UNKNOWN, "reject_unknown_client_hostname", "reject_unknown_sender_domain")
ELEMENT = st.sampled_from(
    [
        *(f"warn_if_reject {name}" for name in NAMES),
        *NAMES,
        "permit_mynetworks",
        "permit_sasl_authenticated",
        "reject_unauth_destination",
        "warn_if_reject reject_unauth_destination",
        "reject",
        "permit",
        "check_client_access hash:/etc/postfix/access",
        "warn_if_reject check_helo_access hash:/etc/postfix/helo",
        "warn_if_reject reject_rbl_client dnsbl.example",
        "klass",
        "warn_if_reject klass",
        "$shared",
        "$smtpd_helo_restrictions",
        "${soft_bounce?{permit}}",
        "warn_if_reject check_policy_service inet:127.0.0.1:10023",
        "hash:/etc/postfix/table",
    ]
)
LIST = st.lists(ELEMENT, max_size=6).map(", ".join)
INNER = st.lists(ELEMENT.filter(lambda text: "klass" not in text and text[0] != "$"), max_size=6).map(", ".join)
"""Lists that others refer to, and so cannot refer to others."""
HOSTILE = st.text(st.sampled_from("a.\n\r\t $`'\"\\#={},;:/0[]-*é\u202e\x1b\0"), max_size=40)
VERDICTS = st.sampled_from(list(Verdict))
COUNTS = st.fixed_dictionaries({name: st.integers(0, 9) for name in ("accepted_5xx", "authorized", "filter", "others")})


@st.composite
def trials(draw: st.DrawFn) -> list[OnTrial]:
    names = [*NAMES, "reject_rbl_client", "reject_unauth_destination"]
    found = [
        on_trial(name, draw(VERDICTS), draw(st.sampled_from([None, "submission"])), **draw(COUNTS)) for name in names
    ]
    text = on_trial("check_helo_access", draw(VERDICTS), None, text=draw(HOSTILE) or "x", **draw(COUNTS))
    return [*found, text]


@st.composite
def exceptions(draw: st.DrawFn) -> list[Exemption]:
    key = st.one_of(HOSTILE, st.sampled_from(["203.0.113.58", "198.51.100.0/28", "2001:db8::/48", "mail.partner.example", ".partner.example", "0.0.0.0/0", "unknown"]))  # fmt: skip
    return [
        exemption(
            draw(key), draw(st.sampled_from(list(Key))), draw(st.sampled_from(NAMES)), draw(st.sampled_from([None, "submission"])),
            organisation=draw(HOSTILE), helo_names=(draw(HOSTILE),), evidence=(draw(HOSTILE),),
        )
        for _ in range(draw(st.integers(0, 5)))
    ]  # fmt: skip


@st.composite
def mains(draw: st.DrawFn) -> str:
    lists = draw(st.dictionaries(st.sampled_from(LISTS), LIST, min_size=1))
    lists["smtpd_helo_restrictions"] = draw(INNER)
    lines = [f"{name} = {value}" for name, value in lists.items()]
    more = {"smtpd_restriction_classes": "klass", "klass": draw(INNER),
            "shared": draw(INNER), "smtpd_delay_reject": draw(st.sampled_from(["yes", "no"]))}  # fmt: skip
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in more.items())]) + "\n"


@given(mains(), LIST, trials(), exceptions(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_plan_opens_a_relay(
    main: str, own: str, trial: Sequence[OnTrial], spared: Sequence[Exemption], helo: bool
) -> None:
    """Whatever is configured and logged: the relay list stays, no OK stands where it decides, nothing escapes."""
    with tempfile.TemporaryDirectory() as folder:
        own_list = f"  -o {{ smtpd_recipient_restrictions = {own.replace('${soft_bounce?{permit}}', 'permit')} }}\n"
        made = plan(configuration(Path(folder), main, SUBMISSION + own_list), trial, spared, helo)
    permitting = {t.name for t in made.tables if any(result == "OK" for _, _, result in t.entries)}
    for service in made.after.services:
        before = made.configuration.service(service.key)
        assert [e.text for e in service.restrictions(LISTS[3])] == [e.text for e in before.restrictions(LISTS[3])]
        for name in (set(service.lists) | {"shared"}) - set(OPEN_LISTS):
            used = [a.rpartition("/")[2] for e in service.restrictions(name) for a in e.arguments]
            assert not permitting & set(used)
        old = [e.text for e in before.restrictions(LISTS[4]) if could_permit(e)]
        new = [e.text for e in service.restrictions(LISTS[4]) if could_permit(e)]
        ours = {f"check_client_access {t.kind}:/etc/postfix/{t.name}" for t in made.tables}
        assert not Counter(text for text in new if text not in ours) - Counter(old)
    nothing_escapes(made)


def nothing_escapes(made: Plan) -> None:
    """Every line of every file is a comment in ASCII, a key with its result, or a quoted line of postconf."""
    for name, text in files(made, "").items():
        lines = text.split("\n")
        if name.endswith((".cidr", ".names", ".regexp")):
            for line in lines[:-1]:
                assert line.isascii() and line.isprintable()
                assert line.startswith("# ") or line.split(maxsplit=1)[1].strip() in results(made)
        if name.endswith(".sh"):
            assert all(line.startswith(("#", "set -e", "postconf -", "test -r ")) or not line for line in lines)


def results(made: Plan) -> set[str]:
    classes = (made.parameters().get("smtpd_restriction_classes") or "").split(", ")
    return {"OK", "DUNNO", *NAMES, *classes}
