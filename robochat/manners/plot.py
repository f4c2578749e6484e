"""A page that a person can look at: what happened in a timeline, and what each policy did.

Lanes from top to bottom: for each person how far away they are, whether they face the robot, mood
and speech; then one lane for each policy, on the judgement: green windows in which speaking is
right, grey spans that are free, red where it is wrong, darker where a note says why. A mark is the
first word of an utterance, its bar how long it lasted: green when right, red when wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
import math
from pathlib import Path
from typing import Any

from robochat.manners.policy import OURS
from robochat.manners.record import Opening, Played
from robochat.manners.score import begun
from robochat.manners.timeline import TICK_SEC, UNSEEN
from robochat.values import EMOTIONS, Person

GREEN, RED, GREY, BLUE, ORANGE = '#2e9e4f', '#c8372d', '#9a9a9a', '#2f6fb3', '#e08a1e'
PALE_GREEN, PALE_RED = '#cbe7d3', '#fdf0ee'
MOODS = dict(
    zip(
        EMOTIONS,
        ('#b0301f', '#6b8e23', '#6a3d9a', '#e6b422', '#3b6ea5', '#e377c2', '#d9d9d9'),
        strict=True,
    )
)
MAX_LANES = 6
FAR_M = 6.0
MAX_REASON = 46
LONGEST_GAP_SEC = 0.5


def draw(plays: Mapping[str, Played], folder: Path) -> Path:
    """Draw the plays of one timeline by several policies; returns the picture's path."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    first = plays.get(OURS) or next(iter(plays.values()))
    timeline = first.timeline
    lanes = [a.name for a in timeline.actors][:MAX_LANES]
    rows = max(1, len(lanes)) + len(plays)
    figure = Figure(figsize=(11.0, 1.3 + 0.62 * rows), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    for axis, name in zip(axes, lanes, strict=False):
        _person_lane(axis, first, name)
    if not lanes:
        _label(axes[0], 'nobody')
    for axis, (policy, played) in zip(axes[-len(plays) :], plays.items(), strict=True):
        _policy_lane(axis, played, policy)
    axes[-1].set_xlim(0.0, timeline.duration_sec)
    axes[-1].set_xlabel('seconds')
    figure.suptitle(f'{timeline.family}/{timeline.name}: {timeline.about}', fontsize=10)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{timeline.name}.png'
    figure.savefig(path, dpi=80, metadata={'Software': None})
    return path


def write_index(pictures: Iterable[Path], folder: Path) -> Path:
    """Write one page with all pictures; returns its path."""
    images = '\n'.join(f'<p><img src="{path.name}" alt="{path.stem}"></p>' for path in pictures)
    page = folder / 'index.html'
    page.write_text(f'<!doctype html>\n<title>Manners</title>\n{images}\n', encoding='utf-8')
    return page


def _label(axis: Any, text: str) -> None:
    """Write a lane's name beside it."""
    axis.set_ylabel(text, rotation=0, ha='right', va='center', fontsize=8)
    axis.set_yticks([])
    axis.set_ylim(0.0, 1.0)
    for side in ('top', 'right'):
        axis.spines[side].set_visible(False)


# --------------------------------------------------------------------------- people
def _person_lane(axis: Any, played: Played, name: str) -> None:
    """Draw distance as a line, mood and facing as ribbons, speech as text."""
    _label(axis, name)
    seen = list(_seen(played, name))
    times = [at for at, _ in seen]
    near = [1.0 - min(FAR_M, p.distance_m or FAR_M) / FAR_M * 0.9 for _, p in seen]
    axis.scatter(times, near, s=1.0, color=BLUE)
    facing = runs((at, ORANGE if p.facing else '') for at, p in seen)
    moods = runs((at, _mood_color(p)) for at, p in seen)
    for spans, low in ((facing, 0.12), (moods, 0.0)):
        for color, start_sec, end_sec in spans:
            axis.broken_barh([(start_sec, end_sec - start_sec)], (low, 0.1), color=color, lw=0)
    for says in played.said:
        if says.who == name:
            _speech(axis, says.at_sec, says.end_sec, says.text, to_robot=says.to == 'robot')


def _seen(played: Played, name: str) -> Iterator[tuple[float, Person]]:
    """Yield what was believed of an actor, as far as an id stood for them."""
    for tick in played.ticks:
        ids = {who for who, actors in tick.actors.items() if name in actors}
        for person in tick.view.people:
            if person.visible and person.id in ids:
                yield tick.at_sec, person
                break


def _mood_color(person: Person) -> str:
    """Colour of a certain expression."""
    emotion = person.emotion
    return MOODS[emotion.label] if emotion is not None and emotion.certain else ''


def runs(marks: Iterable[tuple[float, str]]) -> Iterator[tuple[str, float, float]]:
    """Join equal marks that follow each other closely; empty ones are left out."""
    color, start_sec, last_sec = '', 0.0, 0.0
    for at_sec, mark in (*marks, (math.inf, '')):
        if mark != color or at_sec - last_sec > LONGEST_GAP_SEC:
            if color:
                yield color, start_sec, last_sec + TICK_SEC
            color, start_sec = mark, at_sec
        last_sec = at_sec


def _speech(axis: Any, start_sec: float, end_sec: float, text: str, to_robot: bool) -> None:
    axis.axvspan(start_sec, end_sec, 0.3, 0.55, color=BLUE if to_robot else GREY, lw=0, alpha=0.5)
    axis.text(start_sec, 0.6, text[:40], fontsize=5.5, va='bottom', clip_on=True)


# --------------------------------------------------------------------------- policies
def _policy_lane(axis: Any, played: Played, policy: str) -> None:
    """Draw the judgement and what the policy did."""
    _label(axis, policy)
    axis.set_facecolor(PALE_RED)
    for span in played.timeline.free:
        axis.axvspan(span.start_sec, span.end_sec, color='white', lw=0)
    for window in played.windows:
        axis.axvspan(window.start_sec, window.end_sec, color=PALE_GREEN, lw=0)
    for span in played.timeline.free:
        axis.axvspan(span.start_sec, span.end_sec, color=GREY, alpha=0.2, lw=0)
    for span in played.timeline.wrong:
        axis.axvspan(span.start_sec, span.end_sec, color=RED, alpha=0.15, lw=0)
        axis.text(span.start_sec, 0.88, span.note, fontsize=5.5, color=RED, va='top')
    for says in played.said:
        if says.who == UNSEEN:
            _speech(axis, says.at_sec, says.end_sec, says.text, says.to == 'robot')
    for opening in played.openings:
        _opening(axis, opening, played)


def _opening(axis: Any, opening: Opening, played: Played) -> None:
    """Mark the words, with the reason for them."""
    at_sec = begun(opening)
    free = any(s.start_sec <= at_sec < s.end_sec for s in played.timeline.free)
    color = GREEN if opening.window else GREY if free else RED
    axis.plot([at_sec, opening.end_sec], [0.3, 0.3], color=color, lw=5, solid_capstyle='butt')
    axis.plot([at_sec], [0.3], marker='v', color=color, ms=7)
    trigger = opening.decision.trigger.value
    reason = opening.decision.reason[:MAX_REASON]
    text = reason if trigger == 'none' else f'{trigger}: {reason}'
    axis.text(at_sec, 0.5, text, fontsize=6, va='bottom', clip_on=True)
