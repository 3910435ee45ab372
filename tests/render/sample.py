"""A made-up report of a small company's MX over three weeks. All names and numbers are invented, and they add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from logtune.results import (
    Bar,
    Card,
    Chart,
    Column,
    Coverage,
    Finding,
    Harm,
    Kind,
    Level,
    Lines,
    Metric,
    Next,
    Note,
    Part,
    Period,
    Report,
    Section,
    Table,
    Verdict,
)

UNKNOWN, NON_FQDN, INVALID = (
    "reject_unknown_helo_hostname",
    "reject_non_fqdn_helo_hostname",
    "reject_invalid_helo_hostname",
)
COURSES = {
    UNKNOWN: (38, 40, 44, 39, 37, 14, 12, 43, 45, 44, 46, 37, 13, 11, 45, 50, 55, 51, 47, 11, 9),
    NON_FQDN: (11, 10, 10, 12, 11, 3, 1, 12, 13, 11, 12, 10, 3, 3, 11, 13, 11, 12, 5, 3, 1),
    INVALID: (2, 0, 1, 2, 1, 0, 1, 1, 2, 1, 1, 3, 0, 0, 2, 1, 2, 1, 1, 1, 1),
}
PEAKS = (23, 26, 22, 28, 25, 14, 9, 24, 50, 27, 25, 23, 14, 13, 26, 29, 50, 28, 26, 15, 13)


def parts(wanted: int, authorized: int, others: int, unwanted: int) -> tuple[Part, ...]:
    return (
        Part(Harm.WANTED, "wanted", wanted),
        Part(Harm.AUTHORIZED, "authorized clients", authorized),
        Part(Harm.FILTER, "the site's filter", 0),
        Part(Harm.OTHERS, "no evidence", others),
        Part(Harm.UNWANTED, "unwanted", unwanted),
    )


COVERAGE = Coverage(
    sources=tuple({"name": f"mail.log{s}", "problem": None} for s in ("", ".1", ".2.gz", ".3.gz", ".4.gz")),
    lines=612_480, recognised=611_807, unrecognised=673, blank=0, not_postfix=636, no_stamp=0, backwards=0,
    loss=(), lost=False, zone="Europe/Berlin", zone_assumed=True, year_assumed="file dates", core="native",
)  # fmt: skip

CUT = replace(
    COVERAGE,
    sources=({"name": "mail.log.2.gz", "problem": "cut at byte 4,118,273"}, {"name": "mail.log", "problem": None}),
    loss=("Wed 11 Mar 03:10 – 21:44 is missing.",),
    lost=True,
)

PERIOD = Period(
    datetime(2026, 3, 2, 5, 12, tzinfo=UTC).replace(tzinfo=None), datetime(2026, 3, 22, 22, 59, 58), 21, "Europe/Berlin"
)

CARDS = (
    Card(
        UNKNOWN, Verdict.NO, None, 731, parts(214, 131, 183, 203),
        ("Rejects mail from 38 of 412 wanted client organisations (9.2 %).",
         "11 appeared in the last 7 days, so more would follow."),
        COURSES[UNKNOWN], 19_268,
    ),
    Card(
        NON_FQDN, Verdict.EXCEPTIONS, None, 178, parts(12, 118, 9, 39),
        ("permit_mynetworks and permit_sasl_authenticated before it spare all 118, and 3 exceptions all 12.",
         "No new wanted client for 13 days."),
        COURSES[NON_FQDN], 11_637,
    ),
    Card(
        INVALID, Verdict.ENFORCE, "submission", 24, parts(0, 0, 3, 21),
        (f"Hurts nobody you know. All 24 also fall to {NON_FQDN}.",),
        COURSES[INVALID], 3_874,
    ),
    Card(
        "check_helo_access (own names)", Verdict.LITTLE, None, 3, parts(0, 0, 2, 1),
        ("3 recipients in 4 days. Look again on Sat 28 Mar.",), (0,) * 17 + (1, 0, 2, 0), 5,
    ),
    Card(
        "reject_unauth_pipelining", Verdict.LITTLE, None, 0, (),
        ("On trial since Mon 2 Mar, 0 warnings. Enforcing it would have changed nothing in this log.",),
    ),
)  # fmt: skip

FINDINGS = (
    Finding(Level.LOOK, "Mailbox over quota", "accounts@corbel.example since Sat 14 Mar 08:12, 63 mails waiting",
            "logtune sizing"),
    Finding(Level.ACT, "No free smtpd for 33 min",
            "limit 50 reached Tue 10 Mar 09:04 (27 min), Wed 18 Mar 02:10 (6 min)", "logtune sizing"),
    Finding(Level.ACT, "A name server does not answer",
            "241 of 5,046 outgoing deliveries (4.8 %) waited 5 s or 10 s", "logtune sizing"),
)  # fmt: skip

_DAYS = {
    "reject_rbl_client bl.example.net": (1490, 1480, 1600, 1502, 1390, 1380, 1500, 1400, 1490, 1385, 1510, 1395, 1480,
                                         1490, 1370, 1520, 1690, 1700, 1680, 1510, 1700),
    "reject_unlisted_recipient": (380, 390, 385, 371, 402, 360, 377, 391, 1204, 388, 379, 392, 401, 366, 380, 395, 871,
                                  402, 390, 399, 395),
}  # fmt: skip

REJECTED = Table(
    "rejected",
    (
        Column("restriction", "restriction", Kind.LOGTEXT),
        Column("recipients", "recipients", Kind.COUNT, "recipients"),
        Column("share", "share", Kind.SHARE),
        Column("amount", "", Kind.AMOUNT, wide=True),
        Column("clients", "clients", Kind.COUNT),
        Column("days", "2 – 22 Mar", Kind.COURSE),
    ),
    (
        ("reject_rbl_client bl.example.net", 31_662, 31_662 / 50_307, 31_662, 9_204,
         _DAYS["reject_rbl_client bl.example.net"]),
        ("reject_unlisted_recipient", 9_418, 9_418 / 50_307, 9_418, 1_377, _DAYS["reject_unlisted_recipient"]),
        ("reject_unauth_destination", 5_107, 5_107 / 50_307, 5_107, 812, (243,) * 20 + (247,)),
        ("reject_unknown_sender_domain", 3_296, 3_296 / 50_307, 3_296, 645, (157,) * 20 + (156,)),
        ("check_sender_access", 611, 611 / 50_307, 611, 28, (29, 29, 29, None, 30, 0, 0) * 2 + (70,) * 5 + (27, 0)),
        ("(text not known)", 213, 213 / 50_307, 213, 40, (10,) * 20 + (13,)),
    ),
    omitted=4,
)  # fmt: skip

DELIVERIES = Table(
    "first_tries",
    (
        Column("daemon", "first tries", Kind.TEXT),
        Column("count", "count", Kind.COUNT),
        Column("half", "half within", Kind.SECONDS),
        Column("p95", "95 % within", Kind.SECONDS),
        Column("max", "slowest", Kind.SECONDS),
        Column("stages", "share of all waiting, by stage", Kind.STAGES),
    ),
    (
        ("lmtp", 16_871, 0.31, 1.9, 48.2, (4_700.0, 300.0, 320.0, 3_100.0)),
        ("smtp", 5_046, 1.4, 12.1, 300.0, (1_530.0, 410.0, 8_650.0, 3_360.0)),
        ("local", 215, 0.22, 0.9, 4.1, (51.0, 3.0, 0.0, 17.0)),
    ),
)

STAGES = Table(
    "stages",
    (
        Column("stage", "smtp, by stage", Kind.TEXT),
        Column("half", "50 %", Kind.SECONDS, "s"),
        Column("p95", "95 %", Kind.SECONDS, "s"),
        Column("max", "max", Kind.SECONDS, "s"),
        Column("share", "share", Kind.SHARE),
    ),
    (
        ("a before the queue manager", 0.15, 0.7, 18.0, 0.11),
        ("b in the queue manager", 0.01, 0.08, 12.0, 0.03),
        ("c connecting (DNS, TCP, TLS)", 0.42, 6.1, 62.0, 0.62),
        ("d sending", 0.38, 2.9, 300.0, 0.24),
    ),
    strong=(2,),
)

NOT_UNDERSTOOD = Table(
    "unrecognised",
    (Column("lines", "", Kind.COUNT), Column("text", "", Kind.LOGTEXT)),
    (
        (29, "smtpd: warning: milter inet:localhost:8891: unreasonable header"),
        (6, "cleanup: table lookup took 11 seconds for vmap key"),
        (2, "(line cut at the end of mail.log.3.gz)"),
    ),
)

REPORT = Report(
    schema="logtune.report/1",
    command="report",
    hosts=("mail.corbel.example",),
    period=PERIOD,
    coverage=COVERAGE,
    headline="Of 5 restrictions on trial, 2 can be enforced, 1 must not. 3 findings to act on.",
    details=("74,518 recipients in 61,382 sessions: 29 % accepted, 68 % rejected, 3.1 % abandoned",),
    sections=(
        Section("trial", "Restrictions on trial", CARDS, "most harmful first",
                (Next("logtune trial", "in full, with the lines behind each number"),)),
        Section("findings", "Needs a person", FINDINGS, "worst first"),
        Section("rejected", "Rejected", (REJECTED,), "50,307 recipients",
                (Next("logtune rejects", "by client, HELO, sender and recipient domain"),)),
        Section("deliveries", "Deliveries",
                (Note("21,702 sent (94 %), 1,166 deferred (5.0 %), 216 bounced (0.9 %), 18 expired"),
                 DELIVERIES, STAGES),
                "23,102 deliveries, one per recipient and try",
                (Next("logtune delays", "by relay, destination and hour"),)),
        Section("processes", "Processes",
                (Finding(Level.ACT, "peak 50 of 50", "99 % of the time at most 24, 95 % at most 11"),
                 Metric("daily peak", PEAKS, Kind.COURSE, "2 – 22 Mar", limit=50)),
                "smtpd sessions at the same moment", (Next("logtune sizing", "what more processes would have taken"),)),
        Section("unrecognised", "Not understood",
                (NOT_UNDERSTOOD, Note("636 lines of other programs were left aside.", aside=True)),
                "37 of 611,844 Postfix lines, <0.1 %",
                (Next("logtune parse --table unrecognised", "the lines, with file and byte offset"),)),
    ),
)  # fmt: skip

WANTED = Table(
    "wanted",
    (
        Column("organisation", "client organisation", Kind.LOGTEXT),
        Column("client", "client", Kind.LOGTEXT, below=True),
        Column("helo", "HELO", Kind.LOGTEXT, below=True),
        Column("recipients", "recipients", Kind.COUNT, "recipients", strong=True),
        Column("last", "last", Kind.TIME, wide=True),
        Column("evidence", "evidence that it is wanted", Kind.TEXT),
    ),
    (
        ("hollis-roofing.example", "203.0.113.58", "SRV-MAIL01", 6, datetime(2026, 3, 19, 8, 0),
         "you wrote it 14 mails, 5 days, filter: clean"),
        ("stanway-surgery.example", "198.51.100.24", "exchange", 4, datetime(2026, 3, 20, 9, 30),
         "you wrote it 3 mails, 4 days, filter: clean"),
        ("penrose-coaches.example", "192.0.2.131", "[bold]hello[/bold]\x1b]0;owned\x07", 2, None,
         "2 days, filter: clean, nobody wrote to it"),
    ),
    title="Wanted clients",
    counts="12 recipients of 3 client organisations",
    harm=Harm.WANTED,
)  # fmt: skip

OVERLAP = Table(
    "overlap",
    (
        Column("unknown", "unknown", Kind.MARK),
        Column("non_fqdn", "non_fqdn", Kind.MARK),
        Column("invalid", "invalid", Kind.MARK),
        Column("recipients", "recipients", Kind.COUNT),
        Column("amount", "", Kind.AMOUNT),
    ),
    (
        (True, False, False, 558, 558), (True, True, False, 149, 149),
        (True, True, True, 24, 24), (False, True, False, 5, 5),
    ),
)  # fmt: skip

COUNTS = Table(
    "counts",
    (
        Column("verdict", "", Kind.VERDICT),
        Column("restriction", "", Kind.LOGTEXT),
        Column("lines", "warning lines", Kind.COUNT),
        Column("flagged", "flagged", Kind.COUNT),
        Column("rejected", "rejected anyway", Kind.COUNT),
        Column("deferred", "deferred anyway", Kind.COUNT, wide=True),
        Column("abandoned", "abandoned", Kind.COUNT),
        Column("stopped", "newly stopped", Kind.COUNT, strong=True),
        Column("only", "only this", Kind.COUNT),
    ),
    (
        (Verdict.NO, UNKNOWN, 24_731, 19_268, 17_900, 219, 415, 731, 558),
        (Verdict.EXCEPTIONS, NON_FQDN, 12_958, 11_637, 11_202, 0, 256, 178, 5),
        (Verdict.ENFORCE, INVALID, 4_106, 3_874, 3_761, 0, 89, 24, 0),
    ),
    note="Rejected anyway: an enforced restriction stops it too. Newly stopped: accepted today.",
)

ORDER = Table(
    "order",
    (
        Column("step", "", Kind.TEXT),
        Column("recipients", "", Kind.COUNT),
        Column("whom", "", Kind.PARTS),
        Column("change", "", Kind.NUMBER),
    ),
    (
        ("both enforced where they stand", 178, parts(12, 118, 9, 39), ""),
        ("permit_mynetworks first", 164, parts(12, 104, 9, 39), -14),
        ("then permit_sasl_authenticated", 60, parts(12, 0, 9, 39), -104),
        ("then the 3 exceptions", 48, parts(0, 0, 9, 39), -12),
    ),
)

TRIAL = Report(
    schema="logtune.trial/1",
    command="trial",
    hosts=("mail.corbel.example", "mx2.corbel.example"),
    period=PERIOD,
    coverage=CUT,
    headline=f"{NON_FQDN}: enforce with exceptions",
    details=("Its harm can be avoided: 130 of 130 recipients of authorized clients and wanted clients.",),
    verdict=Verdict.EXCEPTIONS,
    sections=(
        Section("whom", "Whom it would hit", (Bar(parts(12, 118, 9, 39)), WANTED), "178 recipients newly stopped"),
        Section("counts", "What each restriction does", (COUNTS,), "recipients (first column: log lines)"),
        Section("overlap", "Overlap", (OVERLAP,), "736 recipients newly stopped by any of the three"),
        Section("order", "Why this order", (ORDER,), "recipients newly stopped, 21 days"),
        Section("peaks", "smtpd sessions at the same moment", (Chart("daily peak", date(2026, 3, 2), PEAKS, 50),),
                "daily peak", level=Level.ACT),
        Section("glance", "At a glance", (Table(
            "glance",
            (Column("level", "", Kind.LEVEL), Column("what", "", Kind.TEXT), Column("why", "", Kind.TEXT)),
            ((Level.ACT, "processes", "peak 50 of 50, no free smtpd for 33 min"),
             (Level.WELL, "disk", "small mails reach the queue in 0.04 s (half)"),
             (Level.UNKNOWN, "memory", "run on the server: logtune sizing --live")),
        ),)),
        Section("main.cf", "main.cf", (Lines((
            "--- /etc/postfix/main.cf", "+++ plan/main.cf", "@@ -41,6 +41,8 @@", " smtpd_delay_reject = yes",
            "-smtpd_helo_required = no", "+smtpd_helo_required = yes"), "diff"),)),
    ),
    extra={"restrictions": [{"restriction": NON_FQDN, "accepted": 178}]},
)  # fmt: skip
