"""A report as a mail: plain text that reads well on its own, HTML for mail clients, charts as inline PNG (RFC 2392).

The text is ASCII at 72 columns, so that any reader can quote it. The HTML has no style sheet, script or SVG, which
mail clients drop; its images are parts of the mail and named by ``cid:``, so that nothing is fetched.

Headers are set through ``EmailMessage``, which refuses line ends in them; what the log says in the subject is made
visible and short before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from hashlib import sha256
from typing import Any

from logtune.render import escape, html, png, terminal, values
from logtune.results import Card, Chart, Column, Finding, Item, Kind, Note, Part, Report, Section

WIDTH = 72
"""Columns of the text: what RFC 3676 advises, with room for marks of quotation."""

HTML_MOST = 95_000
"""Characters of the HTML part at most: Gmail cuts what is longer than about 102 kB."""

ROWS_TRIED = (20, 10, 5, 2, 1)

IMAGES_MOST = 40
"""Charts drawn at most; those after them stand in words. A mail stays below half a megabyte."""

ITEMS_MOST = 30
"""Restrictions on trial and findings of a section that the text shows at most."""

_SUBJECT_HOST_MOST = 60
_SUBJECT_MOST = 200


@dataclass
class _Images:
    """Draws charts and gives them names within one mail; None is given where there are enough."""

    token: str
    found: list[png.Image] = field(default_factory=list)
    colours = png.HARM_COLOURS

    def harm(self, parts: Sequence[Part]) -> tuple[str, png.Image] | None:
        """A bar of harm."""
        return self._kept(png.harm(parts)) if self._room() else None

    def spark(self, course: Any, limit: float | None = None) -> tuple[str, png.Image] | None:
        """A sparkline."""
        return self._kept(png.spark(course, limit)) if course and self._room() else None

    def chart(self, chart: Chart) -> tuple[str, png.Image] | None:
        """Columns per day."""
        return self._kept(png.columns(chart)) if self._room() else None

    def cell(self, row: Sequence[Any], index: int, column: Column) -> tuple[str, png.Image] | None:
        """The chart of a table's cell; other kinds of charts stand there in words."""
        value = row[index] if index < len(row) else None
        if column.kind is Kind.COURSE:
            return self.spark(value)
        return self.harm(values.parts_of(value)) if column.kind is Kind.PARTS and value is not None else None

    def _room(self) -> bool:
        return len(self.found) < IMAGES_MOST

    def _kept(self, image: png.Image) -> tuple[str, png.Image]:
        self.found.append(image)
        return self.name(len(self.found) - 1), image

    def name(self, index: int) -> str:
        """The Content-ID of an image, without angle brackets."""
        return f"chart{index + 1}@{self.token}.logtune.invalid"


def message(report: Report, about: str, sender: str | None, recipients: Sequence[str], date: datetime) -> EmailMessage:
    """Return the report as a mail to *recipients*; *about* says what changed and ends the subject.

    *sender* None leaves From to sendmail(1), which knows who runs it. Addresses are those of ``send.address``.
    """
    mail = EmailMessage(policy=policy.SMTP)
    mail["Subject"] = subject(report, about)
    if sender:
        mail["From"] = f"logtune <{sender}>"
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = make_msgid("logtune", _domain(sender))
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice comes back
    shown = _bounded(report)
    mail.set_content(text(shown), charset="us-ascii")
    _add_html(mail, shown)
    return mail


def _domain(sender: str | None) -> str:
    """Right side of a Message-ID: the sender's; a name lookup could take minutes, and the left side is unique."""
    return sender.partition("@")[2].strip("[]") if sender and "@" in sender else "logtune.invalid"


def subject(report: Report, about: str) -> str:
    """``logtune mail.example.com: 1 verdict turned``, ASCII, one line, whatever the log calls the host."""
    hosts = [escape.visible(host, ascii=True) for host in report.hosts] or ["no host"]
    host = hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"
    host = host if len(host) <= _SUBJECT_HOST_MOST else f"{host[: _SUBJECT_HOST_MOST - 3]}..."
    partial = "" if report.coverage.complete else " (log incomplete)"
    return f"logtune {host}: {escape.words(about, ascii=True)}{partial}"[:_SUBJECT_MOST]


def text(report: Report) -> str:
    """Return the report for the plain part: what changed first, then the report as a terminal shows it."""
    news = [section for section in report.sections if section.name == "changes"]
    rest = replace(report, sections=[section for section in report.sections if section.name != "changes"])
    parts: list[Report | Section] = [*news, rest]
    return "\n".join(_text(part, report.period.zone) for part in parts)


def _text(part: Report | Section, zone: str) -> str:
    return terminal.to_text(part, width=WIDTH, ascii=True, zone=zone)


def _add_html(mail: EmailMessage, report: Report) -> None:
    # short: EmailMessage encodes a Content-ID that does not fit a line as if it were a text, and no client finds it
    token = sha256(str(mail["Message-ID"]).encode()).hexdigest()[:16]
    for rows in ROWS_TRIED:
        images = _Images(token)
        page = _html(report, str(mail["Subject"]), images, rows)
        if len(page) <= HTML_MOST:
            break
    mail.add_alternative(page, subtype="html")
    part = mail.get_payload()[1]  # type: ignore[index]  # of a multipart it is the list of its parts
    assert isinstance(part, EmailMessage)
    for index, image in enumerate(images.found):
        part.add_related(
            image.png, "image", "png", cid=f"<{images.name(index)}>", disposition="inline",
            filename=f"chart{index + 1}.png",
        )  # fmt: skip


def _html(report: Report, about: str, images: _Images, rows: int) -> str:
    from logtune.render.look import look

    return html.environment().get_template("mail.html.j2").render(
        look=look(WIDTH, zone=report.period.zone), bounds=html.Bounds(rows), report=report, draw=images, subject=about
    )  # fmt: skip


def _bounded(report: Report) -> Report:
    """The report with a bounded number of cards and findings per section: a stranger can make many texts."""
    return replace(report, sections=[replace(s, items=_first(s.items)) for s in report.sections])


def _first(items: Sequence[Item]) -> list[Item]:
    counted = [item for item in items if isinstance(item, Card | Finding)]
    left_out = {id(item) for item in counted[ITEMS_MOST:]}
    more: list[Item] = [Note(f"{len(left_out):,} more, not shown.", aside=True)] if left_out else []
    return [item for item in items if id(item) not in left_out] + more
