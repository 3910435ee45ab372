"""The configuration file: what it gives, where it is looked for, and what every mistake says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logtune import config
from logtune.config import Config, ConfigError, How, Known, SiteText
from logtune.parse import Tag

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"
FILE = Path("/etc/logtune.toml")


def example() -> str:
    found = re.search(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def message(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        config.parse(text, FILE)
    return str(raised.value)


def test_example_of_the_documentation_loads() -> None:
    """The example is what the code understands, key by key."""
    assert config.parse(example(), FILE) == Config(
        texts=(
            SiteText("Helo command rejected: do not use our name", "check_helo_access"),
            SiteText("Recipient address rejected: Greylisted*", "check_policy_service", How.GLOB, True),
            SiteText(r"Client host rejected: (Dynamic|Generic) name \[ip\]", "dynamic_clients", How.REGEX),
        ),
        tags={"mx-in": Tag("postfix-in", "smtp", "smtpd"), "bulk": Tag("bulk", None, "smtp")},
        mynetworks=("127.0.0.0/8", "192.0.2.0/24", "2001:db8:7::/48"),
        submission_services=("submission", "smtps", "webmail-in"),
        probe_senders=("verify@probe.example.net",),
        quota_texts=("*This mailbox is full, please call*",),
        mx_order=(("mx1", "mx2"), ("backup",)),
        path=FILE,
    )


def test_documentation_names_every_key() -> None:
    """Each key of the file has its section."""
    text = DOCS.read_text(encoding="utf-8")
    keys = set(Config.__dataclass_fields__) - {"path"}
    sections = set(re.findall(r"^### `\[*(\w+)", text, re.MULTILINE))
    assert sections == keys


def test_documented_error_message_is_the_real_one() -> None:
    """The message that the documentation shows is what the code says."""
    shown = re.search(r"```text\n(.*)\n```", DOCS.read_text(encoding="utf-8"))
    assert shown
    assert message('mynetworks = ["192.0.2.0/24", "192.0.2.7/24"]') == shown[1]


def test_empty_file_is_the_configuration_of_a_site_without_one() -> None:
    """Every key is optional."""
    assert config.parse("", FILE) == Config(path=FILE)


def test_restriction_names_become_the_present_ones() -> None:
    """Old names are aliases; an argument and names of the site's own stay."""
    text = "".join(
        f'[[texts]]\nmatch = "x"\nrestriction = "{name}"\n'
        for name in ("reject_invalid_hostname", "check_helo_access hash:/etc/postfix/helo", "our_class")
    )
    found = [entry.restriction for entry in config.parse(text, FILE).texts]
    assert found == ["reject_invalid_helo_hostname", "check_helo_access hash:/etc/postfix/helo", "our_class"]


def test_depends_on_history_follows_the_restriction_unless_said() -> None:
    """A policy service remembers by default; the file can say otherwise."""
    text = """
        [[texts]]
        match = "a"
        restriction = "check_policy_service unix:private/policy"
        [[texts]]
        match = "b"
        restriction = "check_policy_service"
        depends_on_history = false
        [[texts]]
        match = "c"
        restriction = "our_greylisting"
        depends_on_history = true
    """
    assert [entry.depends_on_history for entry in config.parse(text, FILE).texts] == [True, False, True]


MISTAKES = {
    "my_networks = []": "my_networks: expected one of texts, tags, mynetworks, submission_services, probe_senders, "
    "quota_texts, known_clients, mx_order, profiles, found the key my_networks. Did you mean mynetworks?",
    "colour = true": "colour: expected one of texts, tags, mynetworks, submission_services, probe_senders, "
    "quota_texts, known_clients, mx_order, profiles, found the key colour. Take it out; docs/configuration.md lists all keys",
    'mynetworks = "192.0.2.0/24"': 'mynetworks: expected a list of texts in quotes, such as ["a", "b"], found '
    "the text '192.0.2.0/24'. docs/configuration.md shows every key with an example",
    "mynetworks = [7]": "mynetworks[1]: expected a text in quotes, found the number 7. docs/configuration.md shows "
    "every key with an example",
    'mynetworks = ["hash:/etc/postfix/networks"]': "mynetworks[1]: expected a network such as 192.0.2.0/24 or "
    "2001:db8::/32, found 'hash:/etc/postfix/networks'. List the networks themselves; `postconf -x mynetworks` shows "
    "what Postfix uses",
    'mynetworks = ["[2001:db8::1]/32"]': "mynetworks[1]: expected a network such as 192.0.2.0/24 or 2001:db8::/32, "
    "found '[2001:db8::1]/32'. Write 2001:db8::/32 for the network",
    'submission_services = ["postfix/submission/smtpd"]': "submission_services[1]: expected a service name, found "
    "'postfix/submission/smtpd'. Give the middle part of the syslog tag alone: submission in postfix/submission/smtpd",
    'probe_senders = ["<>"]': "probe_senders[1]: expected an address such as verify@example.net, found '<>'. Write it "
    "without angle brackets; the empty sender and double-bounce@ always count as probes",
    'mx_order = ["mx1;reboot"]': "mx_order[1]: expected a host name such as mx1, or several of one preference, found "
    "'mx1;reboot'. List the hosts as the log names them, the best preference first",
    'quota_texts = [" "]': "quota_texts[1]: expected a text in quotes, found an empty one. Fill it in or take the "
    "entry out",
    '[[texts]]\nrestriction = "reject"': "texts[1]: expected one of match, glob and regex, found none of them. Keep "
    "the one that says what you mean",
    '[[texts]]\nmatch = "a"\nglob = "a*"\nrestriction = "reject"': "texts[1]: expected one of match, glob and regex, "
    "found match and glob. Keep the one that says what you mean",
    '[[texts]]\nmatch = "a"': "texts[1].restriction: expected the name of a restriction, found nothing. Add "
    'restriction = "...", the name that reports shall show for this text',
    '[[texts]]\nmatch = "a"\nrestriction = "reject_invalid_helo_hostnam"': "texts[1].restriction: expected the name of "
    "a restriction, found 'reject_invalid_helo_hostnam'. Did you mean reject_invalid_helo_hostname? A restriction "
    "class of your own needs a name less like it",
    '[[texts]]\nregex = "(a"\nrestriction = "reject"': "texts[1].regex: expected a regular expression, found '(a' "
    "(missing ), unterminated subpattern at position 0). Use glob where * is all you need; in regex put a backslash "
    "before brackets and dots",
    '[[texts]]\nmatch = "a"\nrestriction = "reject"\ndepends_on_history = "no"': "texts[1].depends_on_history: "
    "expected true or false, found the text 'no'. docs/configuration.md shows every key with an example",
    '[texts]\nmatch = "a"': "texts: expected a list of [[texts]] entries, found the table {'match': 'a'}. "
    "docs/configuration.md shows every key with an example",
    '[tags]\nmx = "smtpd"': 'tags.mx: expected a table such as { instance = "postfix", service = "submission", '
    "daemon = \"smtpd\" }, found the text 'smtpd'. docs/configuration.md shows every key with an example",
    '[tags]\nmx = { demon = "smtpd" }': "tags.mx.demon: expected one of instance, service, daemon, found the key "
    "demon. Did you mean daemon?",
    '[tags]\nmx = { instance = "postfix" }': "tags.mx: expected daemon, found none. Say which program writes under "
    'this tag: { instance = "postfix", service = "submission", daemon = "smtpd" }',
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items())
def test_a_mistake_says_where_what_and_how(text: str, said: str) -> None:
    """File, key, what was expected and found, and what to do."""
    assert message(text) == f"/etc/logtune.toml: {said}"


def test_bad_toml_says_the_line() -> None:
    """A syntax error names its line and column."""
    said = message("mynetworks = [\n  192.0.2.0/24\n]\n")
    assert said.startswith("/etc/logtune.toml: expected TOML, found a mistake: ")
    assert "line 2" in said


def test_error_carries_its_parts() -> None:
    """A caller can show the parts in its own way."""
    with pytest.raises(ConfigError) as raised:
        config.parse("mynetworks = [7]", FILE)
    error = raised.value
    assert (error.file, error.key, error.expected, error.found) == (
        "/etc/logtune.toml",
        "mynetworks[1]",
        "a text in quotes",
        "the number 7",
    )


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any configuration: a home and a system directory of its own."""
    monkeypatch.delenv(config.VARIABLE, raising=False)
    monkeypatch.setattr(config, "SYSTEM_FILE", tmp_path / "etc" / "logtune.toml")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def write(path: Path, network: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'mynetworks = ["{network}"]')


def test_places_are_tried_in_order(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, then the environment, then the system's file, then the user's."""
    assert config.load() == Config()
    write(places / "home/.config/logtune.toml", "192.0.2.1/32")
    assert config.load().mynetworks == ("192.0.2.1/32",)
    write(places / "etc/logtune.toml", "192.0.2.2/32")
    assert config.load().mynetworks == ("192.0.2.2/32",)
    write(places / "asked.toml", "192.0.2.3/32")
    monkeypatch.setenv(config.VARIABLE, str(places / "asked.toml"))
    assert config.load().mynetworks == ("192.0.2.3/32",)
    write(places / "given.toml", "192.0.2.4/32")
    assert config.load(str(places / "given.toml")).mynetworks == ("192.0.2.4/32",)


def test_working_directory_is_never_looked_at(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody left beside the logs must not change what root's report says."""
    for name in ("logtune.toml", ".logtune.toml", ".config/logtune.toml"):
        write(places / "logs" / name, "192.0.2.9/32")
    monkeypatch.chdir(places / "logs")
    assert config.load() == Config()


def test_a_file_that_was_asked_for_must_be_there(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelled path is an error, not a report without the site's configuration."""
    missing = str(places / "missing.toml")
    monkeypatch.setenv(config.VARIABLE, missing)
    with pytest.raises(ConfigError) as raised:
        config.load()
    assert str(raised.value) == (
        f"{missing}: expected a readable file in UTF-8, found No such file or directory. "
        "Check the path given by --config or $LOGTUNE_CONFIG, and who may read the file"
    )


def test_file_that_is_no_text(places: Path) -> None:
    """Bytes that are not UTF-8 are named by their offset."""
    (places / "latin.toml").write_bytes(b'quota_texts = ["Postf\xe4cher"]')
    with pytest.raises(ConfigError, match=r"a byte that is not UTF-8 at 21\. Save the file as UTF-8"):
        config.load(str(places / "latin.toml"))


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (SiteText("Mailbox [ada] full?", "quota"), True),
        (SiteText("Mailbox [ada] full", "quota"), False),
        (SiteText("Mailbox [*] full?", "quota", How.GLOB), True),
        (SiteText("Mailbox [*] full", "quota", How.GLOB), False),
        (SiteText(r"Mailbox \[\w+\] full.", "quota", How.REGEX), True),
        (SiteText(r"Mailbox", "quota", How.REGEX), False),
    ],
)
def test_site_text_matches_whole_texts(text: SiteText, matches: bool) -> None:
    """Exact, glob (only * is special) and regex all have to cover the text from end to end."""
    assert text.matches("Mailbox [ada] full?") is matches


# --- clients that need not be shown


def test_known_clients(tmp_path: Path) -> None:
    """A verified name, all names below a domain, an address, a network; comments and blank lines between them."""
    path = tmp_path / "known"
    path.write_text("# a\n\nMail.Example.com # b\n.example.org\n192.0.2.7\n[2001:db8::]/32\n")
    known = config.read_known(path)
    clients = [
        ("mail.example.com", "203.0.113.1"), ("other.example.com", "203.0.113.1"), ("a.b.example.org", None),
        ("example.org", None), ("unknown", "192.0.2.7"), ("unknown", "192.0.2.8"), (None, "2001:db8:1::1%eth0"),
    ]  # fmt: skip
    assert [known.has(name, addr) for name, addr in clients] == [True, False, True, False, True, False, True]
    assert not Known().has("mail.example.com", "192.0.2.7")


@pytest.mark.parametrize("line", ["a b", "192.0.2.300", "192.0.2.7/24", "*.example.org", "unknown", "..example.org"])
def test_a_line_that_is_no_client_is_an_error(tmp_path: Path, line: str) -> None:
    """Silently ignored lines would leave a list longer than its reader believes."""
    path = tmp_path / "known"
    path.write_text(f"192.0.2.7\n{line}\n")
    with pytest.raises(ConfigError, match=r"known: line 2: expected a client name") as raised:
        config.parse('known_clients = "known"', tmp_path / "logtune.toml")
    assert repr(line) in str(raised.value)
