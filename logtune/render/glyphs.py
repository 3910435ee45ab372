"""The signs of the terminal: one set for UTF-8, one for ASCII. One sign, one column, in both, so lines keep aligned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logtune.results import Harm, Level, Verdict

VERDICT_STYLE: Mapping[Verdict, str] = {
    Verdict.ENFORCE: "green",
    Verdict.EXCEPTIONS: "yellow",
    Verdict.KEEP: "",
    Verdict.NO: "red",
    Verdict.LITTLE: "",
}
LEVEL_STYLE: Mapping[Level, str] = {Level.ACT: "red", Level.LOOK: "yellow", Level.WELL: "green", Level.UNKNOWN: "dim"}
LEVEL_WORD: Mapping[Level, str] = {
    Level.ACT: "act",
    Level.LOOK: "look",
    Level.WELL: "well",
    Level.UNKNOWN: "cannot tell",
}
HARM_STYLE: Mapping[Harm, str] = {
    Harm.WANTED: "red",
    Harm.AUTHORIZED: "yellow",
    Harm.FILTER: "yellow",
    Harm.OTHERS: "dim",
    Harm.UNWANTED: "green",
}


@dataclass(frozen=True)
class Signs:
    """A set of signs. ``steps`` are the eight heights of a sparkline, ``zero`` is a day without any."""

    ascii: bool
    verdict: Mapping[Verdict, str]
    level: Mapping[Level, str]
    harm: Mapping[Harm, str]
    steps: str
    zero: str
    amount: str
    amount_half: str
    next: str
    dot: str
    dash: str
    cut: str
    rule: str
    minus: str
    full: str  # a cell of a chart's column
    limit: str  # a cell of a chart's limit line
    mark: str


UTF8 = Signs(
    ascii=False,
    verdict={
        Verdict.ENFORCE: "●",
        Verdict.EXCEPTIONS: "◐",
        Verdict.KEEP: "○",
        Verdict.NO: "✗",
        Verdict.LITTLE: "?",
    },
    level={Level.ACT: "▲", Level.LOOK: "△", Level.WELL: "✓", Level.UNKNOWN: "–"},
    harm={Harm.WANTED: "█", Harm.AUTHORIZED: "▓", Harm.FILTER: "▚", Harm.OTHERS: "▒", Harm.UNWANTED: "░"},
    steps="▁▂▃▄▅▆▇█",
    zero="·",
    amount="━",
    amount_half="╸",
    next="→",
    dot="·",
    dash="–",
    cut="…",
    rule="─",
    minus="−",
    full="█",
    limit="▔",
    mark="●",
)

ASCII = Signs(
    ascii=True,
    verdict={
        Verdict.ENFORCE: "*",
        Verdict.EXCEPTIONS: "/",
        Verdict.KEEP: "o",
        Verdict.NO: "x",
        Verdict.LITTLE: "?",
    },
    level={Level.ACT: "!", Level.LOOK: "!", Level.WELL: "+", Level.UNKNOWN: "-"},
    harm={Harm.WANTED: "#", Harm.AUTHORIZED: "o", Harm.FILTER: "%", Harm.OTHERS: "?", Harm.UNWANTED: "."},
    steps="12345678",
    zero=".",
    amount="=",
    amount_half="-",
    next=">",
    dot=".",
    dash="-",
    cut="~",
    rule="-",
    minus="-",
    full="#",
    limit="-",
    mark="*",
)
