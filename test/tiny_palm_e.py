"""A tiny language model, tokenizer, eyes and scenes, for tests of the network and its training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import cv2
import numpy as np
from robochat.mllm.palm_e.config import NetworkConfig
from robochat.mllm.palm_e.vision import checked, in_regions
from robochat.training.records import Branch, Image, Record, State, Still, Text, Writer

PARTS, COLORS = (4, 2), 3
CONFIG = NetworkConfig(
    parts=PARTS, colors=COLORS, cell_width=6, region_width=16, state_width=8, rank=2, alpha=4
)
HUES = {'red': (200, 30, 30), 'green': (30, 180, 40), 'blue': (30, 50, 200)}
ASK = '<|im_end|>\n<|im_start|>assistant\n'


class TinyVision:
    """Eyes that see nothing but the mean colour of a cell."""

    name = 'tiny'
    parts = PARTS
    shape = (12, 9, sum(PARTS) + COLORS)
    sha256 = 'f' * 64

    def __init__(self) -> None:
        self.looked = 0

    def features(self, image):
        """Return (12, 9, 9) float16."""
        self.looked += 1
        small = cv2.resize(checked(image), (12, 9), interpolation=cv2.INTER_AREA) / 64.0 - 2.0
        ones = np.broadcast_to(np.arange(6) / 6, (9, 12, 6))
        return in_regions(np.concatenate([ones, small], -1).astype(np.float32))


def tiny_lm(seed: int = 0):
    """Make a Llama of two layers."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.2,
    )
    return LlamaForCausalLM(config).eval()


def tiny_tokenizer():
    """Make a tokenizer whose tokens are bytes and the two of the chat format."""
    from tokenizers import decoders, models, pre_tokenizers, Tokenizer
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token='<|im_end|>')
    tokenizer.add_special_tokens({'additional_special_tokens': ['<|im_start|>']})
    return tokenizer


def save_lm(folder: Path) -> Path:
    """Write the tiny language model and its tokenizer as `transformers` does."""
    tiny_lm().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def record(number: int = 0, frames: int = 1, branches: int = 3) -> Record:
    """Make a scene: coloured regions, a person, questions."""
    random = Random(number)
    hues = [random.choice(list(HUES)) for _ in range(12)]
    tiles = np.array([HUES[h] for h in hues], np.uint8).reshape(3, 4, 3)
    picture = np.kron(tiles, np.ones((32, 32, 1), np.uint8))
    _, jpeg = cv2.imencode('.png', picture[..., ::-1])
    happy = random.random() < 0.5
    mood = 'happy' if happy else 'sad'
    vector = (1.0 if happy else -1.0, *(round(random.random(), 2) for _ in range(20)))
    pieces = [Text('<|im_start|>user\n'), *map(Image, range(frames)), Text(' person_1')]
    pieces += [
        State('person', vector, ((mood,), (), (), (), ())),
        State('robot', (1.0, 0.5, 0.0, 0.0, 0.0, 1.0)),
    ]
    questions = [
        Branch('mood/ask', f'How?{ASK}', f'Say: {mood}.'),
        Branch('colour', f'First?{ASK}', f'Say: {hues[0]}, and much more of it.'),
        Branch('colour', f'And last?{ASK}', f'{hues[-1]}', '{"needs": "image"}'),
    ]
    return Record(
        name=f'scene-{number}',
        frames=tuple(Still(jpeg.tobytes(), float(frames - 1 - n)) for n in range(frames)),
        region_words=(*((h,) for h in hues), (), (), ()) if frames else (),
        prefix=tuple(pieces),
        branches=tuple(questions[:branches]),
    )


def write_scenes(folder: Path, train: int = 6, val: int = 3) -> Path:
    """Write some scenes."""
    for split, count in (('train', train), ('val', val)):
        with Writer(folder, split, scenes=4) as writer:
            for scene in scenes(count, split):
                writer.write(scene)
    return folder


def scenes(count: int, split: str = 'train') -> Iterator[Record]:
    """Yield scenes with no, one and two pictures."""
    for number in range(count):
        yield record(number + 1000 * (split == 'val'), frames=(number + 1) % 3)
