"""Does what `world.py` declares hold? Asked of Postfix: one listener per restriction that enforces nothing else."""

from . import world as w
from .client import Wire
from .laboratory import Laboratory, Setup, write

ENFORCED = {
    w.INVALID: ("helo", w.INVALID),
    w.NON_FQDN: ("helo", w.NON_FQDN),
    w.UNKNOWN: ("helo", w.UNKNOWN),
    w.UNKNOWN_CLIENT: ("client", w.UNKNOWN_CLIENT),
    w.UNKNOWN_REVERSE: ("client", w.UNKNOWN_REVERSE),
    w.RBL: ("client", w.RBL + " dnsbl.example"),
}
PORTS = {name: 2600 + number for number, name in enumerate(ENFORCED)}


def listeners() -> str:
    return "".join(
        f"127.0.0.1:{PORTS[name]} inet n - n - - smtpd\n  -o {{ smtpd_upstream_proxy_protocol = haproxy }}\n"
        f"  -o {{ smtpd_{where}_restrictions = {rule} }}\n"
        for name, (where, rule) in ENFORCED.items()
    )


def refused(port: int, address: str, helo: str) -> tuple[bool, str]:
    wire = Wire(port, address)
    wire.command(f"EHLO {helo}")
    wire.command("MAIL FROM:<office@example.org>")
    answer = wire.command("RCPT TO:<anna@corbel.example>")
    wire.quit()
    return answer[0] != "2", answer


def consult(lab: Laboratory, folder) -> bool:
    """True if everything holds; writes what was asked and answered."""
    hosts = [*w.GOOD, *w.CARELESS, *w.SPAMMERS, w.COPIER, w.OWN_SERVER, *w.USERS]
    names = sorted({*w.HELO_FAULTS, *(one.helo for one in hosts)})
    rows, wrong = [], 0
    setup = Setup("oracle", {"smtpd_client_connection_rate_limit": "0"}, master=listeners())

    def ask(_):
        nonlocal wrong
        questions = [
            (rule, w.ORG.address, helo, rule in w.HELO_FAULTS.get(helo, ())) for helo in names for rule in w.HELO_TRIO
        ]
        questions += [
            (rule, one.address, w.ORG.helo, rule in one.faults)
            for one in hosts
            for rule in (w.UNKNOWN_CLIENT, w.UNKNOWN_REVERSE, w.RBL)
        ]
        for rule, address, helo, declared in questions:
            measured, answer = refused(PORTS[rule], address, helo)
            wrong += measured != declared
            rows.append(f"{'ok' if measured == declared else 'WRONG'}\t{rule}\t{address}\t{helo}\t{answer}\n")

    lab.run(setup, ask)
    write(
        folder / "oracle.tsv",
        "verdict\trestriction\tclient\thelo\treply of a Postfix that enforces only this restriction\n" + "".join(rows),
    )
    print(f"oracle: {len(rows)} questions, {wrong} wrong", flush=True)
    return not wrong
