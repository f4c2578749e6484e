"""Photographs of real people and things: what the model says to what perception finds in them.

Flow: perception stares at each photograph for some seconds, as `see` and `lessons_about` make the
greetings and questions of the world that it then believes in, the way the node makes them; the
answers are judged by these findings (`robochat.evaluation.grounding`).

Whose photographs these are, and that they may be passed on, is in `photographs/LICENSES.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robochat.config import Config
from robochat.dialogue import Dialogue
from robochat.evaluation import grounding
from robochat.evaluation.rows import Graded, scores
from robochat.mllm.palm_e.layout import nearness
from robochat.mllm.phrases import Phrases
from robochat.perception.image import decode_compressed
from robochat.perception.perceiver import Perceiver
from robochat.persona import load_persona
from robochat.plan.skills import load_skills
from robochat.resources import MissingFileError, named_file
from robochat.response import Responder
from robochat.sentence import Topic
from robochat.training.asking import NOBODY
from robochat.training.lesson import Expected, Lesson
from robochat.values import Decision, Frame, Person, Trigger, Turn, WorldView
from robochat.world import World

FOLDER = Path(__file__).with_suffix('')
STARE_SEC = 4.0
HOUR = 15.0


@dataclass(frozen=True)
class Photograph:
    """A photograph and the world that perception believes in after a stare at it."""

    name: str
    frame: Frame
    view: WorldView


@dataclass(frozen=True)
class Question:
    """Words to the robot and what a good answer is like; without words it has to greet.

    `row` is what the answer counts for. Everybody in view asks a `personal` one, the nearest asks
    the others, or someone unseen.
    """

    row: str
    words: str
    wanted: Callable[[WorldView, Person], Expected]
    personal: bool = False


QUESTIONS = (
    Question('mood', '', grounding.greeted, personal=True),
    Question('mood', 'How do I look?', grounding.looks, personal=True),
    Question('colour', 'What colour is my top?', grounding.anything, personal=True),
    Question('people', 'How many people are here?', grounding.counted),
    Question('thing', 'Is there a cup?', grounding.found('cup')),
    Question('colour', 'What colour is the wall?', grounding.anything),
    Question('event', 'What happened just now?', grounding.happened),
)


def shipped() -> tuple[Path, ...]:
    """Return the shipped photographs by name; raises MissingFileError when there is none."""
    paths = tuple(sorted(FOLDER.glob('*.jpg')))
    if not paths:
        raise MissingFileError(
            f'no photographs are in {FOLDER}: reinstall robochat to get them back, '
            'or leave them out with --no-photographs'
        )
    return paths


def see(path: Path, config: Config) -> Photograph:
    """Stare at a photograph for STARE_SEC, so that tracks and moods settle.

    Raises ImageError and PerceptionError when it is no picture.
    """
    perceiver, world = Perceiver(config), World(config.world)
    image = decode_compressed(path.read_bytes(), config.camera.max_pixels)
    rate_hz, looked_sec = config.perception.rate_hz, -STARE_SEC
    for number in range(round(STARE_SEC * rate_hz)):
        frame = Frame(image, number / rate_hz, number)
        world.seen(perceiver.see(frame))
        if frame.stamp_sec - looked_sec >= 1.0:
            world.looked(perceiver.look(frame))
            looked_sec = frame.stamp_sec
    return Photograph(path.stem, frame, world.view(frame.stamp_sec, HOUR))


def photograph_lessons(config: Config | None = None) -> list[Lesson]:
    """See all shipped photographs and make the lessons about them."""
    config = config or Config()
    persona = load_persona(config.dialogue.persona)
    table = load_skills(named_file(config.plan.skills, 'config/skills'))
    phrases = Phrases(persona, config.model.seed)
    responder = Responder(config, persona, table, phrases, phrases)
    return [lesson for path in shipped() for lesson in lessons_about(see(path, config), responder)]


def lessons_about(photograph: Photograph, responder: Responder) -> Iterator[Lesson]:
    """Yield the greetings and questions about a photograph, judged by what was found in it."""
    people = sorted((p for p in photograph.view.people if p.visible), key=nearness)
    for question in QUESTIONS:
        for person in people if question.personal else people[:1] or [NOBODY]:
            turn = _turn(question, person, photograph)
            situation = responder.situation(turn, photograph.view, Dialogue(0))
            yield Lesson(
                row=question.row,
                kind=photograph.name,
                needs='image',
                sentence=situation.sentence,
                schema=situation.schema,
                examples=(),
                answer='',
                expected=question.wanted(photograph.view, person),
                skilled=True,
            )


def _turn(question: Question, person: Person, photograph: Photograph) -> Turn:
    """Make the turn of a greeting, or of an answer to a question."""
    now_sec, frames = photograph.view.now_sec, (photograph.frame,)
    if not question.words:
        greeting = Trigger.GREETING
        opening = Decision(True, 'someone came', now_sec, greeting, person.id, greeting.value)
        return Turn('t', opening, frames=frames)
    reply = Decision(True, 'someone spoke', now_sec, Trigger.REPLY, person.id)
    return Turn('t', reply, heard=question.words, frames=frames)


# --------------------------------------------------------------------------- the report
def as_json(answers: Sequence[Graded]) -> dict[str, Any]:
    """Return how many answers were right, by row, and the whole dialogue."""
    rows = {**scores(answers, grounding.MEASURES), **grounding.fault_scores(answers)}
    return {
        'rows': [{'what': w, 'right': s.right, 'asked': s.count} for w, s in rows.items()],
        'dialogue': [_line(answer) for answer in answers],
    }


def _line(graded: Graded) -> dict[str, Any]:
    """Write one answer down, with what was found; `good` is None where nothing judges it."""
    lesson, sentence = graded.lesson, graded.lesson.sentence
    seen = sentence.texts(Topic.PEOPLE, Topic.THINGS)
    return {
        'photograph': lesson.kind,
        'found': [text.replace('<', '').replace('>', '') for text in seen],
        'to': sentence.turn.decision.addressee,
        'asked': sentence.turn.heard,
        'answer': grounding.spoken(graded) or graded.text,
        'good': None if lesson.expected == grounding.ANYTHING else _is_good(graded),
        'faults': list(grounding.faults_in(graded)),
    }


def _is_good(graded: Graded) -> bool:
    """Tell whether an answer is right in its row."""
    counts = (measure.part(graded.lesson, graded.verdict) for measure in grounding.MEASURES)
    return all(count is not False for count in counts)


def section(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the report's section in Markdown."""
    yield '## Real photographs'
    yield ''
    yield 'Judged by what perception found in them; colours are shown and not judged.'
    yield ''
    yield '| what | right | asked |'
    yield '|---|---|---|'
    for row in found['rows']:
        yield f'| {row["what"]} | {row["right"]} | {row["asked"]} |'
    name = ''
    for line in found['dialogue']:
        if line['photograph'] != name:
            name = line['photograph']
            yield from ('', f'**{name}**: {" ".join(line["found"])}', '')
        yield f'- {_asked(line)} {line["answer"]}{_remarks(line)}'


def _asked(line: Mapping[str, Any]) -> str:
    """Say who asked what."""
    who = line['to'] or 'someone'
    return f'{who}: “{line["asked"]}”' if line['asked'] else f'(greet {who})'


def _remarks(line: Mapping[str, Any]) -> str:
    """Say what is wrong with an answer."""
    remarks = [*(['not borne out'] if line['good'] is False else []), *line['faults']]
    return f' **({"; ".join(remarks)})**' if remarks else ''
