"""`robochat ask`: a question about pictures is answered, once and without ROS.

Prints one JSON object: the answer, what perception saw, and how long the model took.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
import json
from pathlib import Path
import sys
from typing import Any

from robochat.config import Config, load_config
from robochat.values import Decision, Frame, Trigger, Turn, WorldView

# Nobody stands waiting for the words here, unlike in a conversation.
PATIENCE_SEC = 60.0
FRAME_SEC = 0.1


class QuestionError(ValueError):
    """The question is empty, or a picture can't be read."""


@dataclass(frozen=True)
class _Outcome:
    """The words that were let out, and what became of the others."""

    answer: str
    model: str
    fallback: str
    seconds: float
    tokens_in: int
    tokens_out: int


def add_parser(commands: Any) -> None:
    """Add the command's arguments."""
    parser = commands.add_parser(
        'ask',
        help='ask the model about pictures',
        description='Look at pictures, the oldest first, answer a question about them, and print '
        'one JSON object.',
    )
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='JPEG or PNG files')
    parser.add_argument('question', metavar='QUESTION', help='what to ask')
    parser.add_argument('--params', metavar='FILE', help='a parameter file')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer the question and print it; returns 0.

    Raises QuestionError on bad input, and the named errors of perception and model.
    """
    from robochat.safety import clean_speech

    config = load_config(args.params) if args.params else Config()
    question = clean_speech(args.question, config.safety)
    if not question:
        raise QuestionError('the question has no words')
    frames = tuple(_read(Path(name), n * FRAME_SEC) for n, name in enumerate(args.images))
    view = _seen(frames, config)
    outcome = _answered(question, frames, view, config)
    sys.stdout.write(json.dumps(_mirrored(outcome, view), ensure_ascii=False) + '\n')
    return 0


def _read(path: Path, stamp_sec: float) -> Frame:
    """Read a picture; raises QuestionError when it isn't one."""
    from robochat.perception.image import decode_compressed, ImageError

    try:
        return Frame(decode_compressed(path.read_bytes()), stamp_sec)
    except (OSError, ImageError) as error:
        raise QuestionError(f'{path}: no picture that can be read: {error}') from error


def _seen(frames: tuple[Frame, ...], config: Config) -> WorldView:
    """Look at the pictures one after another."""
    from robochat.perception.perceiver import Perceiver
    from robochat.world import World

    perceiver, world = Perceiver(config), World(config.world)
    for frame in frames:
        world.seen(perceiver.see(frame))
        world.looked(perceiver.look(frame))
    return world.view(frames[-1].stamp_sec)


def _answered(
    question: str, frames: tuple[Frame, ...], view: WorldView, config: Config
) -> _Outcome:
    """Ask the model, or the persona's phrases where it fails; words pass the content gate."""
    from robochat.mllm.protocol import ModelError
    from robochat.mllm.registry import load_model
    from robochat.persona import load_persona

    persona = load_persona(config.dialogue.persona)
    settings = replace(config.model, warm_up=False, deadline_sec=PATIENCE_SEC)
    model = load_model(settings, persona)
    fallback = ''
    try:
        outcome = _spoken(model, question, frames, view, config)
    except (ModelError, QuestionError) as error:
        fallback = str(error)
        phrases = load_model(settings, persona, backend='phrases')
        outcome = _spoken(phrases, question, frames, view, config)
    finally:
        model.close()
    return replace(outcome, fallback=fallback)


def _spoken(
    model: Any, question: str, frames: tuple[Frame, ...], view: WorldView, config: Config
) -> _Outcome:
    """Let one model answer; raises QuestionError when its words may not be said."""
    from robochat.dialogue import Dialogue
    from robochat.persona import load_persona
    from robochat.plan.grammar import schema_for
    from robochat.plan.skills import load_skills
    from robochat.prompt import build_sentence
    from robochat.reply import parse
    from robochat.resources import named_file
    from robochat.safety import judge_utterance

    table = load_skills(named_file(config.plan.skills, 'config/skills'))
    schema = schema_for(view, table, want_plan=False, max_words=config.dialogue.max_words)
    turn = Turn('ask', _decision(view), heard=question, frames=frames)
    persona = load_persona(config.dialogue.persona)
    sentence = build_sentence(turn, view, Dialogue(0), persona)
    answer = model.generate(sentence, schema, deadline_sec=PATIENCE_SEC)
    words, refusal = judge_utterance(parse(answer.text, schema).text, config, view)
    if refusal is not None:
        raise QuestionError(f'the words of {answer.model} were held back: {refusal.reason}')
    return _Outcome(words, answer.model, '', answer.seconds, answer.tokens_in, answer.tokens_out)


def _decision(view: WorldView) -> Decision:
    """Answer the nearest person in view, or whoever asked."""
    visible = [person for person in view.people if person.visible]
    nearest = min(visible, key=lambda p: p.distance_m or 99.0, default=None)
    who = nearest.id if nearest else ''
    return Decision(True, 'a question was asked', view.now_sec, Trigger.REPLY, who, score=1.0)


def _mirrored(outcome: _Outcome, view: WorldView) -> dict[str, Any]:
    """Write the outcome and what was seen."""
    people = [
        {
            'id': person.id,
            'distance_m': person.distance_m,
            'facing': person.facing,
            'emotion': person.emotion.label if person.emotion else '',
            'certain': bool(person.emotion and person.emotion.certain),
        }
        for person in view.people
    ]
    things = [{'id': t.id, 'score': t.score, 'relations': t.relations} for t in view.things]
    return {
        'answer': outcome.answer,
        'model': outcome.model,
        'fallback': outcome.fallback,
        'seconds': round(outcome.seconds, 3),
        'tokens_in': outcome.tokens_in,
        'tokens_out': outcome.tokens_out,
        'people': people,
        'things': things,
        'place': view.place.label,
    }
