"""logtune helo: which restrictions would reject a name, on a page and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from logtune.cli.exit_codes import ExitCode
from logtune.postfix import helo
from tests.cli.conftest import Runner

PROGRAM = [sys.executable, "-c", "from logtune.cli import main; main()"]
NAMES = ["frasier", "mail.example.com", "192.0.2.7", "[192.0.2.7]"]

PAGE = """
                        reject_invalid_    reject_non_fqdn_    reject_unknown_
  HELO                  helo_hostname      helo_hostname       helo_hostname
  frasier               ✓ passes           ✗ 504               ? DNS decides
  mail.example.com      ✓ passes           ✓ passes            ? DNS decides
  192.0.2.7             ✓ passes           ✗ 504               ✗ 450
  [192.0.2.7]           ✓ passes           ✓ passes            ✓ passes

  ✗ the client would be told
    504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname
    504 5.5.2 <192.0.2.7>: Helo command rejected: need fully-qualified hostname
    450 4.7.1 <192.0.2.7>: Helo command rejected: Host not found
  ? rejected with 450 unless the name has an A or MX record
  Restrictions are not asked about clients that an earlier permit lets in.
  → logtune helo --dns frasier mail.example.com   asks the name server now
"""


def test_page(logtune: Runner) -> None:
    """A row per name, a column per restriction, then the replies and the command that asks DNS."""
    answer = logtune("helo", *NAMES)
    assert (answer.code, answer.errors) == (ExitCode.OK, "")
    assert answer.text == PAGE


def test_wide_page(logtune: Runner) -> None:
    """At 120 columns each restriction's name stands in one line."""
    lines = logtune("helo", *NAMES, "--width", "120").text.splitlines()
    assert lines[1].split() == ["HELO", helo.INVALID, helo.NON_FQDN, helo.UNKNOWN]
    assert lines[2].split() == ["frasier", "✓", "passes", "✗", "504", "?", "DNS", "decides"]


def test_json(logtune: Runner) -> None:
    """A list with an object per name; null where only DNS can tell."""
    answer = logtune("helo", "frasier", "--format", "json")
    assert json.loads(answer.text) == [
        {
            "helo": "frasier",
            "restrictions": {
                "reject_invalid_helo_hostname": {"rejects": False, "reply": None},
                "reject_non_fqdn_helo_hostname": {
                    "rejects": True,
                    "reply": "504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname",
                },
                "reject_unknown_helo_hostname": {"rejects": None, "reply": None},
            },
        }
    ]


def test_dns(logtune: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """--dns fills in what only the name service can tell, and says whom it asked."""
    answers = {
        "frasier": helo.DnsAnswer(False, "no A, MX"),
        "mail.example.com": helo.DnsAnswer(True, "has MX"),
        "slow.example.com": helo.DnsAnswer(None, "no answer"),
    }
    monkeypatch.setattr(helo, "ask_dns", lambda name, _resolver: answers[name])
    page = logtune("helo", "--dns", *answers, "[192.0.2.7]").text
    for cell in ("✗ 450 no A, MX", "✓ passes has MX", "? DNS: no answer"):
        assert cell in page
    assert "Another day, another answer." in page
    made = json.loads(logtune("helo", "--dns", *answers, "--format", "json").text)
    assert [row["restrictions"][helo.UNKNOWN]["rejects"] for row in made] == [True, False, None]


@pytest.mark.parametrize(
    "name",
    [b"\x1b]0;owned\x07", b"\xff\xfe", b"[bold]x[/bold]", b"a\nb", b"-n", b"", b"x" * 3000, "münchen.example".encode()],
)
def test_names_of_any_bytes(name: bytes) -> None:
    """Whatever bytes a name has: an answer, nothing sent to the terminal, valid JSON."""
    for arguments in (["--", name], ["--format", "json", "--", name]):
        done = subprocess.run([*PROGRAM, "helo", *arguments], capture_output=True, check=False, env={"LANG": "C.UTF-8"})
        assert (done.returncode, done.stderr) == (ExitCode.OK, b"")
        assert all(line.isprintable() for line in done.stdout.decode().split("\n"))
    assert json.loads(done.stdout)[0]["helo"] == name.decode("utf-8", "replace")


def test_ascii_where_the_locale_is() -> None:
    """An encoding without these signs gets ASCII ones."""
    done = subprocess.run(
        [*PROGRAM, "helo", "frasier"], capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii"}
    )
    assert done.stdout.isascii()
    assert b"x 504" in done.stdout
