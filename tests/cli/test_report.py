"""``logtune report`` unattended: state, conditions, mail, metrics."""

from __future__ import annotations

import io
import json
import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from logtune.analyses.changes import WORTH_A_MAIL, News
from logtune.cli.options import OnlyIf
from tests.cli.conftest import LOG, Runner
from tests.sink import listening

ZONE = ("--tz", "UTC")


@pytest.fixture
def sendmail(tmp_path: Path) -> Path:
    """A sendmail that keeps each mail as ``mail.N``."""
    path = tmp_path / "sendmail"
    path.write_text(f'#!/bin/sh\nn=$(ls {tmp_path} | grep -c "^mail[.][0-9]")\ncat > {tmp_path}/mail.$n\n')
    path.chmod(0o755)
    return path


def mails(folder: Path) -> list[Path]:
    return sorted(folder.glob("mail.[0-9]*"))


def test_mail(logtune: Runner, maillog: Path, tmp_path: Path, sendmail: Path) -> None:
    """The report goes by mail and not to stdout."""
    answer = logtune("report", maillog, *ZONE, "--mail-to", "postmaster", "--sendmail", sendmail)
    assert (answer.code, answer.raw, answer.errors) == (0, b"", "")
    (sent,) = mails(tmp_path)
    message = message_from_bytes(sent.read_bytes(), policy=policy.default)
    assert str(message["To"]) == "postmaster"
    assert str(message["Subject"]).startswith("logtune mx: ")


def test_quiet_days(logtune: Runner, maillog: Path, tmp_path: Path, sendmail: Path) -> None:
    """The first report is sent, the same log again is not, and what is new then is told with what was silent before."""
    state = tmp_path / "state.json"
    run = (
        "report",
        maillog,
        *ZONE,
        "--state",
        state,
        "--only-if",
        "changed",
        "--mail-to",
        "root",
        "--sendmail",
        sendmail,
    )
    assert logtune(*run).code == 0
    first = state.read_bytes()
    assert logtune(*run).code == 0
    assert (len(mails(tmp_path)), state.read_bytes()) == (1, first)
    warning = LOG.splitlines()[1].replace("504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname",
                                          "501 5.5.2 <-x>: Helo command rejected: Invalid name")  # fmt: skip
    maillog.write_text(LOG + warning.replace("T06:12", "T06:20") + "\n")
    assert logtune(*run).code == 0
    last = message_from_bytes(mails(tmp_path)[-1].read_bytes(), policy=policy.default)
    assert str(last["Subject"]) == "logtune mx: 1 restriction newly on trial"
    assert state.read_bytes() != first


def test_a_mail_that_fails_is_told_again(logtune: Runner, maillog: Path, tmp_path: Path, sendmail: Path) -> None:
    """The state stays as it was until the mail is taken over, so that no news is lost."""
    state = tmp_path / "state.json"
    sendmail.write_text("#!/bin/sh\nexit 75\n")
    answer = logtune("report", maillog, *ZONE, "--state", state, "--mail-to", "root", "--sendmail", sendmail)
    assert answer.code == 8
    assert answer.errors.startswith("logtune: the mail was not sent: ")
    assert not state.exists()


def test_only_if_without_mail(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """cron mails what is printed: on a quiet day nothing is."""
    run = ("report", maillog, *ZONE, "--state", tmp_path / "s", "--only-if", "changed")
    assert b"This is the first report" in logtune(*run).raw
    assert logtune(*run).raw == b""


def test_state_shows_what_changed(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """The section stands first; the page is written also where no mail is due."""
    logtune("report", maillog, *ZONE, "--state", tmp_path / "s")
    text = logtune("report", maillog, *ZONE, "--state", tmp_path / "s").text
    assert text.index("What changed since the last report") < text.index("Restrictions on trial")
    assert "Nothing changed." in text


def test_output_beside_the_mail(logtune: Runner, maillog: Path, tmp_path: Path, sendmail: Path) -> None:
    """--output is written every day, the mail only on days that are worth it."""
    page = tmp_path / "page.html"
    run = ("report", maillog, *ZONE, "--state", tmp_path / "s", "--only-if", "changed", "--mail-to", "root",
           "--sendmail", sendmail, "--format", "html", "--output", page)  # fmt: skip
    logtune(*run)
    page.unlink()
    logtune(*run)
    assert (page.exists(), len(mails(tmp_path))) == (True, 1)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"schema": "logtune.state/9"}', "\xff"])
def test_damaged_state(logtune: Runner, maillog: Path, tmp_path: Path, text: str) -> None:
    """A state that cannot be read ends the run before reading; the file stays."""
    state = tmp_path / "s"
    state.write_text(text, encoding="latin-1")
    answer = logtune("report", maillog, "--state", state)
    assert (answer.code, answer.raw, state.read_text(encoding="latin-1")) == (6, b"", text)
    assert "Remove the file to begin anew" in answer.errors


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only-if", "changed"), "--only-if needs --state FILE"),
        (("--smtp", "localhost"), "--smtp and --mail-from need --mail-to"),
        (("--mail-to", "root", "--smtp", "localhost"), "--smtp needs --mail-from"),
        (("--mail-to", "root\nBcc: x@example.net"), "is no mail address"),
        (("--mail-to", "-t"), "is no mail address"),
        (("--mail-to", "root", "--mail-from", "a b"), "is no mail address"),
        (("--mail-to", "root", "--mail-from", "root", "--smtp", "a:b"), "expected HOST"),
        (("--mail-to", "root", "--format", "json"), "--format has no effect on a mail"),
    ],
)
def test_wrong_options(logtune: Runner, maillog: Path, options: tuple[str, ...], said: str) -> None:
    """What cannot work is refused before anything is read."""
    answer = logtune("report", maillog, *options)
    assert (answer.code, answer.raw) == (2, b"")
    assert said in answer.errors


def test_no_sendmail(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """A program that is not there is known at once."""
    answer = logtune("report", maillog, "--mail-to", "root", "--sendmail", tmp_path / "none")
    assert (answer.code, answer.raw) == (8, b"")
    assert "Name it with --sendmail" in answer.errors


def test_conditions_are_the_news() -> None:
    """Every kind of news can be a condition, and ``changed`` is those that are worth a mail."""
    assert {n.value for n in News} == {c.value for c in OnlyIf} - {"changed", "problem"}
    assert set(News) - {News.CLIENT} == WORTH_A_MAIL


def test_metrics(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """The file of metrics is whole and can be read."""
    path = tmp_path / "logtune.prom"
    assert logtune("report", maillog, *ZONE, "--format", "prometheus", "--output", path).code == 0
    found = {f.name: f for f in text_string_to_metric_families(path.read_text())}
    samples = {s.labels["outcome"]: s.value for s in found["logtune_recipients"].samples}
    assert samples == {"accepted": 1, "rejected": 1, "deferred": 0, "abandoned": 0, "probe": 0, "unknown": 0}
    assert list(tmp_path.glob("*.part")) == []


def test_state_is_json(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """One object with its schema."""
    logtune("report", maillog, *ZONE, "--state", tmp_path / "s")
    assert json.loads((tmp_path / "s").read_text())["schema"] == "logtune.state/1"


SAMPLE = Path(__file__).parents[2] / "sample_logs" / "helo_trial.log"

EVIL = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}{% raw %}", "javascript:alert(1)",
    "=HYPERLINK(1)", "\x1b]0;evil\x07", "\u202egnp.exe", '",service="x"} 1', "\\n# HELP x",
)  # fmt: skip


def hostile_log(path: Path) -> Path:
    """A log in which strangers wrote what they could: host, HELO, sender, reply text."""
    lines = []
    for n, evil in enumerate(EVIL):
        host = evil.replace(" ", "")
        stamp = f"2026-03-02T06:12:{n:02}.000000+00:00 {host} postfix/smtpd[{n}]:"
        client = "unknown[203.0.113.9]"
        rest = f"from=<{evil}@example.net> to=<b@example.test> proto=ESMTP helo=<{evil}>"
        lines += [
            f"{stamp} connect from {client}",
            f"{stamp} NOQUEUE: reject_warning: RCPT from {client}: 504 5.5.2 <{evil}>: Helo command rejected: {evil}; {rest}",
            f"{stamp} NOQUEUE: reject: RCPT from {client}: 554 5.7.1 <b@example.test>: {evil}; {rest}",
            f"{stamp} disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
        ]
    path.write_text("\n".join([LOG, *lines, ""]), encoding="utf-8")
    return path


def test_mail_by_smtp(logtune: Runner) -> None:
    """A real server gets a mail that parses, reads at 72 columns, and whose images are those that it names."""
    with listening() as (sink, port):
        run = ("report", SAMPLE, *ZONE, "--year", "2026", "--mail-to", "postmaster@example.com", "--mail-to", "b@example.com",
               "--mail-from", "root@mx.example.com", "--smtp", f"127.0.0.1:{port}")  # fmt: skip
        answer = logtune(*run)
    assert (answer.code, answer.raw, answer.errors) == (0, b"", "")
    (envelope,) = sink.taken
    assert envelope.rcpt_tos == ["postmaster@example.com", "b@example.com"]
    assert isinstance(envelope.content, bytes)
    assert max(map(len, envelope.content.split(b"\r\n"))) <= 998  # RFC 5322, 2.1.1
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert [part.defects for part in message.walk() if part.defects] == []
    plain, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert page is not None
    text = plain.get_content()
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 72
    images = {str(p["Content-ID"]).strip("<>"): p for p in message.walk() if p.get_content_maintype() == "image"}
    assert re.findall(r'src="cid:([^"]+)"', page.get_content()) == list(images)
    for image in images.values():
        Image.open(io.BytesIO(image.get_content())).load()


def test_hostile_log(logtune: Runner, tmp_path: Path, sendmail: Path) -> None:
    """Nothing that a stranger wrote becomes an element, a header, a control or a series of its own."""
    log = hostile_log(tmp_path / "mail.log")
    assert (
        logtune("report", log, *ZONE, "--state", tmp_path / "s", "--mail-to", "root", "--sendmail", sendmail).code == 0
    )
    (tmp_path / "s").write_text(
        '{"schema": "logtune.state/1", "until": null, "restrictions": [], "organisations": {}, "problems": []}'
    )
    run = ("report", log, *ZONE, "--state", tmp_path / "s", "--mail-to", "root", "--sendmail", sendmail)
    assert logtune(*run, "--format", "prometheus", "--output", tmp_path / "m.prom").code == 0
    message = message_from_bytes(mails(tmp_path)[-1].read_bytes(), policy=policy.default)
    assert set(message.keys()) == {
        "Subject",
        "To",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }
    plain, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert page is not None
    assert re.sub(r"\r?\n", "", plain.get_content()).isprintable()
    assert "<script" not in page.get_content()
    assert "<img src=x" not in page.get_content()
    assert "&lt;script&gt;" in page.get_content()
    text = (tmp_path / "m.prom").read_text()
    assert all(line.startswith(("# ", "logtune_")) for line in text.splitlines())
    labels = {name for f in text_string_to_metric_families(text) for s in f.samples for name in s.labels}
    assert labels <= {"kind", "restriction", "service", "harm", "verdict", "level", "outcome", "via", "status",
                      "transport", "cause"}  # fmt: skip


@pytest.mark.parametrize("command", ["trial", "rejects", "delays", "sizing"])
def test_every_report_can_be_mailed(logtune: Runner, tmp_path: Path, command: str) -> None:
    """One part of text at 72 columns, one of HTML, and each image that it names; nothing on stdout."""
    with listening() as (sink, port):
        where = ["--smtp", f"127.0.0.1:{port}", "--mail-from", "root@example.com", "--mail-to", "a@example.com"]
        answer = logtune(command, SAMPLE, *ZONE, "--year", "2026", *where)
    assert (answer.code, answer.text, len(sink.taken)) == (0, "", 1)
    content = sink.taken[0].content
    assert isinstance(content, bytes)
    mail = message_from_bytes(content, policy=policy.default)
    assert not mail.defects and "logtune" in mail["Subject"]
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and html is not None
    shown = text.get_content().splitlines()
    assert len(shown) > 10 and all(line.isascii() for line in shown)
    assert not [line for line in shown if len(line) > 72 and not line.startswith("  > logtune ")]  # to be copied whole
    named = set(re.findall(r'src="cid:([^"]+)"', html.get_content()))
    images = {part["Content-ID"].strip("<>"): part.get_content() for part in mail.walk() if part["Content-ID"]}
    assert named == set(images)
    assert all(image.startswith(b"\x89PNG") for image in images.values())


def test_a_login_is_not_typed(logtune: Runner, maillog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is in a file or the environment, and goes by TLS alone."""
    monkeypatch.delenv("LOGTUNE_SMTP_PASSWORD", raising=False)
    to = ["report", maillog, "--mail-to", "root", "--mail-from", "root", "--smtp", "localhost", "--smtp-user", "night"]
    assert "LOGTUNE_SMTP_PASSWORD" in logtune(*to).errors
    assert "no such file" in logtune(*to, "--smtp-password-file", tmp_path / "none").errors
    monkeypatch.setenv("LOGTUNE_SMTP_PASSWORD", "secret")
    clear = logtune(*to)
    assert clear.code == 2 and "show the password" in clear.errors and "secret" not in clear.errors
