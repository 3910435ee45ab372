"""References in parameters: names, conditions, comparisons, and those that never end."""

from __future__ import annotations

import pytest

from logtune.postconf.errors import PostconfError
from logtune.postconf.expand import expand, level_of
from tests.conftest import PostfixTools

PARAMETERS = {
    "set": "yes",
    "empty": "",
    "other": "$set and ${set}",
    "level": "3.6",
    "loop": "$round",
    "round": "$loop",
    "bomb": "$bomb1 $bomb1 $bomb1 $bomb1",
    **{f"bomb{n}": f"$bomb{n + 1} $bomb{n + 1} $bomb{n + 1} $bomb{n + 1}" for n in range(1, 20)},
    "bomb20": "boom" * 20,
}

CASES = {
    "$set, ${set}, $(set)": "yes, yes, yes",
    "$other": "yes and yes",
    "$unknown.": ".",
    "$$set": "$set",
    "${set?{a}:{b}} ${empty?{a}:{b}}": "a b",
    "${set?then} ${set:else} ${empty?then} ${empty:else}": "then   else",
    "${empty:{no $set}}": "no yes",
    "${{$level} <level {3.10} ? {old} : {new}}": "old",
    "${{$level} >=level {3.6} ? {new}}": "new",
    "${{$set} == {yes} ? {permit}:{reject}} ${{9} < {10} ? {number}:{text}}": "permit number",
}


@pytest.mark.parametrize("text", CASES)
def test_values(text: str) -> None:
    """Every form of postconf(5) gives what it says."""
    assert expand(text, PARAMETERS.get) == CASES[text]


def test_as_postconf_expands_it(postfix: PostfixTools) -> None:
    """The real ``postconf -x`` gives the same values."""
    parameters = {name: value for name, value in PARAMETERS.items() if name in ("set", "empty", "other", "level")}
    cases = {f"case{i}": text for i, text in enumerate(CASES)}
    lines = [
        f"{name} = {value}"
        for name, value in {**parameters, **cases, "smtpd_banner": " ".join(f"${n}" for n in cases)}.items()
    ]
    (postfix.directory / "main.cf").write_text("\n".join(lines) + "\n")
    (postfix.directory / "master.cf").write_text("smtp inet n - - - - smtpd\n")
    real = postfix.values("-x", "-n")
    assert {t: real[n].split() for n, t in cases.items()} == {t: v.split() for t, v in CASES.items()}


@pytest.mark.parametrize("text", ["$loop", "$bomb", "${set", "${{a} ?? {b}}", "${{a} == b}"])
def test_what_never_ends(text: str) -> None:
    """Circles, bombs and open brackets are errors, in finite time and memory."""
    with pytest.raises(PostconfError):
        expand(text, PARAMETERS.get)


def test_levels() -> None:
    """Versions compare by number, and what is none counts as nothing."""
    assert level_of("3.9.1") > level_of("3.9") > level_of("3.10.0"[:3]) > level_of("x")
    assert level_of("3.10") > level_of("3.9")
