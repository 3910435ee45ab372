"""The plan, whole: from a trial and a configuration to new values, tables, stages and reasons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from logtune.analyses.exemptions import Key
from logtune.analyses.verdict import Ruling
from logtune.postconf.errors import PostconfError
from logtune.results import Verdict
from logtune.tune.model import Action
from tests.tune.made import (
    FILTER,
    INVALID,
    NON_FQDN,
    SUBMISSION,
    UNKNOWN,
    configuration,
    enforce,
    excepted,
    exemption,
    on_trial,
    plan,
    values,
)

HELO = f"smtpd_helo_restrictions = warn_if_reject {INVALID}, warn_if_reject {NON_FQDN}, warn_if_reject {UNKNOWN}\n"
PERMITS = "permit_mynetworks, permit_sasl_authenticated"
CIDR = "check_client_access cidr:$config_directory/helo_exceptions.cidr"


def test_enforce_except_keep_and_drop(tmp_path: Path) -> None:
    """Each verdict has its action; permits and exceptions stand directly before what is newly enforced."""
    trial = [enforce(INVALID), excepted(NON_FQDN), on_trial(UNKNOWN, Verdict.NO, accepted=90, others=90)]
    made = plan(configuration(tmp_path, HELO), trial, [exemption("203.0.113.58")], require_helo=True)
    assert [(d.candidate.name, d.action) for d in made.decisions] == [
        (INVALID, Action.ENFORCE),
        (NON_FQDN, Action.EXCEPTIONS),
        (UNKNOWN, Action.DROP),
    ]
    assert values(made) == {
        "smtpd_helo_restrictions": f"{PERMITS}, {CIDR}, {INVALID}, {NON_FQDN}",
        "non_fqdn_reject_code": "450",
        "smtpd_helo_required": "yes",
    }
    assert [(c.place.parameter, c.new) for c in made.later] == [("non_fqdn_reject_code", None)]
    assert [(t.name, [(key, result) for _, key, result in t.entries]) for t in made.tables] == [
        ("helo_exceptions.cidr", [("203.0.113.58", "OK")])
    ]


def test_what_is_enforced_today_loses_nobody(tmp_path: Path) -> None:
    """What is enforced behind a newly enforced restriction goes before the permits: nobody is spared it."""
    main = f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}, {INVALID}, check_helo_access hash:/etc/postfix/helo, reject\n"
    made = plan(configuration(tmp_path, main), [excepted()], [exemption("203.0.113.58")])
    assert values(made)["smtpd_helo_restrictions"] == (
        f"{INVALID}, check_helo_access hash:/etc/postfix/helo, {PERMITS}, {CIDR}, {NON_FQDN}, reject"
    )


def test_permits_that_are_there_stay(tmp_path: Path) -> None:
    """Nothing is added where the permits stand already: warn_if_reject goes, no more."""
    main = f"smtpd_helo_restrictions = {PERMITS} warn_if_reject {NON_FQDN}\n"
    made = plan(configuration(tmp_path, main), [enforce()])
    assert values(made) == {"smtpd_helo_restrictions": f"{PERMITS}, {NON_FQDN}"}


def test_only_authorized_clients_need_no_exceptions(tmp_path: Path) -> None:
    """Where all that is hit is authorized, the order is the whole answer."""
    trial = [on_trial(NON_FQDN, Verdict.EXCEPTIONS, accepted=9, authorized=9)]
    made = plan(configuration(tmp_path, f"smtpd_sender_restrictions = warn_if_reject {NON_FQDN}\n"), trial)
    assert [d.action for d in made.decisions] == [Action.ENFORCE]
    assert values(made) == {"smtpd_sender_restrictions": f"{PERMITS}, {NON_FQDN}"}


@pytest.mark.parametrize("lists", ["smtpd_recipient_restrictions", "smtpd_data_restrictions"])
def test_no_ok_outside_of_the_open_lists(tmp_path: Path, lists: str) -> None:
    """Where OK could permit relaying, the restriction goes behind a table that says DUNNO, and the plan says why."""
    main = f"{lists} = warn_if_reject {NON_FQDN}, reject_unauth_destination\n"
    made = plan(configuration(tmp_path, main), [excepted()], [exemption("203.0.113.0/28")])
    short = lists.split("_")[1]
    name = f"{short}_{NON_FQDN}.cidr"
    assert values(made)[lists] == f"check_client_access cidr:$config_directory/{name}, reject_unauth_destination"
    assert [(t.name, t.permits, [e[1:] for e in t.entries]) for t in made.tables] == [
        (name, False, [("203.0.113.0/28", "DUNNO"), ("0.0.0.0/0", NON_FQDN), ("::/0", NON_FQDN)])
    ]
    assert "could permit relaying" in " ".join(made.decisions[0].why)


def test_an_open_list_that_a_deciding_one_refers_to(tmp_path: Path) -> None:
    """A HELO list that the recipient list refers to gets no OK: its words stand in both."""
    main = f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}\nsmtpd_recipient_restrictions = $smtpd_helo_restrictions, reject_unauth_destination\n"
    made = plan(configuration(tmp_path, main), [excepted()], [exemption("203.0.113.58")])
    assert [t.permits for t in made.tables] == [False]
    assert "permit" not in (values(made)["smtpd_helo_restrictions"] or "")


def test_names_and_networks_without_ok(tmp_path: Path) -> None:
    """Names are looked up first, networks behind a class; a restriction with an argument stands in a class too."""
    main = "smtpd_recipient_restrictions = warn_if_reject reject_rbl_client dnsbl.example, reject_unauth_destination\n"
    trial = [excepted("reject_rbl_client")]
    wanted = [
        exemption("203.0.113.58", name="reject_rbl_client"),
        exemption(".partner.example", Key.NAME, "reject_rbl_client"),
    ]
    made = plan(configuration(tmp_path, main), trial, wanted)
    base = "recipient_reject_rbl_client"
    assert values(made) == {
        "smtpd_recipient_restrictions": f"check_client_access regexp:$config_directory/{base}.regexp, reject_unauth_destination",
        "smtpd_restriction_classes": f"{base}_applied, {base}_by_address",
        f"{base}_applied": "reject_rbl_client dnsbl.example",
        f"{base}_by_address": f"check_client_access cidr:$config_directory/{base}.cidr",
        "maps_rbl_reject_code": "450",
    }
    assert [[e[1:] for e in t.entries] for t in made.tables] == [
        [
            (r"/\.partner\.example$/", "DUNNO"),
            (r"/^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/", f"{base}_by_address"),
            ("/:/", f"{base}_by_address"),
        ],
        [("203.0.113.58", "DUNNO"), ("0.0.0.0/0", f"{base}_applied"), ("::/0", f"{base}_applied")],
    ]


def test_authorized_clients_in_the_recipient_list(tmp_path: Path) -> None:
    """A permit there could permit relaying: the restriction moves to the list made for it, with permits before it."""
    main = f"smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = warn_if_reject {NON_FQDN}, reject_unauth_destination\n"
    made = plan(configuration(tmp_path, main), [enforce(accepted=4, authorized=4)])
    assert values(made) == {
        "smtpd_recipient_restrictions": "reject_unauth_destination",
        "smtpd_helo_restrictions": f"{PERMITS}, {NON_FQDN}",
    }


@pytest.mark.parametrize(
    ("main", "why"),
    [
        (
            f"smtpd_relay_restrictions = warn_if_reject {NON_FQDN}, reject_unauth_destination\n",
            "never changes that list",
        ),
        (f"smtpd_delay_reject = no\nsmtpd_helo_restrictions = warn_if_reject {NON_FQDN}\n", "login is not known here"),
        (f"x = {NON_FQDN}\nsmtpd_helo_restrictions = warn_if_reject $x\n", "put together from several parameters"),
        (f"x = warn_if_reject {NON_FQDN}\nsmtpd_helo_restrictions = $x\n", "which other lists may use"),
        (f"smtpd_data_restrictions = warn_if_reject {NON_FQDN}\n", "that could permit relaying"),
    ],
)
def test_kept_where_nothing_safe_can_be_done(tmp_path: Path, main: str, why: str) -> None:
    """What no safe edit can carry out stays on trial, with the reason, and nothing is changed."""
    made = plan(configuration(tmp_path, main), [enforce(accepted=4, authorized=4)])
    assert [d.action for d in made.decisions] == [Action.KEEP]
    assert why in " ".join(made.decisions[0].why)
    assert values(made) == {}


def test_exceptions_that_nobody_can_name(tmp_path: Path) -> None:
    """A verdict that asks for exceptions, with no safe key for any, keeps the restriction on trial."""
    made = plan(configuration(tmp_path, HELO), [excepted()], [exemption("0.0.0.0/0"), exemption("unknown", Key.NAME)])
    assert [d.action for d in made.decisions] == [Action.KEEP] * 3
    assert values(made) == {}


def test_a_policy_service_stays_on_trial(tmp_path: Path) -> None:
    """A verdict that stays on trial changes nothing."""
    main = "smtpd_recipient_restrictions = reject_unauth_destination, warn_if_reject check_policy_service inet:127.0.0.1:10023\n"
    made = plan(configuration(tmp_path, main), [on_trial("check_policy_service", Verdict.KEEP, text="Greylisted")])
    assert [(d.candidate.name, d.action) for d in made.decisions] == [("check_policy_service", Action.KEEP)]
    assert values(made) == {}


def test_overrides_of_a_service(tmp_path: Path) -> None:
    """A list of master.cf is changed there, with commas only, as postconf -P takes it."""
    master = SUBMISSION + f"  -o smtpd_helo_restrictions=warn_if_reject,{NON_FQDN}\n"
    made = plan(configuration(tmp_path, "", master), [enforce(service="submission")])
    assert values(made) == {"submission/inet/smtpd_helo_restrictions": f"{PERMITS}, {NON_FQDN}"}


def test_services_that_disagree(tmp_path: Path) -> None:
    """One line of main.cf for two services: what one must not enforce and the other may is kept on trial."""
    trial = [enforce(accepted=3, others=3), on_trial(NON_FQDN, Verdict.NO, "submission", accepted=50, others=50)]
    made = plan(configuration(tmp_path, f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}\n", SUBMISSION), trial)
    assert made.decisions[0].action is Action.KEEP
    assert "give it a list there" in made.decisions[0].why[0]


def test_the_filters_listener_gets_an_empty_list(tmp_path: Path) -> None:
    """What would stop the site's own filter says so, and empties the list of the listener where mail comes back."""
    trial = [enforce(), on_trial(NON_FQDN, Verdict.EXCEPTIONS, "reinject", accepted=30, filter=30)]
    made = plan(configuration(tmp_path, f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}\n", FILTER), trial)
    assert values(made) == {
        "smtpd_helo_restrictions": f"{PERMITS}, {NON_FQDN}",
        "127.0.0.1:10025/inet/smtpd_helo_restrictions": "",
    }
    assert "would break your filter" in made.decisions[0].why[0]


def test_a_text_that_names_no_restriction(tmp_path: Path) -> None:
    """The configuration tells whose a free text is, where only one restriction on trial can have said it."""
    main = "smtpd_helo_restrictions = warn_if_reject check_helo_access hash:/etc/postfix/helo\n"
    made = plan(configuration(tmp_path, main), [on_trial("check_helo_access", Verdict.ENFORCE, text="Go away")])
    assert values(made) == {"smtpd_helo_restrictions": f"{PERMITS}, check_helo_access hash:/etc/postfix/helo"}


def test_a_text_that_a_policy_service_may_have_written(tmp_path: Path) -> None:
    """Where the configuration asks no policy service, the ruling without one counts; else it stays on trial."""
    table = "check_helo_access hash:/etc/postfix/helo"
    entry = on_trial("check_helo_access", Verdict.KEEP, text="Go away")
    entry = replace(entry, ruling=replace(entry.ruling, unless_policy=Ruling(Verdict.ENFORCE, ["All is well."])))
    main = f"smtpd_helo_restrictions = warn_if_reject {table}\n"
    assert values(plan(configuration(tmp_path, main), [entry])) == {"smtpd_helo_restrictions": f"{PERMITS}, {table}"}
    main += "smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:10023\n"
    assert values(plan(configuration(tmp_path, main), [entry])) == {}


@pytest.mark.parametrize(("wanted", "action"), [(0, Action.ENFORCE), (1, Action.KEEP)])
def test_a_rare_second_text(tmp_path: Path, wanted: int, action: Action) -> None:
    """A few warnings of another text of the same restriction hold it up only where they hit somebody wanted."""
    rare = on_trial(NON_FQDN, Verdict.LITTLE, text="Helo command rejected: invalid ip address", others=3, wanted=wanted)
    made = plan(configuration(tmp_path, f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}\n"), [enforce(), rare])
    assert [d.action for d in made.decisions] == [action]


def test_one_code_parameter_for_several_restrictions(tmp_path: Path) -> None:
    """The plan says which enforced restrictions answer 4xx too while a shared code parameter is lowered."""
    main = f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}\nsmtpd_sender_restrictions = reject_non_fqdn_sender\nnon_fqdn_reject_code = 554\n"
    made = plan(configuration(tmp_path, main), [excepted()], [exemption("203.0.113.58")])
    assert made.parameters()["non_fqdn_reject_code"] == "450"
    assert [(c.place.parameter, c.new) for c in made.later] == [("non_fqdn_reject_code", "554")]
    assert any("also serves reject_non_fqdn_sender, enforced today" in note for note in made.notes)


def test_dns_lists_have_verdicts_of_their_own(tmp_path: Path) -> None:
    """Of two lists on trial each follows its own entry, also where its answers are filtered."""
    main = (
        "smtpd_recipient_restrictions = reject_unauth_destination,"
        " warn_if_reject reject_rbl_client good.example=127.0.0.[2..4], warn_if_reject reject_rbl_client bad.example\n"
    )
    trial = [enforce("reject_rbl_client good.example"), on_trial("reject_rbl_client bad.example", Verdict.NO, wanted=9)]
    made = plan(configuration(tmp_path, main), trial)
    assert values(made) == {
        "smtpd_recipient_restrictions": "reject_unauth_destination, reject_rbl_client good.example=127.0.0.[2..4]"
    }


def test_only_unwanted_strangers_need_no_exceptions(tmp_path: Path) -> None:
    """Where strangers are known to be unwanted and permits spare the site's own, there is nobody to except."""
    trial = [on_trial(NON_FQDN, Verdict.EXCEPTIONS, accepted=30, authorized=9, others=21, unwanted=20, no_evidence=1)]
    made = plan(configuration(tmp_path, f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}\n"), trial)
    assert values(made) == {"smtpd_helo_restrictions": f"{PERMITS}, {NON_FQDN}"}


def test_a_second_plan_keeps_the_first_ones_tables(tmp_path: Path) -> None:
    """A table that the configuration names already is never written over."""
    main = f"smtpd_helo_restrictions = {CIDR}, {INVALID}, warn_if_reject {NON_FQDN}\n"
    made = plan(configuration(tmp_path, main), [excepted()], [exemption("203.0.113.58")])
    assert [t.name for t in made.tables] == ["helo_exceptions_2.cidr"]


def test_on_trial_elsewhere(tmp_path: Path) -> None:
    """What the log has on trial and the configuration has not is told, and changes nothing."""
    made = plan(configuration(tmp_path, f"smtpd_helo_restrictions = {NON_FQDN}\n"), [enforce()])
    assert [e.name for e in made.elsewhere] == [NON_FQDN]
    assert (made.decisions, values(made)) == ([], {})


def test_control_characters_are_refused(tmp_path: Path) -> None:
    """A value that no shell line can carry is refused before a plan is made."""
    main = f"smtpd_helo_restrictions = warn_if_reject {NON_FQDN}, check_helo_access hash:/\x1b[31m\n"
    with pytest.raises(PostconfError, match="control characters"):
        plan(configuration(tmp_path, main), [enforce()])
