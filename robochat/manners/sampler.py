"""Timelines drawn by chance, judged by construction: to train on, never to test with.

Flow: each person walks through states with dwell times of their own (away, crossing, nearing,
attending, occupied, chatting); what is seen follows from the state, and so does the judgement:
who attends wants to be spoken to, everybody else does not. The bench has scenes that were written
by hand instead, so that nothing is learned by heart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
import math
import random

from robochat.manners.phrases import HUSHES, SMALL, TO_ROBOT
from robochat.manners.timeline import (
    Actor,
    ANYONE,
    Move,
    Noise,
    Says,
    Sight,
    Span,
    TALK_SEC_PER_WORD,
    Timeline,
    Window,
)
from robochat.values import Box

NEXT = {
    'away': (('crossing', 3), ('nearing', 4), ('settling', 3), ('passing_near', 2)),
    'crossing': (('away', 1),),
    'nearing': (('attends', 1),),
    'passing_near': (('veers', 1), ('occupied', 1)),
    'settling': (('occupied', 1),),
    'occupied': (('attends', 3), ('occupied', 3), ('leaves', 2)),
    'attends': (('occupied', 3), ('leaves', 4)),
    'veers': (('away', 1),),
    'leaves': (('away', 1),),
}
HAZARDS = ('smoke', 'fire', 'spill')
REACT_SEC, STAY_SEC, OPEN_SEC, TURN_SEC = 0.6, 3.0, 8.0, 1.5
GLANCE_SEC = (0.3, 0.7)
NEAR_M, TALK_M = 2.4, 2.7
# Between the two nobody can tell whether someone is near; further than this they clearly are not.
FAR_M = 2.9


def sampled(seed: int, count: int) -> Iterator[Timeline]:
    """Draw `count` timelines; the same seed draws the same ones."""
    dice = random.Random(seed)
    for number in range(count):
        yield _Draw(random.Random(dice.getrandbits(64)), f'sampled_{seed}_{number}').timeline()


@dataclass
class _Life:
    """One person on their way through the states."""

    name: str
    moves: list[Move] = field(default_factory=list)
    busy: list[tuple[float, float]] = field(default_factory=list)
    here: tuple[float, float] | None = None
    near_sec: float = math.inf
    greeted: bool = False
    hushed: bool = False


class _Draw:
    """One timeline under way."""

    def __init__(self, dice: random.Random, name: str) -> None:
        self.dice = dice
        self.name = name
        self.end_sec = dice.uniform(40.0, 120.0)
        self.says: list[Says] = []
        self.windows: list[Window] = []
        self.free: list[Span] = []
        self.sights: list[Sight] = []

    def timeline(self) -> Timeline:
        """Let everybody live, then add what comes from outside."""
        lives = [_Life(f'p{n}') for n in range(self.dice.choice((1, 1, 1, 2, 2, 3)))]
        for life in lives:
            self._live(life)
        self._chat(lives)
        if self.dice.random() < 0.12:
            self._danger(lives)
        hushed_hour = self.dice.random() < 0.08
        hour = self.dice.uniform(22.2, 23.5) if hushed_hour else self.dice.uniform(8.0, 21.0)
        windows = [w for w in self.windows if not hushed_hour or 'hazard' in w.why]
        return Timeline(
            name=self.name,
            about='drawn by chance',
            duration_sec=self.end_sec,
            family='sampled',
            hour=hour,
            actors=tuple(Actor(v.name, tuple(v.moves)) for v in lives if v.moves),
            says=tuple(sorted(self.says, key=lambda s: s.at_sec)),
            sights=tuple(self.sights),
            noise=self._noise(),
            windows=tuple(self._after_talk(w) for w in windows),
            free=tuple(self.free),
        )

    def _noise(self) -> Noise:
        dice = self.dice
        flicker_sec = dice.uniform(8.0, 30.0) if dice.random() < 0.1 else 0.0
        return Noise(
            dice.uniform(0.5, 2.0), dice.uniform(0.0, 0.12), flicker_sec, dice.uniform(0.05, 0.3)
        )

    # ------------------------------------------------------------------ states
    def _live(self, life: _Life) -> None:
        """Walk through the states until the time is up."""
        now_sec, state = self.dice.uniform(0.0, 6.0), 'away'
        while now_sec < self.end_sec - 1.0:
            names, weights = zip(*NEXT[state], strict=True)
            state = self.dice.choices(names, weights)[0]
            now_sec = getattr(self, f'_{state}')(life, now_sec)

    def _away(self, life: _Life, now_sec: float) -> float:
        life.moves.append(Move(now_sec, gone=True))
        life.here = None
        return now_sec + self.dice.expovariate(1 / 12.0) + 3.0

    def _crossing(self, life: _Life, now_sec: float) -> float:
        """Walk through the view, perhaps with a glance."""
        deep, side = self.dice.uniform(1.3, 4.5), self.dice.choice((-1, 1))
        speed = self.dice.uniform(0.7, 1.6)
        wide = 0.65 * deep
        life.moves.append(
            Move(now_sec, (deep, side * wide), (deep, -side * wide), speed, 'ahead', 'neutral')
        )
        took_sec = 2 * wide / speed
        if self.dice.random() < 0.5:
            self._glance(life, now_sec + self.dice.uniform(0.2, 0.7) * took_sec, 'ahead')
        life.here = (deep, -side * wide)
        return now_sec + took_sec

    def _nearing(self, life: _Life, now_sec: float) -> float:
        """Come to the robot because they want to; speaking is too early until they are near."""
        start, goal = life.here or self._spot(3.5, 6.0), self._spot(0.9, NEAR_M - 0.2)
        speed = self.dice.uniform(0.6, 1.3)
        first = None if life.here else start
        life.moves.append(Move(now_sec, first, goal, speed, 'robot', self._mood()))
        life.here = goal
        there_sec = now_sec + math.dist(start, goal) / speed
        life.near_sec = there_sec - (TALK_M - math.hypot(*goal)) / speed
        self.free.append(Span(max(now_sec, life.near_sec - 1.0), life.near_sec, 'coming near'))
        return there_sec

    def _passing_near(self, life: _Life, now_sec: float) -> float:
        """Come near on another errand, with the eyes on something else."""
        start, goal = self._spot(3.5, 6.0), self._spot(1.0, NEAR_M)
        speed = self.dice.uniform(0.6, 1.3)
        looks = self.dice.choice(('down', 'away', f'{goal[0]:.1f},{3.0 * goal[1] + 2.0:.1f}'))
        life.moves.append(Move(now_sec, start, goal, speed, looks, self._mood()))
        life.here = goal
        return now_sec + math.dist(start, goal) / speed

    def _settling(self, life: _Life, now_sec: float) -> float:
        """Go to some place without a thought of the robot."""
        start, goal = self._spot(3.0, 5.5), self._spot(1.0, 3.8)
        looks = self.dice.choice(('down', 'away'))
        life.moves.append(Move(now_sec, start, goal, 1.0, looks, 'neutral'))
        life.here = goal
        return now_sec + math.dist(start, goal)

    def _occupied(self, life: _Life, now_sec: float) -> float:
        """Do something else: read, phone, doze, look about."""
        looks, phone, eyes = self.dice.choice(
            (
                ('down', 'none', 'open'),
                ('down', 'hand', 'open'),
                ('away', 'none', 'open'),
                ('robot', 'ear', 'open'),
                ('robot', 'none', 'closed'),
            )
        )
        long_sec = self.dice.uniform(5.0, 25.0)
        life.moves.append(Move(now_sec, looks=looks, phone=phone, eyes=eyes))
        if looks != 'robot' and self.dice.random() < 0.6:
            self._glance(life, now_sec + self.dice.uniform(1.0, long_sec - 1.0), looks)
        life.busy.append((now_sec, now_sec + long_sec))
        life.moves.append(Move(now_sec + long_sec, phone='none', eyes='open', looks='ahead'))
        return now_sec + long_sec

    def _attends(self, life: _Life, now_sec: float) -> float:
        """Turn to the robot: want something of it."""
        long_sec = self.dice.uniform(STAY_SEC, 20.0)
        life.moves.append(Move(now_sec, looks='robot'))
        near = life.here is not None and math.hypot(*life.here) <= NEAR_M
        if near:
            self._wants(life, now_sec, now_sec + long_sec)
        life.near_sec = math.inf
        return now_sec + long_sec

    def _veers(self, life: _Life, now_sec: float) -> float:
        """Pass by after all."""
        side = self.dice.choice((-1.0, 1.0))
        life.moves.append(Move(now_sec, goal=(1.5, side * 2.4), speed_mps=1.1, looks='ahead'))
        return now_sec + 2.5

    def _leaves(self, life: _Life, now_sec: float) -> float:
        """Turn away and go."""
        life.moves.append(Move(now_sec, goal=self._spot(5.5, 6.5), speed_mps=1.1, looks='ahead'))
        return now_sec + 3.0

    def _glance(self, life: _Life, at_sec: float, back: str) -> None:
        """Look at the robot for less than a second."""
        life.moves.append(Move(at_sec, looks='robot'))
        life.moves.append(Move(at_sec + self.dice.uniform(*GLANCE_SEC), looks=back))

    def _spot(self, near_m: float, far_m: float) -> tuple[float, float]:
        away_m, bearing = self.dice.uniform(near_m, far_m), self.dice.uniform(-0.42, 0.42)
        away_m = FAR_M if NEAR_M < away_m < FAR_M else away_m
        return away_m * math.cos(bearing), away_m * math.sin(bearing)

    def _mood(self) -> str:
        return self.dice.choices(('neutral', 'happy', 'sad', 'angry'), (5, 3, 2, 1))[0]

    # ------------------------------------------------------------------ the judgement
    def _wants(self, life: _Life, start_sec: float, end_sec: float) -> None:
        """Open a window for a greeting, and let them speak, turn sad, or ask for silence."""
        if not life.greeted and not life.hushed:
            from_sec = min(start_sec + REACT_SEC, max(life.near_sec, start_sec - 2.0))
            self._open(life, from_sec, end_sec, ('greeting', 'care'))
            life.greeted = True
        mid_sec = self.dice.uniform(start_sec + 2.0, end_sec)
        chance = self.dice.random()
        if chance < 0.5 and mid_sec + 4.0 < min(end_sec, self.end_sec):
            hush = self.dice.random() < 0.2
            words = self.dice.choice(HUSHES if hush else TO_ROBOT)
            long_sec = TALK_SEC_PER_WORD * len(words.split())
            self.says.append(Says(mid_sec, life.name, words, 'robot', long_sec, answer=not hush))
            if hush:
                life.hushed = True
                self.free.append(Span(mid_sec + long_sec, mid_sec + long_sec + 4.0))
                self._shut(life, mid_sec)
        elif chance < 0.7 and end_sec - mid_sec > 6.0 and not life.hushed:
            life.moves.append(Move(mid_sec, mood=self.dice.choice(('sad', 'angry'))))
            self._open(life, mid_sec + TURN_SEC, end_sec, ('care',))

    def _open(self, life: _Life, start_sec: float, end_sec: float, why: tuple[str, ...]) -> None:
        end_sec = min(end_sec, start_sec + OPEN_SEC, self.end_sec)
        if end_sec - start_sec > 1.5:
            self.windows.append(Window(start_sec, end_sec, (life.name,), why))

    def _shut(self, life: _Life, at_sec: float) -> None:
        """End this person's windows where they ask for silence."""
        kept = []
        for window in self.windows:
            if life.name in window.to and window.end_sec > at_sec:
                if window.start_sec < at_sec - 0.5:
                    kept.append(Window(window.start_sec, at_sec, window.to, window.why))
            else:
                kept.append(window)
        self.windows = kept

    def _after_talk(self, window: Window) -> Window:
        """Begin a window where someone else speaks only when they are done."""
        start_sec = window.start_sec
        for says in sorted(self.says, key=lambda s: s.at_sec):
            if 'hazard' not in window.why and says.at_sec <= start_sec < says.end_sec + 0.5:
                start_sec = says.end_sec + 0.5
        end_sec = max(window.end_sec, start_sec + 2.0)
        return Window(start_sec, end_sec, window.to, window.why, window.note)

    # ------------------------------------------------------------------ from outside
    def _chat(self, lives: list[_Life]) -> None:
        """Let two people who are busy at the same time talk to each other."""
        for life, other in zip(lives, lives[1:], strict=False):
            for (a, b), (c, d) in ((x, y) for x in life.busy for y in other.busy):
                start_sec, end_sec = max(a, c), min(b, d)
                if end_sec - start_sec < 4.0:
                    continue
                for who, whom in ((life, other), (other, life)):
                    who.moves.append(Move(start_sec, looks=whom.name, phone='none', eyes='open'))
                    who.moves.sort(key=lambda m: m.at_sec)
                at_sec, speaker, listener = start_sec + 0.5, life, other
                while at_sec < end_sec - 2.0:
                    text = self.dice.choice(SMALL)
                    talk_sec = TALK_SEC_PER_WORD * len(text.split())
                    self.says.append(Says(at_sec, speaker.name, text, listener.name, talk_sec))
                    at_sec += talk_sec + self.dice.uniform(0.4, 2.0)
                    speaker, listener = listener, speaker
                return

    def _danger(self, lives: list[_Life]) -> None:
        """Something becomes dangerous, as another node tells."""
        spans = [s for life in lives for s in life.busy if 5.0 < s[0] < self.end_sec - 8.0]
        if not spans:
            return
        at_sec = self.dice.uniform(*self.dice.choice(spans))
        label = self.dice.choice(HAZARDS)
        self.sights.append(Sight(at_sec, f'{label}_1', label, Box(300, 380, 60, 50), node=True))
        self.windows = [w for w in self.windows if w.end_sec < at_sec or w.start_sec > at_sec + 6]
        self.windows.append(Window(at_sec, at_sec + 6.0, (ANYONE,), ('hazard',)))
