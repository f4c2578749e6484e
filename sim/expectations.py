"""Judge what happened in a scenario against what its file expects.

Events are the JSON objects that `robochat demo --json` writes: `t` in seconds, `kind`, and the
fields of the message. `t` is brought to the scenario's clock by the first `truth` event.

- `speaks`: an utterance with one of the triggers, to that person, with such words, in that time.
- `silent`: no utterance in that time.
- `plan`: an accepted plan in that time that has one of the skills (any plan when none is named).
- `utterances`: at least and at most so many utterances in all.
- `model_calls`: at most so many turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
import math
import re
from typing import Any

from .script import Expectation

Event = Mapping[str, Any]
SAME_FACE_PX = 90.0
FRESH_SEC = 3.0


@dataclass(frozen=True)
class Verdict:
    """Whether an expectation was met, with a sentence that says what was seen."""

    ok: bool
    text: str


def judge(expectations: Iterable[Expectation], events: Iterable[Event]) -> tuple[Verdict, ...]:
    """Return a verdict for each expectation, in their order."""
    record = Record(events)
    return tuple(_JUDGES[e.kind](e, record) for e in expectations)


class Record:
    """The events of a run on the scenario's clock."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = sorted(events, key=lambda e: float(e['t']))
        first = next(
            (e for e in self._events if e['kind'] == 'truth' and 'scenario_sec' in e), None
        )
        self._shift_sec = float(first['t']) - float(first['scenario_sec']) if first else 0.0

    def all(
        self, kind: str, start_sec: float = -math.inf, end_sec: float = math.inf
    ) -> Iterator[Event]:
        """Yield the events of a kind within a span of the scenario's time."""
        return (
            e for e in self._events if e['kind'] == kind and start_sec <= self.when(e) <= end_sec
        )

    def when(self, event: Event) -> float:
        """Return an event's time on the scenario's clock."""
        return float(event['t']) - self._shift_sec

    def person_behind(self, track: str, at_sec: float) -> str:
        """Return the simulated person whose face a track covered, or an empty string.

        A lone person in view needs no boxes; else the track's last box is compared with the truth.
        """
        truths = list(self.all('truth', at_sec - FRESH_SEC, at_sec + FRESH_SEC))
        if not truths:
            return ''
        truth = min(truths, key=lambda e: abs(self.when(e) - at_sec))
        faces = {p['id']: p['face_box'] for p in truth['people'] if p['face_box']}
        if len(faces) == 1:
            return str(next(iter(faces)))
        box = self._box_of(track, at_sec)
        gaps = {who: _gap(face, box) for who, face in faces.items()} if box else {}
        nearest = min(gaps, key=lambda who: gaps[who], default='')
        return nearest if nearest and gaps[nearest] < SAME_FACE_PX else ''

    def _box_of(self, track: str, at_sec: float) -> list[float] | None:
        """Return the newest box of a track before a time."""
        box = None
        for event in self.all('emotions', at_sec - FRESH_SEC, at_sec):
            for emotion in event['emotions']:
                box = emotion['box'] if emotion['person'] == track else box
        return box


def _gap(a: list[float], b: list[float]) -> float:
    """Return the distance between the middles of two boxes."""
    return math.hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2)


# --------------------------------------------------------------------------- the kinds
def _speaks(want: Expectation, record: Record) -> Verdict:
    """Look for one utterance that has everything; report the nearest miss."""
    wish = f'an utterance{_of(want.triggers)}{f" to {want.to}" if want.to else ""} {_span(want)}'
    misses = []
    for event in record.all('utterance', want.start_sec, want.end_sec):
        fault = _fault(want, event, record)
        if not fault:
            return Verdict(True, f'{wish}: {_quote(event, record)}')
        misses.append(f'{_quote(event, record)} ({fault})')
    if not misses:
        misses = [f'{_quote(e, record)} (outside that time)' for e in record.all('utterance')]
    return Verdict(False, f'{wish}: {"; ".join(misses) or "nothing was said"}')


def _fault(want: Expectation, event: Event, record: Record) -> str:
    """Say what an utterance lacks, or return an empty string."""
    text = str(event['text'])
    trigger = str(event.get('trigger') or '')
    if want.triggers and trigger and trigger not in want.triggers:
        return f'its trigger is {trigger}'
    if (
        want.triggers
        and not trigger
        and not any(t in str(event.get('reason', '')) for t in want.triggers)
    ):
        return f'its reason is {event.get("reason", "")!r}'
    if want.matching and not re.search(want.matching, text, re.IGNORECASE):
        return f"the words don't match {want.matching!r}"
    if want.not_matching and re.search(want.not_matching, text, re.IGNORECASE):
        return f'the words match {want.not_matching!r}'
    who = (
        record.person_behind(str(event.get('addressee', '')), record.when(event))
        if want.to
        else ''
    )
    return f'it was meant for {who or "nobody known"}' if who != want.to else ''


def _silent(want: Expectation, record: Record) -> Verdict:
    said = [_quote(e, record) for e in record.all('utterance', want.start_sec, want.end_sec)]
    return Verdict(not said, f'silence {_span(want)}: {"; ".join(said) or "kept"}')


def _plan(want: Expectation, record: Record) -> Verdict:
    """Look for an accepted plan with one of the skills."""
    wish = (
        f'a plan{" with " + " or ".join(want.any_skill) if want.any_skill else ""} {_span(want)}'
    )
    seen = []
    for event in record.all('plan', want.start_sec, want.end_sec):
        skills = [str(step['skill']) for step in event['steps']]
        refused = str(event.get('refusal', ''))
        if not refused and (not want.any_skill or set(skills) & set(want.any_skill)):
            return Verdict(True, f'{wish}: {", ".join(skills)} at {record.when(event):.1f} s')
        seen.append(f'{", ".join(skills)}{f" (refused: {refused})" if refused else ""}')
    return Verdict(False, f'{wish}: {"; ".join(seen) or "none was made"}')


def _utterances(want: Expectation, record: Record) -> Verdict:
    count = len(list(record.all('utterance', want.start_sec, want.end_sec)))
    most = math.inf if want.at_most is None else want.at_most
    return Verdict(
        want.at_least <= count <= most, f'{want.at_least} to {most} utterances: {count}'
    )


def _model_calls(want: Expectation, record: Record) -> Verdict:
    count = len(list(record.all('turn')))
    return Verdict(count <= (want.at_most or 0), f'at most {want.at_most} model calls: {count}')


def _span(want: Expectation) -> str:
    return f'from {want.start_sec:g} to {want.end_sec:g} s'


def _of(triggers: tuple[str, ...]) -> str:
    return f' of {" or ".join(triggers)}' if triggers else ''


def _quote(event: Event, record: Record) -> str:
    return f'"{event["text"]}" at {record.when(event):.1f} s'


_JUDGES: dict[str, Callable[[Expectation, Record], Verdict]] = {
    'speaks': _speaks,
    'silent': _silent,
    'plan': _plan,
    'utterances': _utterances,
    'model_calls': _model_calls,
}
