"""A report as a mail: its text reads alone, its charts are there, and no log text gets out of its place."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from logtune.render import mail
from logtune.results import Card, Finding, Level, Note, Report, Section, Verdict
from tests.render import sample
from tests.render.test_terminal import HOSTILE, hostile_report

DATE = datetime(2026, 3, 23, 6, 30, tzinfo=UTC)
CHANGES = Section("changes", "What changed since the last report", (Finding(Level.ACT, "X turned", "why"),))
REPORT = replace(sample.REPORT, sections=(*sample.REPORT.sections, *sample.TRIAL.sections, CHANGES))


def received(
    report: Report, about: str = "1 verdict turned", sender: str | None = "root@mx.example.com"
) -> EmailMessage:
    """The mail as its reader's program sees it."""
    sent = mail.message(report, about, sender, ["postmaster@example.com", "root"], DATE)
    return message_from_bytes(sent.as_bytes(), policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert isinstance(found, EmailMessage)
    return str(found.get_content()).replace("\r\n", "\n")


class Tags(HTMLParser):
    """Names of elements, and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_headers() -> None:
    """Who, to whom, when, about what, and that no person wrote it (RFC 3834)."""
    got = received(REPORT)
    assert {name: str(got[name]) for name in ("From", "To", "Date", "Auto-Submitted")} == {
        "From": "logtune <root@mx.example.com>",
        "To": "postmaster@example.com, root",
        "Date": "Mon, 23 Mar 2026 06:30:00 +0000",
        "Auto-Submitted": "auto-generated",
    }
    assert str(got["Message-ID"]).endswith("@mx.example.com>")
    assert got.defects == []


def test_sender_is_left_to_sendmail() -> None:
    """Without a sender there is no From: sendmail(1) writes the one of the user."""
    assert received(REPORT, sender=None)["From"] is None


def test_text_reads_alone() -> None:
    """ASCII, at most 72 columns, no control, what changed first, then the whole report."""
    text = part(received(REPORT), "plain")
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert text.startswith("What changed since the last report")
    assert max(len(line) for line in text.splitlines() if not line.startswith("    ")) <= 72
    assert REPORT.headline.split()[0] in text


def test_every_chart_is_a_png_that_the_html_names() -> None:
    """The cid names of the HTML are the Content-IDs of the images, one to one; each decodes in the size it is shown in."""
    got = received(REPORT)
    images = {str(p["Content-ID"]).strip("<>"): p for p in got.walk() if p.get_content_type() == "image/png"}
    shown = [attrs for tag, attrs in Tags(part(got, "html")).found if tag == "img"]
    assert [a["src"] for a in shown] == [f"cid:{name}" for name in images]
    assert len(images) > 3
    for attrs, image in zip(shown, images.values(), strict=True):
        drawn = Image.open(io.BytesIO(image.get_content()))
        drawn.load()
        assert drawn.size == (2 * int(attrs["width"] or 0), 2 * int(attrs["height"] or 0))
        assert len(drawn.getcolors() or []) > 1
        assert attrs["alt"]


def test_long_names_leave_the_images_findable() -> None:
    """A Content-ID longer than a line would be encoded by EmailMessage; a long sender must not make one."""
    got = received(REPORT, sender=f"{'a' * 60}@{'mail.' * 20}example.com")
    raw = got.as_bytes()
    assert b"=?" not in b"".join(line for line in raw.splitlines() if line.lower().startswith(b"content-id"))


def test_html_fetches_nothing() -> None:
    """No script, style sheet, SVG, form, link or frame; images are parts of the mail."""
    tags = Tags(part(received(REPORT), "html")).found
    assert {tag for tag, _ in tags}.isdisjoint(
        {"script", "style", "link", "svg", "iframe", "form", "a", "object", "base"}
    )
    assert all(str(a.get("src", "cid:")).startswith("cid:") for _, a in tags)
    assert "http" not in re.sub(r"<[^>]*>", "", part(received(REPORT), "html"))


def test_subject() -> None:
    """Host and what changed; several hosts are counted; a log with gaps says so."""
    whole = replace(REPORT, hosts=("mx.example.com",), coverage=replace(REPORT.coverage, loss=()))
    assert mail.subject(whole, "1 verdict turned") == "logtune mx.example.com: 1 verdict turned"
    assert mail.subject(replace(whole, hosts=("a", "b", "c")), "x") == "logtune a and 2 more: x"
    partial = replace(whole, coverage=replace(whole.coverage, loss=("3 lines",)))
    assert mail.subject(partial, "x") == "logtune mx.example.com: x (log incomplete)"


@pytest.mark.parametrize(
    "host", ["a\r\nBcc: x@example.net", "a\n\nbody", "\u202eevil", "\x1b]0;x\x07", "x" * 4000, "ä" * 500]
)
def test_no_header_is_made_by_the_log(host: str) -> None:
    """A host name of a hostile log stays inside the subject: one line, ASCII, short."""
    plain, hostile = received(REPORT), received(replace(REPORT, hosts=(host,)), about=host)
    assert hostile.keys() == plain.keys()
    subject = str(hostile["Subject"])
    assert subject.isascii() and subject.isprintable()
    assert len(subject) <= 200


@settings(max_examples=40, deadline=None)
@given(
    text=st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=60)),
    number=st.one_of(st.none(), st.integers(-(10**12), 10**12)),
)
def test_hostile_text(text: str, number: float | None) -> None:
    """Whatever a stranger wrote, wherever it stands: the same elements, headers and parts as of harmless words."""
    harmless, hostile = received(hostile_report("word", number)), received(hostile_report(text, number))
    assert hostile.keys() == harmless.keys()
    allowed = {"html", "head", "meta", "title", "body", "p", "b", "br", "h1", "h2", "span", "code", "div", "img",
               "table", "tr", "th", "td", "pre"}  # fmt: skip
    tags = Tags(part(hostile, "html")).found
    assert {tag for tag, _ in tags} <= allowed
    assert not [a for _, a in tags if any(name.startswith("on") or name == "href" for name in a)]
    assert part(hostile, "plain").replace("\n", "").isprintable()
    assert part(hostile, "plain").isascii()


def test_markup_is_shown() -> None:
    """What looks like markup or a template comes out as it came."""
    evil = '<img src=x onerror=alert(1)>{{ 7*7 }}">&amp;'
    page = part(received(replace(REPORT, headline=evil)), "html")
    assert "&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}&#34;&gt;&amp;amp;" in page


def test_size_is_bounded() -> None:
    """Thousands of restrictions on trial make neither a long text, nor an HTML part that Gmail cuts, nor many images."""
    cards = [
        Card(f"text {n} " + "x" * 100, Verdict.KEEP, None, 5, sample.parts(1, 2, 1, 1), ("why " * 50,), (1, 2, 2), 9)
        for n in range(3000)
    ]
    findings = [Finding(Level.ACT, f"trouble {n}", "x" * 200) for n in range(3000)]
    got = received(replace(REPORT, sections=(Section("trial", "On trial", (*cards, *findings, Note("end"))),)))
    assert len(part(got, "html")) <= mail.HTML_MOST
    assert sum(p.get_content_type() == "image/png" for p in got.walk()) <= mail.IMAGES_MOST
    assert len(got.as_bytes()) < 500_000
    assert "5,970 more, not shown" in part(got, "plain")
