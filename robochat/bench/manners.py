"""When to speak: plays every timeline with every policy and scores them side by side.

Runs in this process, without ROS and without a model: what is measured is the decision. `pixels`
plays films of the simulator instead, seen by the real perception. See docs/manners.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import time
from typing import Any

from robochat.bench.reaction import crowded_view
from robochat.bench.rows import at_most, machine, Row
from robochat.manners.play import played, settings_of
from robochat.manners.policy import OURS, POLICIES, SIDE_BY_SIDE
from robochat.manners.reading import FOLDER, load_timelines
from robochat.manners.record import Played
from robochat.manners.report import detail, failures, Result, result_of, row_values, table
from robochat.manners.score import Score, score
from robochat.manners.stream import News, news_of
from robochat.manners.timeline import Timeline
from robochat.settings import EngagementSettings

Tell = Callable[[str], None]


class MannersError(ValueError):
    """There is nothing to play; the message says what there is."""


@dataclass(frozen=True)
class Wish:
    """What to play: names of timelines or families, names of policies; empty means all.

    `folder` holds other timelines than those of the package.
    """

    only: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    pixels: bool = False
    seed: int = 1
    plots: str = ''
    folder: str = ''


@dataclass
class Bench:
    """What came of it."""

    results: list[Result] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)

    def rows(self) -> list[Row]:
        """Write the figures as rows."""
        rows = [Row(*values) for values in row_values(self.results)]
        return [*rows, *decide_rows()] if any(r.policy == OURS for r in self.results) else rows

    def write(self, path: str | Path) -> None:
        """Write rows and detail as one JSON object; folders are made."""
        content = {
            'bench': 'manners',
            'machine': machine(),
            'rows': [asdict(row) for row in self.rows()],
            'table': table(self.results),
            'intervals': {r.policy: r.ends for r in self.results},
            'plays': self.details,
        }
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')


def run(wish: Wish, tell: Tell) -> Bench:
    """Play and score; raises MannersError and TimelineError."""
    timelines = chosen(wish)
    names = wish.policies or SIDE_BY_SIDE
    unknown = [n for n in names if n not in POLICIES]
    if unknown:
        raise MannersError(f'no policy {unknown[0]!r}; there are {", ".join(POLICIES)}')
    bench, pictures = Bench(), list[Path]()
    scores: dict[str, list[Score]] = {name: [] for name in names}
    for number, (timeline, news) in enumerate(_sensed(timelines, wish, tell)):
        tell(f'{number + 1} of {len(timelines)}: {timeline.name}')
        plays = {name: _play(timeline, name, news) for name in names}
        for name, play in plays.items():
            scores[name].append(score(play))
            bench.details.append(detail(name, play, scores[name][-1]))
        if wish.plots:
            from robochat.manners.plot import draw

            pictures.append(draw(plays, Path(wish.plots)))
    if pictures:
        from robochat.manners.plot import write_index

        write_index(pictures, Path(wish.plots))
    bench.results = [result_of(name, some, wish.seed) for name, some in scores.items()]
    return bench


def chosen(wish: Wish) -> tuple[Timeline, ...]:
    """Return the timelines that are wished for; raises MannersError when there are none."""
    if wish.pixels and wish.folder:
        raise MannersError(f'{wish.folder}: films are not read from it; drop one of both options')
    if wish.pixels:
        from robochat.bench.films import load_films

        known = load_films()
    else:
        known = load_timelines(Path(wish.folder) if wish.folder else FOLDER)
    found = tuple(
        t for t in known if not wish.only or t.name in wish.only or t.family in wish.only
    )
    if not known:
        raise MannersError(f'{wish.folder}: no timelines; give a folder with *.yaml files')
    if not found:
        names = ', '.join(sorted({t.family for t in known} | {t.name for t in known}))
        raise MannersError(f'no timeline or family {", ".join(wish.only)}; there are {names}')
    return found


def _sensed(
    timelines: Sequence[Timeline], wish: Wish, tell: Tell
) -> Iterator[tuple[Timeline, tuple[News, ...]]]:
    """Yield each timeline with what the senses make of it."""
    if not wish.pixels:
        for timeline in timelines:
            yield timeline, news_of(timeline, wish.seed)
        return
    from robochat.bench.films import sensed

    for timeline in timelines:
        tell(f'filming {timeline.film}')
        yield timeline, sensed(timeline, wish.seed)


def decide_rows(count: int = 1000) -> Iterator[Row]:
    """Time our policy in full rooms, in processor time: other processes must not count."""
    for people, things, bar_ms in ((5, 30, 1.0), (50, 100, 5.0)):
        view = crowded_view(people, things)
        policy = POLICIES[OURS](EngagementSettings())
        times = []
        for _ in range(count):
            began_sec = time.thread_time()
            policy.decide(view)
            times.append(1e3 * (time.thread_time() - began_sec))
        p99_ms = sorted(times)[int(0.99 * (count - 1))]
        yield at_most(f'decide() with {people} people, {things} things, p99', p99_ms, 'ms', bar_ms)


def _play(timeline: Timeline, name: str, news: Sequence[News]) -> Played:
    return played(timeline, POLICIES[name](settings_of(timeline).engagement), news=news)


def summary(bench: Bench) -> str:
    """Write the table by policy and where ours went wrong."""
    ours = next((r for r in bench.results if r.policy == OURS), None)
    wrong = list(failures(ours)) if ours else []
    lines = [table(bench.results)]
    if wrong:
        lines += [
            f'{OURS} went wrong in {len(wrong)} of {len(ours.scores) if ours else 0}:',
            *wrong,
        ]
    return '\n'.join(lines) + '\n'
