"""A trial's prediction against the truth of an enforcing run, with the reasons for which the two may differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.live.instance import Instance
from tests.live.prediction import Prediction, predict
from tests.live.sessions import Answer, Answers, Key, Script, play


class Reason(StrEnum):
    """Why a recipient may end otherwise than the trial said, though the trial was read rightly."""

    CORRECTED = "the client changed its greeting when it was rejected, and came in"
    EARLIER_GREETING = (
        "the client ignored the rejection of a later greeting; the one that Postfix had taken before counts"
    )
    NEVER_GREETED = "the client ignored the rejection and sent mail without a greeting; smtpd_helo_required is no"
    CUT = "earlier rejections reached smtpd_hard_error_limit, and Postfix closed the session"
    GIVEN_UP = "the client gave the whole mail up because one of its recipients was rejected"


@dataclass(frozen=True)
class Case:
    """A configuration with restrictions on trial.

    `trial` has each as it stands behind `warn_if_reject` in `settings` and `services`, under the name logtune gives it.
    `texts` maps the own texts of access tables to that name.
    """

    name: str
    settings: Mapping[str, str]
    trial: Mapping[str, str]
    services: Mapping[str, Mapping[str, str]] = ()
    files: Mapping[str, str] = ()
    texts: Mapping[str, str] = ()

    def enforcing(self, *names: str) -> Case:
        """The same with these restrictions enforced, the others still on trial."""

        def enforced(settings: Mapping[str, str]) -> dict[str, str]:
            return {name: self.without_warning(value, names) for name, value in settings.items()}

        services = {service: enforced(own) for service, own in dict(self.services).items()}
        return Case(self.name, enforced(self.settings), self.trial, services, self.files, self.texts)

    def without_warning(self, value: str, names: Sequence[str]) -> str:
        for name in names:
            value = value.replace(f"warn_if_reject {self.trial[name]}", self.trial[name])
        return value

    def instance(self) -> Instance:
        return Instance(self.settings, dict(self.services), dict(self.files))


NEVER_CAME = Answer("never came")


@dataclass(frozen=True)
class Result:
    """One restriction's trial and its enforcement."""

    name: str
    prediction: Prediction
    trial: Answers
    enforced: Answers

    @property
    def stopped(self) -> set[Key]:
        """Those whom enforcing really stopped: taken in the trial, not taken now. What a filter was not given again is."""
        return {
            key for key, was in self.trial.items() if was.accepted and not self.enforced.get(key, NEVER_CAME).accepted
        }

    @property
    def differences(self) -> dict[Key, Reason | None]:
        """Recipients of which prediction and truth differ; those of unknown fate cannot."""
        wrong = (self.prediction.stopped ^ self.stopped) - self.prediction.unknown
        return {key: reason_of(self.enforced[key]) for key in sorted(wrong)}

    @property
    def unexplained(self) -> dict[Key, str]:
        return {key: self.enforced[key].reply for key, reason in self.differences.items() if reason is None}


def reason_of(answer: Answer) -> Reason | None:
    """What the enforcing run's client saw, or did, that no trial can know."""
    if answer.accepted:
        if answer.rejected_greeting:
            return Reason.EARLIER_GREETING if answer.greeted else Reason.NEVER_GREETED
        return Reason.CORRECTED if answer.corrected else None
    if answer.reply.startswith(("421", "session cut")):
        return Reason.CUT
    return Reason.GIVEN_UP if answer.reply == "given up" else None


def compare(case: Case, visits: Sequence[Sequence[Script]], together: bool = True) -> dict[str, Result]:
    """Each restriction on trial enforced alone, and under the name `all` all of them at once."""
    with case.instance() as instance:
        trial = play(instance, visits)
        instance.stop()
        predictions = predict(instance.log, trial, dict(case.texts), tuple(case.trial))
    results = {}
    for name, prediction in predictions.items():
        results[name] = Result(name, prediction, trial, run(case.enforcing(name), visits))
    if together:
        results["all"] = Result("all", union(predictions.values()), trial, run(case.enforcing(*case.trial), visits))
    return results


def run(case: Case, visits: Sequence[Sequence[Script]]) -> Answers:
    with case.instance() as instance:
        return play(instance, visits)


def union(predictions: Iterable[Prediction]) -> Prediction:
    """What all together would stop; what one of them surely stops is not unknown."""
    whole = Prediction()
    for one in predictions:
        whole.stopped |= one.stopped
        whole.unknown |= one.unknown
    whole.unknown -= whole.stopped
    return whole
