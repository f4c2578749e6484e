"""Words to token numbers and back, by the vocabulary that lies in the model's GGUF file.

The pretokenizer is chosen by the file's `tokenizer.ggml.pre`. Files made by other converters may
split digits in another way than the model was trained with; this follows llama.cpp.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from robochat.mllm.palm_e.gguf_file import Header, read_header
from robochat.mllm.protocol import ModelError

END = '<|im_end|>'
CONTROL, USER_DEFINED = 3, 4
SPLITS_DIGITS = {'smollm': True, 'gpt-2': False, 'default': False}


class Tokens:
    """The byte-pair vocabulary of a GGUF file.

    `end` is the token that ends a turn, `size` the number of tokens. Raises ModelError when the
    file is broken or its vocabulary is of another kind.
    """

    def __init__(self, path: Path) -> None:
        header = read_header(path)
        texts = header.texts('tokenizer.ggml.tokens')
        kinds = header.fields.get('tokenizer.ggml.token_type')
        if not isinstance(kinds, tuple) or len(kinds) != len(texts):
            raise ModelError(f'{path}: its tokens have no kinds')
        self._special = frozenset(i for i, kind in enumerate(kinds) if kind == CONTROL)
        whole = [texts[i] for i, kind in enumerate(kinds) if kind in (CONTROL, USER_DEFINED)]
        self._plain = _tokenizer(header, texts, path)
        self._parsing = _with_special(self._plain, whole)
        self._bytes = _byte_of_character()
        self._texts = texts
        self.size = len(texts)
        end = self._parsing.token_to_id(END)
        if end is None:
            raise ModelError(f'{path}: its vocabulary has no {END}')
        self.end: int = end

    def encode(self, text: str, special: bool = True) -> tuple[int, ...]:
        """Return the tokens of a text, nothing added.

        With `special`, what looks like a special token becomes one. Text of people and names must
        be encoded without.
        """
        tokenizer = self._parsing if special else self._plain
        return tuple(tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of tokens, special ones left out; broken UTF-8 shows as U+FFFD."""
        pieces = (self.piece(token) for token in tokens if token not in self._special)
        return b''.join(pieces).decode(errors='replace')

    def piece(self, token: int) -> bytes:
        """Return a token's bytes, which may be part of a character; a special token's name."""
        if not 0 <= token < self.size:
            raise ModelError(f'token {token} is not in the vocabulary, 0 to {self.size - 1}')
        text = self._texts[token]
        if token in self._special:
            return text.encode()
        return b''.join(self._bytes.get(character, character.encode()) for character in text)


def _tokenizer(header: Header, texts: tuple[str, ...], path: Path) -> Any:
    """Make a tokenizer that knows no special tokens."""
    from tokenizers import models, pre_tokenizers, Tokenizer

    kind, split = header.text('tokenizer.ggml.model'), header.text('tokenizer.ggml.pre')
    if kind != 'gpt2' or split not in SPLITS_DIGITS:
        known = ', '.join(SPLITS_DIGITS)
        raise ModelError(f'{path}: vocabulary {kind}, {split}; known is gpt2 with one of {known}')
    try:
        pairs = [_pair(merge) for merge in header.texts('tokenizer.ggml.merges')]
        model = models.BPE(vocab={text: i for i, text in enumerate(texts)}, merges=pairs)
    except Exception as error:  # tokenizers raises no narrower kind
        raise ModelError(f"{path}: its vocabulary can't be used: {error}") from error
    steps: list[Any] = [pre_tokenizers.ByteLevel(add_prefix_space=False)]
    if SPLITS_DIGITS[split]:
        steps.insert(0, pre_tokenizers.Digits(individual_digits=True))
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    return tokenizer


def _pair(merge: str) -> tuple[str, str]:
    """Read a merge."""
    left, right = merge.split(' ')
    return left, right


def _with_special(plain: Any, texts: list[str]) -> Any:
    """Make a tokenizer of the same vocabulary that knows the special tokens."""
    from tokenizers import AddedToken, Tokenizer

    tokenizer = Tokenizer(plain.model)
    tokenizer.pre_tokenizer = plain.pre_tokenizer
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in texts])
    return tokenizer


def _byte_of_character() -> dict[str, bytes]:
    """Map the characters that stand for bytes in a byte-level vocabulary, after GPT-2."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    characters = {chr(byte): bytes([byte]) for byte in printable}
    return characters | {chr(256 + i): bytes([byte]) for i, byte in enumerate(others)}
