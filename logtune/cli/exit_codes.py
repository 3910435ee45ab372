"""Exit codes, each with a name and one meaning; docs/exit-codes.md is held against this file by a test."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What ``logtune`` tells the shell. Where several hold, the one that leaves least of the answer is given.

    2 is what every command line library gives for a usage error; 130 and 141 are what a shell shows for a program
    that SIGINT or SIGPIPE ended.
    """

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """A code with its *meaning* in one sentence, as docs/exit-codes.md says it."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    OK = 0, "All that was asked for was read in full, and the answer is on stdout or in the output file."
    BUG = 1, "An error in logtune itself; `--debug` shows where."
    USAGE = 2, "The command line cannot be understood: an unknown command, option or value."
    NO_POSTFIX_LINES = 3, "What was read holds no line that Postfix or a known filter wrote."
    PARTLY_READ = (
        4,
        "The answer was given, but a file could not be read, or not to its end; stderr says which and where.",
    )
    NOTHING_READ = 5, "Nothing could be read: no file exists, or none may be read."
    CONFIG_ERROR = 6, "The configuration file cannot be read or holds a value that is not allowed."
    QUERY_ERROR = 7, "The SQL query is wrong, or asks for more than to read the tables."
    OUTPUT_ERROR = (
        8,
        "The answer, or a temporary file, could not be written or sent: no space, no permission, no such directory.",
    )
    NOT_FOUND = 9, "The position, session, message or queue id is not in what was read."
    WANTED_STOPPED = (
        10,
        "Of `verify --fail-on-wanted`: authorized clients, or senders that the trial had let pass, are rejected.",
    )
    STORE_BUSY = 11, "Another logtune writes to the store, and went on for longer than `--wait`."
    STORE_ERROR = 12, "The store cannot be used: it is none, was written by a later version, or is damaged."
    INTERRUPTED = 130, "Stopped from the keyboard (Ctrl-C)."
    OUTPUT_CLOSED = 141, "Whoever read the output closed it (`logtune report | head`); nothing is wrong."
    TERMINATED = 143, "Stopped by SIGTERM."

    @property
    def documented_name(self) -> str:
        """The name as documents write it: ``partly_read``."""
        return self.name.lower()
