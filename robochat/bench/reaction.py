"""How fast and how rightly the robot reacts: from a visible change to the published utterance.

Simulator and node run as ROS 2 processes; all times are those at which a listener got the
messages. The policy's dwell (from the first cue to the decision) is a choice, not a delay, and so
it is reported apart from the response (from the decision to the utterance).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
import statistics
import time

from robochat.bench.rows import Row
from robochat.engagement import Engagement
from robochat.settings import EngagementSettings
from robochat.values import Box, Emotion, EMOTIONS, HeadPose, Person, Speech, Thing, WorldView

SPEAKING = ('sad_homecoming', 'cheerful_visitor', 'falling_cup')
Event = dict[str, object]


@dataclass(frozen=True)
class Reaction:
    """One utterance: seconds of dwell, of response, and of the model within the response."""

    scenario: str
    dwell_sec: float
    response_sec: float
    model_sec: float
    fallback: bool


def reactions_of(scenario: str, events: Sequence[Event]) -> tuple[Reaction, ...]:
    """Pair each utterance with the decision before it and the model call of its turn."""
    found = []
    for event in events:
        if event['kind'] != 'utterance':
            continue
        decision = _before(events, event)
        turn = next((e for e in events if e['kind'] == 'turn' and e['id'] == event['id']), None)
        if decision is None or turn is None:
            continue
        found.append(
            Reaction(
                scenario,
                dwell_sec=float(decision['stamp']) - _onset(decision),  # type: ignore[arg-type]
                response_sec=float(event['t']) - float(decision['t']),  # type: ignore[arg-type]
                model_sec=float(turn['first_text_sec'] or turn['seconds']),  # type: ignore[arg-type]
                fallback=bool(turn['fallback']),
            )
        )
    return tuple(found)


def _before(events: Sequence[Event], utterance: Event) -> Event | None:
    """The last decision to speak with the utterance's trigger that came before it."""
    earlier = (
        e
        for e in events
        if e['kind'] == 'decision'
        and e['speak']
        and e['t'] <= utterance['t']  # type: ignore[operator]
        and e['trigger'] == utterance['trigger']
    )
    return max(earlier, key=lambda e: float(e['t']), default=None)  # type: ignore[arg-type]


def _onset(decision: Event) -> float:
    """When the cue was first seen, on the listener's time line."""
    return float(decision['onset'] if decision['onset'] is not None else decision['stamp'])  # type: ignore[arg-type]


def rows_of(reactions: Iterable[Reaction]) -> list[Row]:
    """Sum reactions up."""
    made = list(reactions)
    if not made:
        return [Row('utterances', 0, '', '>= 1', False)]
    response = sorted(r.response_sec for r in made)
    return [
        Row('utterances', len(made), '', '>= 1', True),
        Row(
            'decision to utterance, p50',
            _p(response, 0.5),
            's',
            '<= 2.5',
            _p(response, 0.5) <= 2.5,
        ),
        Row('decision to utterance, p95', _p(response, 0.95), 's'),
        Row(
            'of that, first words of the model, p50',
            statistics.median(r.model_sec for r in made),
            's',
        ),
        Row('dwell of the policy, p50', statistics.median(r.dwell_sec for r in made), 's'),
        Row('said by the phrase bank instead of the model', sum(r.fallback for r in made), ''),
    ]


def _p(ordered: Sequence[float], share: float) -> float:
    """Nearest-rank quantile."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


# --------------------------------------------------------------------------- decide() alone
def crowded_view(people: int = 5, things: int = 30) -> WorldView:
    """A full room: everybody is in view and faces the robot, and words were said."""
    scores = tuple(0.7 if label == 'sad' else 0.05 for label in EMOTIONS)
    sad = Emotion('sad', 0.7, scores, -0.5, -0.3, True)
    persons = tuple(
        Person(
            f'person_{k}',
            90.0,
            100.0,
            Box(60 * k, 100, 50, 60),
            0.0,
            distance_m=1.0 + 0.2 * k,
            pose=HeadPose(0, 0, 0),
            facing=True,
            facing_sec=3.0,
            emotion=sad,
            mood='sad',
            mood_since_sec=95.0,
        )
        for k in range(people)
    )
    objects = tuple(
        Thing(f'cup_{k}', 'cup', 0.6, Box(10 * k, 300, 30, 40), 0.0, 100.0) for k in range(things)
    )
    words = tuple(Speech('person_1', 'hello there', 60.0 + k) for k in range(20))
    return WorldView(100.0, 12.0, persons, objects, speech=words)


def decide_times(view: WorldView, count: int = 2000) -> list[float]:
    """Seconds of each decision on one view."""
    policy = Engagement(EngagementSettings())
    times = []
    for _ in range(count):
        started_sec = time.perf_counter()
        policy.decide(view)
        times.append(time.perf_counter() - started_sec)
    return times


def decide_rows() -> list[Row]:
    """Time the policy at 5 people and 30 objects, and at 50 and 100."""
    rows = []
    for people, things, bar_ms in ((5, 30, 1.0), (50, 100, 5.0)):
        p99_ms = 1e3 * _p(sorted(decide_times(crowded_view(people, things))), 0.99)
        what = f'decide() at {people} people, {things} objects, p99'
        rows.append(Row(what, p99_ms, 'ms', f'<= {bar_ms:g}', p99_ms <= bar_ms))
    return rows


# --------------------------------------------------------------------------- scenarios
def _camera_ms(events: Iterable[Event]) -> list[float]:
    """The p99 of the camera callback in each window of the diagnostics."""
    stages = (e['stages'] for e in events if e['kind'] == 'diagnostics')
    texts = (s['camera']['latency p99 (ms)'] for s in stages if 'camera' in s)  # type: ignore[operator,index]
    return [float(text) for text in texts if text != 'unknown']


@dataclass
class _Tally:
    """What the runs so far came to."""

    reactions: list[Reaction] = field(default_factory=list)
    as_expected: dict[str, list[bool]] = field(default_factory=dict)
    camera_ms: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    empty_calls: int = 0

    def rows(self) -> list[Row]:
        """Write the tally as rows."""
        rows = [*rows_of(self.reactions), *decide_rows()]
        rows += [
            Row(f'{name}: runs as expected', sum(oks), f'of {len(oks)}', f'= {len(oks)}', all(oks))
            for name, oks in self.as_expected.items()
        ]
        if 'empty_room' in self.as_expected:
            calls = self.empty_calls
            rows.append(Row('model calls in the empty room', calls, '', '= 0', calls == 0))
        peak_mb = self.peak_mb
        rows.append(Row('peak memory of the node', peak_mb, 'MB', '<= 1500', peak_mb <= 1500))
        return rows + camera_rows(self.camera_ms)


def camera_rows(windows_ms: Sequence[float]) -> list[Row]:
    """Sum up the p99 of the camera callback over windows of ten seconds each."""
    if not windows_ms:
        return []
    typical_ms = statistics.median(windows_ms)
    return [
        Row('camera callback p99, median window', typical_ms, 'ms', '<= 2', typical_ms <= 2),
        Row('camera callback p99, worst window', max(windows_ms), 'ms'),
    ]


def run(runs: int, scenarios: Sequence[str], tell: Callable[[str], None]) -> list[Row]:
    """Play scenarios and measure reactions, silence, memory and the camera callback."""
    from robochat_sim.scenario import scenario_names

    tally = _Tally()
    for name in scenarios or scenario_names():
        for number in range(runs):
            tell(f'{name}, run {number + 1} of {runs}')
            _play(name, number + 1, tally)
    return tally.rows()


def _play(name: str, seed: int, tally: _Tally) -> None:
    """Play one scenario once, live, and add it to the tally."""
    from robochat.ros.play import play, Stage
    from robochat_sim.expectations import judge
    from robochat_sim.scenario import load_scenario

    scenario = load_scenario(name)
    stage = Stage(
        name,
        dict(scenario.settings),
        scenario.duration_sec + 10,
        seed=seed,
        warm=any(e.kind == 'speaks' for e in scenario.expect),
    )
    played = play(stage, lambda _: None)
    events = list(played.events)
    verdicts = judge(scenario.expect, events)
    tally.as_expected.setdefault(name, []).append(all(v.ok for v in verdicts))
    tally.reactions += reactions_of(name, events)
    tally.camera_ms += _camera_ms(events)
    tally.peak_mb = max(tally.peak_mb, played.node_peak_mb)
    if name == 'empty_room':
        tally.empty_calls += sum(e['kind'] == 'turn' for e in events)
