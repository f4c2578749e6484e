"""Reads timelines from YAML; every mistake is reported with its line.

A file is a list of timelines, its name is their family. See docs/manners.md for every key.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from robochat.config import config_from, ConfigError
from robochat.manners.entries import Entries, items
from robochat.manners.timeline import (
    Actor,
    ANYONE,
    Felt,
    Jump,
    MIXED,
    Move,
    Noise,
    PLACES,
    Report,
    Says,
    Sight,
    Span,
    TALK_SEC_PER_WORD,
    Timeline,
    UNSEEN,
    Window,
)
from robochat.plan.marked import Reader
from robochat.values import Box, EMOTIONS, Trigger
import yaml

FOLDER = Path(__file__).resolve().parent / 'timelines'
KEYS = (
    *('name', 'about', 'duration_sec', 'hour', 'people', 'says', 'things', 'robot', 'felt'),
    *('clock', 'settings', 'noise', 'muted', 'speak', 'free', 'wrong', 'film'),
)
MOVES = (
    *('at', 'from', 'to', 'speed_mps', 'looks', 'mood'),
    *('eyes', 'phone', 'track', 'mouth', 'gone'),
)
SAYS_KEYS = ('at', 'who', 'words', 'to', 'for_sec', 'answer', 'on', 'since')
TRIGGERS = tuple(t.value for t in Trigger if t is not Trigger.NONE)


class TimelineError(ValueError):
    """A timeline file has mistakes; the message has a line for each."""


@cache
def load_timelines(folder: Path = FOLDER) -> tuple[Timeline, ...]:
    """Read every file of a folder; raises TimelineError."""
    found = [t for path in sorted(folder.glob('*.yaml')) for t in load_file(path)]
    names = [t.name for t in found]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise TimelineError(f'{folder}: {", ".join(twice)}: named twice; rename one')
    return tuple(found)


def load_file(path: Path) -> tuple[Timeline, ...]:
    """Read one file; raises TimelineError."""
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise TimelineError(f'{path}: unreadable: {error}') from error
    return read_timelines(text, path.stem, str(path))


def read_timelines(text: str, family: str = '', source: str = 'text') -> tuple[Timeline, ...]:
    """Read the text of a file; raises TimelineError with every mistake."""
    reader = Reader()
    found = [_Reading(reader).timeline(n, family) for n in items(reader, reader.compose(text))]
    if reader.problems:
        raise TimelineError('\n'.join([f'{source}:', *(f'  {p}' for p in reader.problems)]))
    return tuple(found)


class _Reading(Entries):
    """Reads one timeline."""

    filmed = False

    def timeline(self, node: yaml.Node, family: str) -> Timeline:
        """Read the whole of it."""
        keys = self.reader.section(node, 'a timeline', KEYS, ('name', 'about', 'duration_sec'))
        self.last_sec = self._number(keys.get('duration_sec'), 'duration_sec', 10.0, 1.0)
        self.filmed = 'film' in keys
        people = dict(self.reader.entries(keys.get('people'), 'people'))
        names = tuple(people)
        windows = tuple(self._window(n, names) for n in self._list(keys, 'speak'))
        free = tuple(self._span(n) for n in self._list(keys, 'free'))
        wrong = tuple(self._span(n) for n in self._list(keys, 'wrong'))
        self._check_overlap(node, windows, (*free, *wrong))
        return Timeline(
            name=self.reader.word(keys.get('name'), 'name'),
            about=self.reader.word(keys.get('about'), 'about'),
            duration_sec=self.last_sec,
            family=family,
            hour=self._number(keys.get('hour'), 'hour', 14.0, 0.0, 24.0),
            actors=tuple(Actor(n, self._moves(moves, n, names)) for n, moves in people.items()),
            says=tuple(self._says(n, names) for n in self._list(keys, 'says')),
            sights=tuple(self._sight(n) for n in self._list(keys, 'things')),
            reports=tuple(self._report(n) for n in self._list(keys, 'robot')),
            felt=tuple(self._felt(n, names) for n in self._list(keys, 'felt')),
            jumps=tuple(self._jump(n) for n in self._list(keys, 'clock')),
            settings=self._settings(keys.get('settings')),
            noise=self._noise(keys.get('noise')),
            muted=tuple(self._span(n) for n in self._list(keys, 'muted')),
            windows=windows,
            free=free,
            wrong=wrong,
            film=self.reader.word(keys.get('film'), 'film'),
        )

    # ------------------------------------------------------------------ what happens
    def _moves(self, node: yaml.Node, name: str, names: tuple[str, ...]) -> tuple[Move, ...]:
        """Read what one person does."""
        moves = [self._move(n, names) for n in items(self.reader, node, name)]
        if not self.filmed and (not moves or moves[0].start is None):
            self.reader.wrong(node, f'{name} comes from nowhere', 'a place', 'begin with `from:`')
        if [m.at_sec for m in moves] != sorted(m.at_sec for m in moves):
            self.reader.wrong(node, f'{name} goes back in time', 'growing `at`', 'sort the moves')
        return tuple(moves)

    def _move(self, node: yaml.Node, names: tuple[str, ...]) -> Move:
        keys = self.reader.section(node, 'a move', MOVES, ('at',))
        moods = ('', MIXED, *EMOTIONS)
        return Move(
            at_sec=self._time(keys, 'at'),
            start=self._point(keys.get('from'), 'from'),
            goal=self._point(keys.get('to'), 'to'),
            speed_mps=self._number(keys.get('speed_mps'), 'speed_mps', 1.0, 0.05, 5.0),
            looks=self._looks(keys.get('looks'), names),
            mood=self.reader.choice(keys.get('mood'), 'mood', moods, ''),
            eyes=self.reader.choice(keys.get('eyes'), 'eyes', ('open', 'closed'), ''),
            phone=self.reader.choice(keys.get('phone'), 'phone', ('ear', 'hand', 'none'), ''),
            track=self.reader.word(keys.get('track'), 'track'),
            mouth=self.reader.choice(keys.get('mouth'), 'mouth', ('talks', 'still'), ''),
            gone=self._flag(keys.get('gone'), 'gone', False),
        )

    def _looks(self, node: yaml.Node | None, names: tuple[str, ...]) -> str:
        """Read where someone looks: a word, a person, or a point."""
        if isinstance(node, yaml.SequenceNode):
            x, y = self._point(node, 'looks') or (1.0, 0.0)
            return f'{x:g},{y:g}'
        return self.reader.choice(node, 'looks', ('', *PLACES, *names), '')

    def _says(self, node: yaml.Node, names: tuple[str, ...]) -> Says:
        keys = self.reader.section(node, 'says', SAYS_KEYS, ('at', 'who', 'words'))
        text = self.reader.word(keys.get('words'), 'words')
        takes_sec = max(0.6, TALK_SEC_PER_WORD * len(text.split()))
        return Says(
            at_sec=self._time(keys, 'at'),
            who=self.reader.choice(keys.get('who'), 'who', (UNSEEN, *names), UNSEEN),
            text=text,
            to=self.reader.choice(keys.get('to'), 'to', ('robot', 'nobody', *names), 'robot'),
            for_sec=self._number(keys.get('for_sec'), 'for_sec', takes_sec, 0.2, 120.0),
            answer=self._flag(keys.get('answer'), 'answer', True),
            on_robot=self.reader.choice(keys.get('on'), 'on', ('', 'robot'), '') == 'robot',
            since_sec=self._time(keys, 'since'),
        )

    def _sight(self, node: yaml.Node) -> Sight:
        keys = self.reader.section(
            node, 'a thing', ('at', 'id', 'label', 'box', 'node'), ('at', 'id')
        )
        label = self.reader.word(keys.get('label'), 'label')
        box = keys.get('box')
        sides = [self._number(n, 'box', 0.0, -4000, 4000) for n in items(self.reader, box, 'box')]
        if box is not None and len(sides) != 4:
            self.reader.wrong(box, f'box has {len(sides)} numbers', '4', 'write [x, y, w, h]')
            sides = [0.0] * 4
        thing = self.reader.word(keys.get('id'), 'id')
        node_ = self._flag(keys.get('node'), 'node', False)
        return Sight(self._time(keys, 'at'), thing, label, Box(*sides) if sides else None, node_)

    def _report(self, node: yaml.Node) -> Report:
        known = ('at', 'place', 'holding', 'battery', 'speaking', 'ended')
        keys = self.reader.section(node, 'robot', known, ('at',))
        return Report(
            at_sec=self._time(keys, 'at'),
            place=self.reader.word(keys.get('place'), 'place'),
            holding=self.reader.word(keys.get('holding'), 'holding'),
            battery=self.reader.number(keys.get('battery'), 'battery', None, 0.0, 1.0),
            speaking=self._flag(keys.get('speaking'), 'speaking', False),
            ended=self.reader.word(keys.get('ended'), 'ended'),
        )

    def _felt(self, node: yaml.Node, names: tuple[str, ...]) -> Felt:
        keys = self.reader.section(node, 'felt', ('from', 'until', 'who', 'mood'), ('who', 'mood'))
        who = self.reader.choice(keys.get('who'), 'who', names, '')
        mood = self.reader.choice(keys.get('mood'), 'mood', EMOTIONS, 'neutral')
        return Felt(self._time(keys, 'from'), self._end(keys), who, mood)

    def _jump(self, node: yaml.Node) -> Jump:
        keys = self.reader.section(node, 'clock', ('at', 'by_sec'), ('at', 'by_sec'))
        return Jump(self._time(keys, 'at'), self._number(keys.get('by_sec'), 'by_sec', 0.0))

    def _noise(self, node: yaml.Node | None) -> Noise:
        known = ('jitter', 'drop', 'flicker_sec', 'mood')
        keys = self.reader.section(node, 'noise', known)
        usual = Noise()
        return Noise(
            jitter=self._number(keys.get('jitter'), 'jitter', usual.jitter, 0.0, 10.0),
            drop=self._number(keys.get('drop'), 'drop', usual.drop, 0.0, 1.0),
            flicker_sec=self._number(keys.get('flicker_sec'), 'flicker_sec', 0.0, 0.0, 1000.0),
            mood=self._number(keys.get('mood'), 'mood', usual.mood, 0.0, 1.0),
        )

    def _settings(self, node: yaml.Node | None) -> tuple[tuple[str, str], ...]:
        """Read settings of the robot and check them as the node would."""
        found = dict(self.reader.entries(node, 'settings'))
        values = {key: yaml.safe_load(self.reader.word(n, key)) for key, n in found.items()}
        try:
            config_from(values)
        except ConfigError as error:
            for problem in error.problems if node is not None else ():
                self.reader.wrong(
                    node, str(problem), 'a known setting', 'see config/robochat.yaml'
                )
        return tuple((key, self.reader.word(n, key)) for key, n in found.items())

    # ------------------------------------------------------------------ the judgement
    def _window(self, node: yaml.Node, names: tuple[str, ...]) -> Window:
        needed = ('from', 'until', 'to', 'why')
        keys = self.reader.section(node, 'speak', (*needed, 'note'), needed)
        to = tuple(self._words(keys.get('to'), 'to', (ANYONE, *names)))
        why = tuple(self._words(keys.get('why'), 'why', TRIGGERS))
        note = self.reader.word(keys.get('note'), 'note')
        return Window(self._time(keys, 'from'), self._end(keys), to, why, note)

    def _words(self, node: yaml.Node | None, what: str, known: tuple[str, ...]) -> Iterator[str]:
        """Read one word or a list of words."""
        nodes = [node] if isinstance(node, yaml.ScalarNode) else items(self.reader, node, what)
        return (self.reader.choice(n, what, known, known[0]) for n in nodes)

    def _span(self, node: yaml.Node) -> Span:
        keys = self.reader.section(node, 'a span', ('from', 'until', 'note'), ('from', 'until'))
        note = self.reader.word(keys.get('note'), 'note')
        return Span(self._time(keys, 'from'), self._end(keys), note)

    def _check_overlap(
        self, node: yaml.Node, windows: tuple[Window, ...], spans: tuple[Span, ...]
    ) -> None:
        """Complain where speaking would be right and wrong at once, or time runs backward."""
        for window in windows:
            for span in spans:
                if window.start_sec < span.end_sec and span.start_sec < window.end_sec:
                    fact = f'{window.start_sec:g} to {window.end_sec:g} s is right and not'
                    self.reader.wrong(node, fact, 'one of both', 'move one span')
        ends = [(w.start_sec, w.end_sec) for w in windows]
        for start_sec, end_sec in (*ends, *((s.start_sec, s.end_sec) for s in spans)):
            if end_sec <= start_sec:
                fact = f'a span from {start_sec:g} to {end_sec:g} s'
                self.reader.wrong(node, fact, 'an end after its beginning', 'swap them')
