"""The models that are compared: ours, ours with parts taken away or mixed up, and the bare LM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
import random
from typing import TYPE_CHECKING

from robochat.mllm.palm_e.layout import END_OF_ASK, Layout, Picture, Piece, Quote, State
from robochat.mllm.palm_e.model import PalmE
from robochat.mllm.palm_e.writing import Writer
from robochat.plan.goals import goal_lines
from robochat.prompt import verbalise
from robochat.sentence import Sentence
from robochat.training.lesson import Lesson

if TYPE_CHECKING:
    from robochat.plan.grammar import ReplySchema

Alter = Callable[[Layout], Layout]


class Altered:
    """Ours, with each layout altered before it is read."""

    def __init__(self, model: PalmE, alter: Alter) -> None:
        self._model, self._alter = model, alter

    def __enter__(self) -> PalmE:
        plain = self._model.layout
        self._model.layout = lambda s, t: self._alter(plain(s, t))  # type: ignore[method-assign,assignment]
        return self._model

    def __exit__(self, *_: object) -> None:
        del self._model.layout


def without(kind: type[Picture] | type[State]) -> Alter:
    """Take all pictures away, or set all states to unknown."""

    def alter(layout: Layout) -> Layout:
        if kind is Picture:
            kept = [p for p in layout.scene if not _of_picture(p)]
            return replace(layout, scene=('No picture.\n', *kept))
        return replace(layout, scene=tuple(_unknown(p) for p in layout.scene))

    return alter


def _unknown(piece: Piece) -> Piece:
    """Make a state unknown; a look is no state."""
    if isinstance(piece, State) and not piece.is_look:
        return replace(piece, vector=piece.vector * 0)
    return piece


def _of_picture(piece: Piece) -> bool:
    """Tell whether a piece is a picture, introduces one, or is a look in one."""
    if isinstance(piece, State):
        return piece.is_look
    introduces = ('Picture', 'No picture')
    return isinstance(piece, Picture) or (
        isinstance(piece, str) and (piece.startswith(introduces) or piece == '\n')
    )


def shuffled(kind: type[Picture] | type[State], others: Sequence[Layout], seed: int) -> Alter:
    """Put pictures with their looks, or states, of other scenes in the place of each."""
    rng = random.Random(seed)
    pieces = [p for layout in others for p in layout.scene]
    pictures = [p for p in pieces if isinstance(p, Picture)]
    states = [p for p in pieces if isinstance(p, State)]

    def other(piece: Piece, own: set[int]) -> Piece:
        of_picture = isinstance(piece, Picture) or (isinstance(piece, State) and piece.is_look)
        if not isinstance(piece, Picture | State) or of_picture != (kind is Picture):
            return piece
        if isinstance(piece, Picture):
            strange = [p for p in pictures if id(p.frame.image) not in own] or pictures
            return Picture(replace(rng.choice(strange).frame, stamp_sec=-rng.random()))
        alike = [s for s in states if s.kind == piece.kind]
        return rng.choice([s for s in alike if (s.vector != piece.vector).any()] or alike)

    def alter(layout: Layout) -> Layout:
        own = {id(p.frame.image) for p in layout.scene if isinstance(p, Picture)}
        return replace(layout, scene=tuple(other(p, own) for p in layout.scene))

    return alter


def mix(kind: type[Picture] | type[State], lessons: Sequence[Lesson], seed: int) -> Alter:
    """Shuffle with what the lessons themselves show."""
    scenes = {id(lesson.sentence.view.people): lesson.layout for lesson in lessons}
    return shuffled(kind, tuple(scenes.values()), seed)


_RULES = (
    'Answer with one line of words that you say. Say "nothing" if nobody should be spoken to. '
    'Then, if a plan is asked for, write the goals of the plan, and done.'
)


def verbalised(sentence: Sentence, schema: ReplySchema) -> Layout:
    """Tell all in words, as for a model that only reads."""
    system, user = verbalise(sentence)
    skills = '\n'.join(goal_lines(schema.table))
    fixed = ('<|im_start|>system\n', Quote(f'{_RULES}\n{system.text}\n{skills}'))
    return Layout((*fixed, '<|im_end|>\n<|im_start|>user\n'), (), (Quote(user.text), END_OF_ASK))


class Bare:
    """The packaged language model without anything that was trained here, told all in words."""

    def __init__(self, model: PalmE, context: int = 2048, threads: int = 1) -> None:
        from robochat.mllm.palm_e.llama_decoder import LlamaDecoder
        from robochat.mllm.smollm2 import packaged_model

        self._model = model
        self._decoder = LlamaDecoder(packaged_model(), threads=threads, context=context)
        self._reader = model.reader.with_decoder(self._decoder)

    def __enter__(self) -> PalmE:
        model = self._model
        self._kept = model.reader, model.writer
        model.reader = self._reader
        model.writer = Writer(self._reader, model.tokens)
        model.layout = verbalised  # type: ignore[method-assign]
        return model

    def __exit__(self, *_: object) -> None:
        del self._model.layout
        self._model.reader, self._model.writer = self._kept
        self._decoder.close()
