"""Paths, globs, directories and stdin to ordered blocks of whole lines.

``open_sources`` looks at the beginning of every path, tells by its bytes how it is packed (gz, bz2, xz, zst; never by
name) and whether it is a journal export, and ranks the sources by the time of their first stamp. ``Sources.blocks``
then gives their lines in that order. Nothing raises for what is wrong with a path or with the bytes: it is said in
``Sources.problems`` (and in ``Source.problem`` where reading broke), and the other sources are still read.

The steps, one file each: ``find`` (paths to files) → ``unpack`` (bytes to decompressed bytes, in a thread of its own:
``ahead``) → ``journal`` (journal entries to text lines) → ``cut`` (chunks to blocks of whole lines); ``stamps`` and
``names`` give the order, ``reading`` ties them together.

Memory: never a whole file. What is held is a block, the line that does not end yet (at most ``cut.MAX_LINE``), and
what one step of a decompressor gives.
"""

from __future__ import annotations

from logtune.sources.find import default_paths
from logtune.sources.model import (
    MAX_OFFSET,
    SOURCE_SHIFT,
    Block,
    NoSuchLine,
    NotRereadable,
    Problem,
    Source,
    SourcesError,
)
from logtune.sources.reading import Sources, open_sources
from logtune.sources.stamps import Stamp, first_stamp

__all__ = [
    "MAX_OFFSET",
    "SOURCE_SHIFT",
    "Block",
    "NoSuchLine",
    "NotRereadable",
    "Problem",
    "Source",
    "Sources",
    "SourcesError",
    "Stamp",
    "default_paths",
    "first_stamp",
    "open_sources",
]
