"""What is wrong with a configuration, where, and what to do about it."""

from __future__ import annotations


class PostconfError(ValueError):
    """A configuration that cannot be read.

    *advice* says what to do. *line* counts from 1 in *file*; None where the file as a whole is meant.
    """

    def __init__(self, message: str, *advice: str, file: str | None = None, line: int | None = None) -> None:
        where = "" if file is None else f"{file}: " if line is None else f"{file}, line {line}: "
        super().__init__(where + message)
        self.advice = advice
        self.file = file
        self.line = line
