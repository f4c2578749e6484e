"""What a PaLM-E model is made of: which language model, which eyes, what is trained, how wide."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
import json
from typing import Any

from robochat.mllm.palm_e.looks import PERSON_LOOK_WIDTH, THING_LOOK_WIDTH
from robochat.mllm.palm_e.vision import COARSE, COLOR, EMBEDDED, FINE
from robochat.sentence import PERSON_FIELDS, ROBOT_FIELDS, THING_FIELDS

TUNES = ('bridge', 'lora', 'whole')
SIZES = (
    *('rank', 'alpha', 'regions', 'overviews', 'cells'),
    *('cell_width', 'region_width', 'state_width'),
)


class NetworkConfigError(ValueError):
    """The description of a network isn't one; the message says which value and what is allowed."""


@dataclass(frozen=True)
class StateKind:
    """A kind of vector: its name, how many numbers it has, how many tokens it becomes.

    Each token tells one thing, so that the language model finds it at its place: for a person the
    mood, the side, the distance, whether they look here, whether they are in talk; for a look the
    colour, and of people the posture.
    """

    name: str
    width: int
    tokens: int


STATE_KINDS = (
    StateKind('person', len(PERSON_FIELDS), 5),
    StateKind('person_look', PERSON_LOOK_WIDTH, 2),
    StateKind('thing', len(THING_FIELDS), 1),
    StateKind('thing_look', THING_LOOK_WIDTH, 1),
    StateKind('robot', len(ROBOT_FIELDS), 1),
)


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a model; raises NetworkConfigError when it can't be one.

    `lm` and `vision` are `embedded` or the path of a folder. `tune` is what learns besides the
    projector and the state encoders: nothing (`bridge`, the language model stays frozen, as in
    Flamingo and BLIP-2), low-rank additions (`lora`, Hu et al., arXiv 2106.09685), or the language
    model itself (`whole`, as in Kosmos-1). `parts` are the widths that the projector normalises
    one by one, `colors` the rest of a cell's numbers. `overviews` are tokens about the whole
    picture, besides those of its regions.
    """

    lm: str = EMBEDDED
    vision: str = EMBEDDED
    tune: str = 'lora'
    rank: int = 16
    alpha: int = 32
    regions: int = 12
    overviews: int = 3
    cells: int = 9
    parts: tuple[int, ...] = (COARSE, FINE)
    colors: int = COLOR
    cell_width: int = 192
    region_width: int = 1024
    state_width: int = 256
    states: tuple[StateKind, ...] = field(default=STATE_KINDS)

    def __post_init__(self) -> None:
        if self.tune not in TUNES:
            raise NetworkConfigError(f'tune is {self.tune!r}; allowed are {", ".join(TUNES)}')
        for name in SIZES:
            if not _is_size(getattr(self, name)):
                raise NetworkConfigError(f'{name} is {getattr(self, name)!r}; it must be over 0')
        if not self.parts or not all(map(_is_size, self.parts)):
            raise NetworkConfigError(f'parts is {self.parts!r}; it needs widths over 0')

    @property
    def channels(self) -> int:
        """How many numbers a cell has."""
        return sum(self.parts) + self.colors

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of a picture's features, (regions, cells, channels)."""
        return self.regions, self.cells, self.channels

    @property
    def picture_tokens(self) -> int:
        """How many tokens a picture becomes."""
        return self.regions + self.overviews

    def state(self, kind: str) -> StateKind:
        """Return a kind of state; raises ValueError naming the known ones."""
        for known in self.states:
            if known.name == kind:
                return known
        names = ', '.join(known.name for known in self.states)
        raise ValueError(f'unknown kind of state {kind!r}; known are {names}')

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self))


def config_from_json(text: str) -> NetworkConfig:
    """Read what `to_json` wrote; raises NetworkConfigError for anything else."""
    try:
        read: dict[str, Any] = dict(json.loads(text))
        read['parts'] = tuple(read['parts'])
        read['states'] = tuple(StateKind(**kind) for kind in read['states'])
    except (ValueError, KeyError, TypeError) as error:
        raise NetworkConfigError(f'no description of a network: {error!r}') from error
    unknown = sorted(set(read) - {f.name for f in fields(NetworkConfig)})
    if unknown:
        raise NetworkConfigError(f'unknown in the description of a network: {", ".join(unknown)}')
    return NetworkConfig(**read)


def _is_size(value: object) -> bool:
    """Tell whether a value is a whole number over 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
