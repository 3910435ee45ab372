"""``--mail-to``: the one way by which commands send what they found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from logtune.cli.errors import Failure, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import Mailed, SmtpTls

if TYPE_CHECKING:
    from logtune.results import Report
    from logtune.send import Transport

PASSWORD = "LOGTUNE_SMTP_PASSWORD"
_LONGEST_PASSWORD = 4096


def check(mailed: Mailed, form: str, output: str | None) -> None:
    """Refuse what cannot work before minutes go into reading."""
    if not mailed.mail_to:
        if mailed.smtp or mailed.mail_from:
            usage_error("--smtp and --mail-from need --mail-to ADDR.")
        return
    if form != "text" and not output:
        usage_error("--format has no effect on a mail, which has text and HTML; it needs --output FILE.")
    if not mailed.smtp and (mailed.smtp_user or mailed.smtp_tls is not SmtpTls.AUTO):
        usage_error("--smtp-tls and --smtp-user need --smtp HOST:PORT.")
    if mailed.smtp and not mailed.mail_from:
        usage_error("--smtp needs --mail-from ADDR: an SMTP server does not know who runs logtune.")
    _transport(mailed)


def send(answer: Report, mailed: Mailed, about: str | None = None) -> None:
    """Send a report; *about* ends the subject, else its headline. Raises ``Failure`` where it was not taken over."""
    from datetime import datetime

    from logtune import send as sending
    from logtune.render import mail

    recipients = mailed.mail_to or []
    now = datetime.now().astimezone()
    message = mail.message(answer, about or answer.headline, mailed.mail_from, recipients, now)
    try:
        _transport(mailed).send(message, mailed.mail_from, recipients)
    except sending.SendError as error:
        raise Failure(f"the mail was not sent: {error}.", code=ExitCode.OUTPUT_ERROR) from error


def _transport(mailed: Mailed) -> Transport:
    from logtune import send as sending

    if mailed.smtp is None:
        _require_sendmail(mailed.sendmail)
        return sending.Sendmail(mailed.sendmail)
    try:
        return sending.Smtp.of(mailed.smtp).with_login(mailed.smtp_tls, mailed.smtp_user, _password(mailed))
    except ValueError as error:
        usage_error(f"{error}.")


def _password(mailed: Mailed) -> str | None:
    """From a file or the environment, never from the command line, which every user of the machine can read."""
    if mailed.smtp_user is None:
        return None
    if mailed.smtp_password_file is None:
        found = os.environ.get(PASSWORD)
        return found or usage_error(f"--smtp-user needs --smtp-password-file FILE, or {PASSWORD} in the environment.")
    try:
        with open(mailed.smtp_password_file, encoding="utf-8") as file:
            return file.read(_LONGEST_PASSWORD).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is no UTF-8 text").lower()
        raise Failure(f"password file {mailed.smtp_password_file}: {reason}.", code=ExitCode.CONFIG_ERROR) from error


def _require_sendmail(path: str) -> None:
    from logtune import send as sending

    if not sending.sendmail_is_there(path):
        raise Failure(
            f"there is no {path}.", "Name it with --sendmail, or an SMTP server with --smtp.",
            code=ExitCode.OUTPUT_ERROR,
        )  # fmt: skip
