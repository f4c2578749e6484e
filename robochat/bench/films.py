"""Timelines from pixels: the simulator draws a scenario, the real perception sees it.

Flow: a scenario is filmed once, without a robot that answers; every frame goes through the
perceiver, and what it finds takes the place of the made-up senses of `robochat.manners.stream`.
The truth of the simulator is only used to tell whose face an id stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import math
from pathlib import Path
from typing import Any

import robochat.manners
from robochat.manners.play import settings_of
from robochat.manners.reading import load_timelines
from robochat.manners.stream import News
from robochat.manners.timeline import TICK_SEC, Timeline
from robochat.perception.perceiver import Perceiver
from robochat.values import FaceObservation, Frame, Observation

FOLDER = Path(robochat.manners.__file__).resolve().parent / 'films'
SAME_FACE_PX = 90.0
SCENARIOS = 'scenarios'


def load_films() -> tuple[Timeline, ...]:
    """Read the timelines that have a film; raises TimelineError."""
    return load_timelines(FOLDER)


def sensed(timeline: Timeline, seed: int = 1) -> tuple[News, ...]:
    """Film a scenario and perceive it, ten times a second; takes some 0.1 s a frame.

    Raises SceneError when there is no such scenario, PerceptionError when perception fails.
    """
    return tuple(_ticks(timeline, seed))


def _ticks(timeline: Timeline, seed: int) -> Iterator[News]:
    """Yield what is seen in each frame."""
    from robochat_sim.render import Renderer
    from robochat_sim.scenario import load_scenario
    from robochat_sim.simulation import Simulation

    own = FOLDER / SCENARIOS / f'{timeline.film}.yaml'
    scenario = load_scenario(own if own.is_file() else timeline.film)
    config = settings_of(timeline)
    every = round(1.0 / config.perception.objects_hz / TICK_SEC)
    simulation = Simulation(scenario, seed)
    renderer = Renderer(scenario.scene, {p.id: p.body for p in scenario.people})
    perceiver = Perceiver(config)
    try:
        for number in range(round(timeline.duration_sec / TICK_SEC)):
            now_sec = number * TICK_SEC
            image = renderer.frame(simulation.step(now_sec)).copy()
            frame = Frame(image, timeline.stamp_sec(now_sec), number)
            seen = perceiver.see(frame)
            yield News(
                at_sec=now_sec,
                stamp_sec=frame.stamp_sec,
                hour=timeline.hour_at(now_sec),
                seen=seen,
                scenes=((perceiver.look(frame), False),) if number % every == 0 else (),
                tracks=_tracks(seen, simulation.truth()),
            )
    finally:
        renderer.close()


def _tracks(seen: Observation, truth: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Tell whose face each id stands for."""
    faces = {p['id']: p['face_box'] for p in truth['people'] if p['face_box']}
    return {f.person: _nearest(f, faces) for f in seen.faces}


def _nearest(face: FaceObservation, faces: Mapping[str, list[float]]) -> tuple[str, ...]:
    x, y = face.box.center
    gaps = {
        who: math.hypot(box[0] + box[2] / 2 - x, box[1] + box[3] / 2 - y)
        for who, box in faces.items()
    }
    best = min(gaps, key=lambda who: gaps[who], default='')
    return (best,) if best and gaps[best] < SAME_FACE_PX else ()
