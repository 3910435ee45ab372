"""main.cf as Postfix reads it: continuation lines, comments, the last assignment, and clear errors."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from logtune.postconf import main_cf
from logtune.postconf.errors import PostconfError
from logtune.postconf.lines import read_text
from tests.conftest import PostfixTools

MAIN = """\
# Debian's first line
myhostname = mail.example.test

smtpd_helo_restrictions =
    # the two on trial
    warn_if_reject reject_invalid_helo_hostname,

    warn_if_reject
\treject_non_fqdn_helo_hostname
mynetworks=127.0.0.0/8
myhostname = mx.example.test
"""


def test_values_and_lines() -> None:
    """Comments and empty lines do not end a value, the last assignment counts, and each knows its lines."""
    found = main_cf.parse(MAIN)
    assert {name: (" ".join(a.value.split()), a.first, a.end) for name, a in found.items()} == {
        "myhostname": ("mx.example.test", 10, 11),
        "smtpd_helo_restrictions": (
            "warn_if_reject reject_invalid_helo_hostname, warn_if_reject reject_non_fqdn_helo_hostname",
            3,
            9,
        ),
        "mynetworks": ("127.0.0.0/8", 9, 10),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb 2\n", 'main.cf, line 2: missing "=" after the name: "b 2".'),
        ("a b = 1\n", 'main.cf, line 1: missing "=" after the name: "a b = 1".'),
        ("# begin\n  a = 1\n", "main.cf, line 2: begins with white space, so it continues a line that is not there."),
        ("= 1\n", 'main.cf, line 1: missing "=" after the name: "= 1".'),
    ],
)
def test_what_is_wrong_and_where(text: str, message: str) -> None:
    """A broken file is refused with its line, and with what to do."""
    with pytest.raises(PostconfError) as error:
        main_cf.parse(text)
    assert str(error.value) == message
    assert error.value.advice


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a = 1\nb = \0\n", "line 2: holds a NUL byte"), (b"#" * (4 << 20) + b"\n", "is too large")],
)
def test_no_configuration_at_all(tmp_path: Path, content: bytes, message: str) -> None:
    """What is no configuration is said to be none: binary files, logs."""
    path = tmp_path / "main.cf"
    path.write_bytes(content)
    with pytest.raises(PostconfError, match=message):
        read_text(str(path))


@pytest.mark.parametrize("name", ["", "missing"])
def test_no_file(tmp_path: Path, name: str) -> None:
    """A directory and a missing file are errors of the configuration, not of the program."""
    with pytest.raises(PostconfError):
        read_text(str(tmp_path / name))


LINES = (
    "p{n} = a.example", "p{n}=example", "  continued, more", "\tb", "# note", "   # note", "", "  ", "p{n} =", "p{n} = a,", "p1 = no",
)  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_as_postconf_reads_it(postfix: PostfixTools, seed: int) -> None:
    """Whatever follows on what, the values are those of the real ``postconf -n``."""
    chosen = random.Random(seed).choices(LINES, k=400)
    lines = ["biff = no", *(line.format(n=number) for number, line in enumerate(chosen))]
    text = "\n".join([*lines, "smtpd_banner = " + " ".join(f"$p{n}" for n in range(400))]) + "\n"
    (postfix.directory / "main.cf").write_text(text)
    (postfix.directory / "master.cf").write_text("")
    real = {n: " ".join(v.split()) for n, v in postfix.values("-n").items() if n != "config_directory"}
    assert {n: " ".join(a.value.split()) for n, a in main_cf.parse(text).items()} == real
