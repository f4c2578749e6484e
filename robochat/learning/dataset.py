"""Turns with people who agreed to it, kept on disk and exported as a data set for fine-tuning.

Flow: `Dialogues.keep` takes what the robot just said, if its addressee agreed; `export` writes the
kept turns of those who still agree as JSON lines in the messages form of chat models, with JPEGs.

Safety: nobody has agreed until their record says so. A picture is kept only where `keep_frames` is
on and everybody in view agreed, and a turn is left out when it has the name of anyone else in it.
The words of those who agreed stay as they were.

Threads: `keep` never waits; words and pictures are written in a thread of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import json
from pathlib import Path
import secrets
import shutil
from typing import Any

from robochat.learning.lines import Line, LineFile, Reading, write_whole, Writer
from robochat.resources import data_folder
from robochat.settings import LearningSettings
from robochat.values import Frame, Person, Turn, Utterance, WorldView

# Gives the key under which a person agreed, or an empty string.
Agreed = Callable[[Person], str]

FOLDER, TURNS, PICTURES = 'dialogues', 'turns.jsonl', 'frames'
EXPORTED, IMAGES, CARD = 'train.jsonl', 'images', 'README.md'
SAME_TALK_SEC = 60.0
WORDS_SHARE = 0.1
WAITING = 8
JPEG_QUALITY = 90
ABOUT = """# Dialogues of a robot

`{exported}` has a dialogue on each line: `messages` with the roles user and assistant, and
`images` with the paths of the pictures in the order of the image parts. A user message says why
the robot spoke and on what evidence, and what the person said; the assistant's is what the robot
said.

{dialogues} dialogues, {turns} turns, {images} pictures, of {people} people who agreed.
Made by `robochat learn --export`. Words are as they were said: treat them as personal data.
"""


class DatasetError(ValueError):
    """There is nothing to export, or no place for it; the message says which."""


@dataclass(frozen=True)
class Kept:
    """A turn on its way to disk; `who` is the key of the person who agreed."""

    who: str
    turn: Turn
    utterance: Utterance
    stamp_sec: float
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Exported:
    """How much was exported, and how many turns of people who don't agree stayed behind."""

    dialogues: int
    turns: int
    images: int
    people: int
    left_out: int


def dialogues_folder(settings: LearningSettings) -> Path:
    """Where turns are kept: as set, else in the user's data folder."""
    named = settings.dialogues_folder
    return Path(named).expanduser() if named else data_folder() / FOLDER


def nobody(person: Person) -> str:
    """Say that this person has not agreed."""
    return ''


class Dialogues:
    """Keeps turns of people who agreed; what comes too fast is dropped and counted."""

    def __init__(self, folder: Path, most_bytes: int, keep_frames: bool, agreed: Agreed) -> None:
        self._folder = folder
        self._pictures_bytes = int(most_bytes * (1 - WORDS_SHARE))
        self._file = LineFile(folder / TURNS, int(most_bytes * WORDS_SHARE))
        self._keep_frames = keep_frames
        self._agreed = agreed
        self._run = secrets.token_hex(4)
        self._writer = Writer[Kept]('dialogues', self._write, WAITING)

    def keep(self, turn: Turn, utterance: Utterance, view: WorldView) -> bool:
        """Keep a turn if its addressee agreed and it names nobody else; false when it isn't."""
        person = view.person(utterance.addressee)
        who = self._agreed(person) if person is not None else ''
        others = [p for p in view.people if person is not None and p.id != person.id]
        if not who or _names(others, f'{turn.heard} {utterance.text}'):
            return False
        with_frames = self._keep_frames and all(self._agreed(p) for p in others)
        frames = turn.frames if with_frames else ()
        return self._writer.put(Kept(who, turn, utterance, view.now_sec, frames))

    def close(self) -> bool:
        """Write what waits; true when all was written in time."""
        return self._writer.close()

    @property
    def lost(self) -> int:
        """How many turns were dropped or could not be written."""
        return self._writer.dropped + self._writer.failed

    def _write(self, kept: Kept) -> None:
        """Write the pictures, then the line that names them; raises OSError."""
        name = f'{self._run}-{kept.turn.id}'
        folder = self._folder / PICTURES
        frames = [_save(f, folder, f'{name}-{n}') for n, f in enumerate(kept.frames)]
        self._file.append(
            {
                'run': self._run,
                'turn': kept.turn.id,
                'time': round(kept.stamp_sec, 3),
                'who': kept.who,
                'trigger': kept.utterance.trigger,
                'reason': kept.utterance.reason,
                'evidence': list(kept.utterance.evidence),
                'heard': kept.turn.heard,
                'said': kept.utterance.text,
                'frames': frames,
            }
        )
        if frames:
            _bound(folder, self._pictures_bytes)


def forget(folder: Path, who: str) -> int:
    """Delete the turns and pictures of one person for good; returns how many. Raises OSError."""
    file = LineFile(folder / TURNS, 0)
    gone = [line for line in file.lines(Reading()) if line.get('who') == who]
    taken = file.keep(lambda line: line.get('who') != who)
    for name in (name for line in gone for name in _frames_of(line)):
        (folder / PICTURES / name).unlink(missing_ok=True)
    return taken


def export(
    folder: Path,
    out: Path,
    agrees: Callable[[str], bool],
    progress: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Write the dialogues of people who agree now; raises DatasetError.

    `agrees` is asked with the key under which each turn was kept. `out` must be new or empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f'{out} is there already; name a folder that is new or empty')
    try:
        turns = [t for t in LineFile(folder / TURNS, 0).lines(Reading()) if _is_turn(t)]
        ours = [turn for turn in turns if agrees(turn['who'])]
        if not ours:
            raise DatasetError(
                f'{folder} has {len(turns)} turns, none with a person who agrees; nothing is kept '
                'or exported of people until their record in the memory says that it may be'
            )
        return _export(folder, out, ours, len(turns) - len(ours), progress)
    except OSError as error:
        raise DatasetError(f"{out}: can't be read or written: {error}") from error


# --------------------------------------------------------------------------- export
@dataclass
class _Sheet:
    """One dialogue as it is written."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


def _export(
    folder: Path, out: Path, turns: list[Line], left_out: int, progress: Callable[[str], None]
) -> Exported:
    """Copy pictures and write lines and card, the lines last."""
    (out / IMAGES).mkdir(parents=True, exist_ok=True)
    sheets: list[_Sheet] = []
    for talk in _dialogues(turns):
        sheet = _Sheet()
        for turn in talk:
            _write_turn(turn, folder, out, sheet)
        sheets.append(sheet)
        progress(f'dialogue {len(sheets)}')
    images = sum(len(sheet.images) for sheet in sheets)
    people = len({turn['who'] for turn in turns})
    found = Exported(len(sheets), len(turns), images, people, left_out)
    card = ABOUT.format(
        exported=EXPORTED,
        dialogues=found.dialogues,
        turns=found.turns,
        images=found.images,
        people=found.people,
    )
    write_whole(out / CARD, card)
    rows = (json.dumps(vars(sheet), ensure_ascii=False) for sheet in sheets)
    write_whole(out / EXPORTED, ''.join(f'{row}\n' for row in rows))
    return found


def _dialogues(turns: list[Line]) -> Iterator[list[Line]]:
    """Put turns with one person together while no more than a minute lies between them."""
    open_talks: dict[tuple[str, str], list[Line]] = {}
    for turn in turns:
        key = (turn['run'], turn['who'])
        talk = open_talks.get(key)
        if talk is not None and turn['time'] - talk[-1]['time'] > SAME_TALK_SEC:
            yield open_talks.pop(key)
            talk = None
        if talk is None:
            talk = open_talks[key] = []
        talk.append(turn)
    yield from open_talks.values()


def _write_turn(turn: Line, folder: Path, out: Path, sheet: _Sheet) -> None:
    """Add a turn as two messages, with the pictures that are still there."""
    parts: list[dict[str, str]] = []
    for name in _frames_of(turn):
        if (folder / PICTURES / name).is_file():
            shutil.copyfile(folder / PICTURES / name, out / IMAGES / name)
            sheet.images.append(f'{IMAGES}/{name}')
            parts.append({'type': 'image'})
    parts.append({'type': 'text', 'text': _situation(turn)})
    said = [{'type': 'text', 'text': turn['said']}]
    sheet.messages.append({'role': 'user', 'content': parts})
    sheet.messages.append({'role': 'assistant', 'content': said})


def _situation(turn: Line) -> str:
    """Say why the robot spoke, on what evidence, and what it had heard."""
    evidence = ', '.join(str(e) for e in turn.get('evidence', ()))
    why = f'{turn.get("trigger", "")}: {turn.get("reason", "")} ({evidence})'
    heard = turn.get('heard')
    return f'{why}\nThe person said: {heard}' if heard else why


def _is_turn(line: Line) -> bool:
    """Tell whether a line has what an export needs."""
    texts = all(isinstance(line.get(name), str) for name in ('run', 'who', 'said'))
    return texts and bool(line['who']) and isinstance(line.get('time'), int | float)


def _frames_of(line: Line) -> list[str]:
    """Names of the pictures of a turn; a name that leads elsewhere is no name."""
    names = line.get('frames')
    found = names if isinstance(names, list) else []
    return [n for n in found if isinstance(n, str) and n == Path(n).name and n.endswith('.jpg')]


# --------------------------------------------------------------------------- pictures, names
def _save(frame: Frame, folder: Path, name: str) -> str:
    """Write a picture and return its name; raises OSError."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    ok, data = cv2.imencode('.jpg', frame.image[:, :, ::-1], quality)
    if not ok:
        raise OSError('a picture could not be written as JPEG')
    (folder / f'{name}.jpg').write_bytes(data.tobytes())
    return f'{name}.jpg'


def _bound(folder: Path, most_bytes: int) -> None:
    """Delete the oldest pictures beyond the limit."""
    files = sorted(folder.glob('*.jpg'), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > most_bytes:
            path.unlink(missing_ok=True)


def _names(people: list[Person], text: str) -> bool:
    """Tell whether the name of one of these people is in a text."""
    plain = text.casefold()
    return any(p.name and p.name.casefold() in plain for p in people)
