"""A name server on 127.0.0.1 that knows the laboratory's names and nothing else."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.reversename
import dns.rrset


class Zone:
    """Names and their records. A name without records does not exist; a name in `failing` gets SERVFAIL."""

    def __init__(self):
        self.records: dict[tuple[str, str], list[str]] = {}
        self.failing: set[str] = set()

    def add(self, name: str, kind: str, value: str) -> None:
        values = self.records.setdefault((name.lower().rstrip("."), kind), [])
        if value not in values:
            values.append(value)

    def host(self, name: str, address: str) -> None:
        """A host whose name and address point at each other."""
        self.add(name, "AAAA" if ":" in address else "A", address)
        self.pointer(address, name)

    def pointer(self, address: str, name: str) -> None:
        """Only the way back: with a name that does not lead to the address, Postfix calls the client `unknown`."""
        self.add(str(dns.reversename.from_address(address)), "PTR", name + ".")

    def domain(self, name: str, exchanger: str) -> None:
        self.add(name, "MX", f"10 {exchanger}.")

    def blocklist(self, zone: str, address: str, why: str) -> None:
        name = ".".join(reversed(address.split("."))) + "." + zone
        self.add(name, "A", "127.0.0.2")
        self.add(name, "TXT", f'"{why}"')

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA | dns.flags.AA
        question = query.question[0]
        name, kind = str(question.name).lower().rstrip("."), dns.rdatatype.to_text(question.rdtype)
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.records.get((name, kind)):
            response.answer.append(dns.rrset.from_text(question.name, 300, "IN", kind, *values))
        elif not any(known == name or known.endswith("." + name) for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


def serve(zone: Zone, address: str = "127.0.0.1") -> socket.socket:
    """Answer over UDP in the background, until the program ends or the socket is shut down and closed."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))

    def loop() -> None:
        while True:
            try:
                wire, peer = server.recvfrom(4096)
            except OSError:
                return
            response = zone.answer(dns.message.from_wire(wire)) if wire else None
            if response is not None:  # a zone may be made to lose a question
                server.sendto(response.to_wire(), peer)

    threading.Thread(target=loop, daemon=True).start()
    return server
