"""Labelled pictures of random homes, to train and to test a model with.

Flow: `Shots(seed, bodies).take()` -> a home for some pictures (`homes`) -> who and what is where
(`staging`) -> picture (`render`) and words (`labels`) -> often an older picture (`before`) -> the
camera's noise.
Threads: as `Renderer`: one thread makes and uses a `Shots`.
What this doesn't do: move anybody; a pair of pictures shows the ends of a motion.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .before import earlier, holds
from .colors import Rng
from .homes import Home, random_home
from .labels import Labels, Sight
from .people import BODIES, load_expressions
from .regions import lit
from .render import Renderer
from .seen import Change, CHANGES, Picture, SeenPerson, SeenThing, Shot
from .staging import Stage
from .state import SimState

__all__ = ['Change', 'SeenPerson', 'SeenThing', 'Shot', 'Shots']

HOME_SHOTS = 24
COUNT_SHARES = (0.15, 0.55, 0.25, 0.05)
PAIR_SHARE = 0.3
# Rarely possible ones are drawn more often where they are.
PAIR_SHARES = dict(zip(CHANGES, (2.5, 2, 3, 10, 5, 3, 2.5, 4, 3, 2), strict=True))
DIM_SHARE = 0.2
SAMPLES = (0, 0, 2, 4)
STATE_TRIES, CHANGE_TRIES = 5, 6
NEAR_MOST = 0.7
OLDEST_SEC = (1.0, 4.0)


class Shots:
    """A random sampler of labelled pictures; the same arguments give the same pictures.

    `bodies` are the people who may occur, `models` the furniture and things (None: all). Raises
    ValueError for unknown or no names, canvas.RenderError without OpenGL.
    """

    def __init__(
        self, seed: int, bodies: tuple[str, ...], models: tuple[str, ...] | None = None
    ) -> None:
        if seed < 0:
            raise ValueError(f'seed {seed} is negative: give 0 or more')
        if not bodies:
            raise ValueError(f'no bodies were given: choose from {", ".join(BODIES)}')
        self._seed = seed
        self._bodies = tuple(bodies)
        self._models = models
        self._number = 0
        self._set: _Set | None = None
        random_home(np.random.default_rng(seed), self._bodies, models)

    def take(self) -> Shot:
        """Return the next picture, or two, with everything that can be said about it."""
        rng = np.random.default_rng((self._seed, self._number, 1))
        if self._set is None or self._number % HOME_SHOTS == 0:
            self.close()
            self._set = _Set(self._home(), SAMPLES[int(rng.integers(len(SAMPLES)))])
        self._number += 1
        return self._set.shot(rng)

    def close(self) -> None:
        """Give the OpenGL context back; `take` opens a new one."""
        if self._set is not None:
            self._set.close()
            self._set = None

    def _home(self) -> Home:
        """Return the home of the next pictures."""
        number = self._number // HOME_SHOTS
        rng = np.random.default_rng((self._seed, number, 0))
        return random_home(rng, self._bodies, self._models)


class _Set:
    """One home with its renderer."""

    def __init__(self, home: Home, samples: int) -> None:
        self._home = home
        bodies = {body: body for body in home.tops}
        self._renderer = Renderer(home.scene, bodies, samples, home.paints)
        self._labels = Labels(home, self._renderer)
        self._expressions = load_expressions()
        model = self._renderer.model
        self._lights = (
            model.light_diffuse.copy(),
            np.array(model.vis.headlight.ambient),
            np.array(model.vis.headlight.diffuse),
            model.mat_emission.copy(),
        )

    def shot(self, rng: Rng) -> Shot:
        """Take a picture, or two."""
        light = 'dim' if rng.random() < DIM_SHARE else 'bright'
        stage = Stage(self._home, rng, self._expressions)
        state, now = self._state(stage)
        self._light(rng, light)
        camera = _camera(rng, light)
        newest = camera(self._renderer.frame(state))
        frames: tuple[tuple[Picture, float], ...] = ((newest, 0.0),)
        change = None
        if rng.random() < PAIR_SHARE:
            older, change = self._before(stage, state, now)
            age_sec = round(float(rng.uniform(*OLDEST_SEC)), 1)
            frames = ((camera(self._renderer.frame(older)), age_sec), *frames)
        return Shot(
            frames=frames,
            people=now.people,
            things=now.things,
            decor=now.decor,
            wall=now.wall,
            light=light,
            room=now.room,
            change=change,
            region_words=lit(now.region_words, newest),
        )

    def _state(self, stage: Stage) -> tuple[SimState, Sight]:
        """Return a state whose picture shows as many people as were drawn by lot, and more."""
        count = int(stage.rng.choice(len(COUNT_SHARES), p=COUNT_SHARES))
        count = min(count, len(self._home.tops))
        best: tuple[float, SimState, Sight] | None = None
        for _ in range(STATE_TRIES):
            state = stage.state(count)
            present = sum(p.present for p in state.people)
            if present < count and best is not None:
                continue
            sight = self._labels.sight(state)
            badness = abs(len(sight.people) - count) + (present != len(sight.people))
            badness += 2 * (sight.near_share > NEAR_MOST) + (
                not (sight.people or sight.things or sight.decor)
            )
            if best is None or badness < best[0]:
                best = badness, state, sight
            if not badness:
                break
        assert best is not None
        return best[1], best[2]

    def _before(self, stage: Stage, state: SimState, now: Sight) -> tuple[SimState, Change]:
        """Return a state of some seconds ago and what has changed since."""
        shares = dict(PAIR_SHARES)
        looked = 0
        while shares and looked < CHANGE_TRIES:
            weights = np.array(list(shares.values()), float)
            kind = str(stage.rng.choice(list(shares), p=weights / weights.sum()))
            event = earlier(kind, stage, state, now)
            if event is None:
                del shares[kind]
                continue
            looked += 1
            change = holds(event, now, self._labels.sight(event.state))
            if change:
                return event.state, change
        return state, Change('nothing', '', '')

    def _light(self, rng: Rng, light: str) -> None:
        """Set the room's lights and how bright the windows are."""
        strength = rng.uniform(0.33, 0.52) if light == 'dim' else rng.uniform(0.85, 1.12)
        warmth = rng.uniform(-0.03, 0.03) + (0.05 if light == 'dim' else 0.0)
        color = strength * np.array([1.0 + warmth, 1.0, 1.0 - warmth])
        model, (lights, ambient, diffuse, emission) = self._renderer.model, self._lights
        sides = rng.uniform(0.75, 1.25, (len(lights), 1))
        model.light_diffuse[:] = np.clip(lights * color * sides, 0.0, 1.0)
        model.vis.headlight.ambient[:] = np.clip(ambient * color, 0.0, 1.0)
        model.vis.headlight.diffuse[:] = np.clip(diffuse * color, 0.0, 1.0)
        model.mat_emission[:] = emission * (rng.uniform(0.0, 0.3) if light == 'dim' else 1.0)
        self._renderer.relight()

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._renderer.close()


def _camera(rng: Rng, light: str) -> Callable[[Picture], Picture]:
    """Return a camera with its own exposure, white balance, contrast, sharpness and noise."""
    import cv2

    gain = rng.uniform(0.9, 1.1) * rng.uniform(0.98, 1.02, 3)
    gamma = rng.uniform(0.9, 1.1)
    noise = rng.uniform(0.0, 3.5) + (1.5 if light == 'dim' else 0.0)
    blur = float(rng.uniform(0.3, 0.8)) if rng.random() < 0.3 else 0.0
    curve = 255.0 * (np.arange(256)[:, None] / 255.0) ** gamma * gain
    table = np.clip(curve + 0.5, 0, 255).astype(np.uint8)[None]

    def develop(image: Picture) -> Picture:
        found = cv2.LUT(np.ascontiguousarray(image), table)
        if blur:
            found = cv2.GaussianBlur(found, (0, 0), blur)
        grain = np.empty(found.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(1 << 31)))
        cv2.randn(grain, np.zeros(3), np.full(3, noise))
        return np.asarray(cv2.add(found, grain, dtype=cv2.CV_8U), np.uint8)

    return develop
