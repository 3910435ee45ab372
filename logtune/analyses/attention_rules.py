"""Which warnings need a person: patterns over the text after the severity, worst first; the first that fits is taken.

Each rule names the Postfix source that prints the text. Warnings that only tell what a client or another site did
are rules, too (``Level.WELL``): they are counted and left aside, so that what remains is worth reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from logtune.results import Level


@dataclass(frozen=True)
class Rule:
    """A kind of trouble. ``at_least`` lines make it a finding: below, it may be chance. WELL rules are left aside."""

    name: str
    level: Level
    title: str
    pattern: re.Pattern[str]
    advice: str = ""
    at_least: int = 1


def _rule(name: str, level: Level, title: str, pattern: str, advice: str = "", at_least: int = 1) -> Rule:
    return Rule(name, level, title, re.compile(pattern, re.IGNORECASE), advice, at_least)


_ACT, _LOOK, _WELL = Level.ACT, Level.LOOK, Level.WELL

CHANCE = 5
"""Troubles that pass by themselves (a restart, a busy moment) are findings from so many lines."""

RULES = (
    # the queue and the disk: src/smtpd/smtpd_check.c, src/global/mail_copy.c, src/cleanup/cleanup_out.c
    _rule(
        "storage",
        _ACT,
        "The disk is full",
        "no space left on device|not enough free space in mail queue|disk quota exceeded|insufficient system storage",
        "Mail is put off until there is room: free space under the queue directory.",
    ),
    _rule(
        "queue_write",
        _ACT,
        "The queue cannot be written",
        "queue file write error|write queue file|error writing (queue )?file|input/output error|read-only "
        "file system|corrupt|unable to create|create file (incoming|active|defer)",
        "Look at the disk and at the queue directory (postfix check).",
    ),
    _rule(
        "resources",
        _ACT,
        "The machine runs out of memory, processes or files",
        "cannot allocate memory|out of memory|insufficient memory|fork: |too many open files|resource "
        "temporarily unavailable|file table overflow",
        "Raise the system's limits or lower default_process_limit.",
    ),
    # src/master/master_spawn.c, master_reap.c
    _rule(
        "throttling",
        _ACT,
        "A Postfix process cannot start",
        r"bad command startup|-- throttling|premature end-of-input|process \S+ pid \d+ (exit status|killed by "
        "signal|stopped by signal)",
        "The line before says why; postfix check finds wrong files.",
    ),
    # restrictions: src/smtpd/smtpd_check.c
    _rule(
        "unknown_restriction",
        _ACT,
        "An unknown restriction",
        "unknown (smtpd )?restriction|support for restriction .* has been removed|unknown smtpd restriction",
        "Every request that reaches it fails with 451: correct main.cf.",
    ),
    _rule(
        "ignored_restriction",
        _LOOK,
        "A restriction is never reached",
        "restriction .* (after .* )?is ignored",
        "It stands after permit, reject or defer.",
    ),
    _rule(
        "reply_codes",
        _ACT,
        "A wrong reply code is configured",
        r"(reply|response|DSN detail|DSN) code configuration error|bad \S*_code",
        "Correct the code; until then clients get 450.",
    ),
    # tables and maps: src/util/dict*.c, src/global/dict_*.c
    _rule(
        "tables",
        _ACT,
        "A table cannot be read",
        r"table lookup problem|lookup problem|open database|unsupported dictionary type|is unavailable\. |"
        "connect to (mysql|pgsql|ldap)|dict_(mysql|pgsql|ldap|proxy|lmdb|cdb)|unable to (open|read) .*(map|"
        "table)|proxymap.*(refus|unavail)",
        "Mail that needs it is put off.",
    ),
    _rule(
        "tables_old",
        _LOOK,
        "A table is older than its source",
        "is older than source file",
        "Run postmap or postalias on the source.",
    ),
    # TLS of this server: src/tls/tls_server.c, tls_certkey.c, src/smtpd/smtpd.c
    _rule(
        "tls_setup",
        _ACT,
        "TLS is not set up rightly",
        "cannot (get|load) .*(certificate|key|CA|ca|dh|DH)|no server certs? available|TLS (is )?(won't|will "
        "not) be enabled|(wrapper|service) .*without TLS|certificate .*expired|key values mismatch|disabling "
        "TLS support|TLS library initialization|problem loading|TLS has been selected, but",
        "Clients cannot encrypt: check certificate and key files.",
    ),
    _rule(
        "tls_weak",
        _LOOK,
        "A TLS setting is not known",
        "(invalid|unknown|unrecognized|unsupported) .*(tls|cipher|protocol)",
        "Check the smtp_tls and smtpd_tls parameters.",
    ),
    # milters, policy services, SASL: src/milter/milter8.c, src/global/attr_clnt.c, src/xsasl/
    _rule(
        "milter",
        _ACT,
        "A milter does not answer",
        "milter .*(connect|can't read|can't send|refused|timed? ?out|unreasonable|lost)|connect to milter|"
        "milter service",
        "Until it does, mail is handled by milter_default_action.",
        CHANCE,
    ),
    _rule(
        "policy",
        _ACT,
        "A policy service or another helper does not answer",
        r"problem talking to (server|service)|policy server|timeout on \S+ .*while|connect to \S*(private|"
        r"127\.0\.0\.1|unix:)\S*: |SASL: connect to|unable to connect to",
        "Check that it runs; smtpd answers 451 meanwhile.",
        CHANCE,
    ),
    _rule(
        "sasl_setup",
        _ACT,
        "SASL logins are not set up rightly",
        "no SASL authentication mechanisms|SASL per-(process|connection) (server )?initialization failed|"
        "xsasl_|SASL authentication (is )?not (enabled|available)",
        "Nobody can log in: check smtpd_sasl_type and smtpd_sasl_path.",
    ),
    # names: src/dns/dns_lookup.c, src/smtpd/smtpd_check.c, src/dnsblog/dnsblog.c
    _rule(
        "dnsbl",
        _LOOK,
        "A DNS list does not answer",
        "RBL lookup error|dnsblog_query|dnsblog .*error|lookup error for DNS query",
        "A list that has closed, or a resolver that it refuses (public resolvers are).",
        CHANCE,
    ),
    _rule(
        "name_service",
        _ACT,
        "A name server does not answer",
        "name service error.*(try again|timed? ?out)|hostname nor servname|temporary failure in name "
        "resolution|dns_(query|get)",
        "Check /etc/resolv.conf; a caching resolver on this machine helps.",
        CHANCE,
    ),
    # wrong settings: src/util/, src/global/mail_params.c, src/trivial-rewrite/resolve.c
    _rule(
        "domains",
        _LOOK,
        "A domain is listed twice",
        "do not list domain .* in both",
        "A domain is local, virtual alias, virtual mailbox or relay: only one.",
    ),
    _rule(
        "permissions",
        _LOOK,
        "Files have the wrong owner or mode",
        "not owned by|(group|world|other)[- ]or[- ]other[- ]writable|writable|permission denied|symlink|"
        r"differs?\b.*chroot|and /etc/.* differ",
        "postfix check; postfix set-permissions.",
    ),
    _rule(
        "bad_config",
        _ACT,
        "The configuration has an error",
        "bad (string|numerical|boolean|parameter|configuration|net/mask|time)|unknown (parameter|service|"
        r"command)|undefined parameter|missing (value|'=' |\S+ parameter)|no (such|valid) \S*(transport|"
        r"service)|main\.cf|master\.cf|syntax error|unexpected (text|character)|illegal (configuration|"
        "parameter)|configuration (file )?error|non-null host address bits|host name lookup failure for "
        "myhostname|my ?hostname",
        "postfix check and postconf -n show what Postfix reads.",
    ),
    _rule(
        "addresses_in_use",
        _ACT,
        "A port is taken",
        "address already in use|cannot assign requested address",
        "Another program listens there.",
    ),
    _rule(
        "loops",
        _ACT,
        "Mail goes in circles",
        "loops back to myself|hopcount exceeded|mail forwarding loop|mail loop",
        "Name the domain in mydestination, or correct its MX or transport.",
    ),
    _rule(
        "time",
        _LOOK,
        "The machine is slow",
        r"(read|write) timeout for service|"
        r"average delay is \d+ ms|took \d+ (s|sec|seconds)|timeout waiting for|unable to (get|set) .*lock|"
        "watchdog timeout|clock",
        "Disk, tables or name service answer late.",
        CHANCE,
    ),
    # backscatter of what clients and other sites do; counted, left aside
    _rule(
        "clients_limited",
        _LOOK,
        "Clients were slowed down by a rate limit",
        "(connection concurrency|connection rate|delivery request rate|recipient address rate|recipient rate|"
        "TLS session rate|auth command rate|message rate) (limit )?(limit )?exceeded",
        "",
        20,
    ),
    _rule(
        "clients",
        _WELL,
        "",
        "non-SMTP command|illegal address|numeric (domain|hostname|result)|malformed domain|valid_(hostname|"
        "ipv)|ssl_accept|tls library problem|network_biopair|bare <lf>|dnsblog|psc_|haproxy|proxy read|"
        "unexpected end|too (long|many)|command time limit|bad (address|command)|address syntax|stripping "
        "too many comments|mail_addr|non-ASCII|smtputf8",
    ),
    _rule(
        "remote",
        _WELL,
        "",
        "no MX host|valid hostname|nullMX|unable to look up|MX host|server (does not|offered)|enabling PIX "
        "workarounds|host .* (greeted|replied|said)|lost connection|conversation with|certificate "
        "verification|mismatch|peer",
    ),
)
