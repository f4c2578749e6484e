"""The pages that are made from the code, and the order of all pages: a hook of MkDocs.

Flow: `on_files` adds interfaces.md, from `robochat_msgs/` and `robochat/ros/topics.py`, and
parameters.md, from `robochat/settings.py`; `on_config` lists the pages that are there;
`on_page_markdown` leaves out links that only the repository has. Nothing is written into this
folder, so that what is made can't be older than what it is made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page
    from rclpy.qos import QoSProfile
    from robochat.config import Declaration
    from robochat.ros.topics import Topic

DOCS = Path(__file__).resolve().parent
MESSAGES = DOCS.parent / 'robochat_msgs'
PARTS = {'msg': ('',), 'srv': ('Request', 'Response'), 'action': ('Goal', 'Result', 'Feedback')}
SECTIONS = {
    'Begin': ('index', 'tutorial', 'launch', 'view', 'recording', 'gazebo', 'troubleshooting'),
    'Understand': ('architecture', 'manners', 'memory', 'learning', 'safety'),
    'The embedded model': ('palm_e', 'evaluation/evaluation', 'evaluation/ablations'),
    'Extend': ('extending', 'interop'),
    'Look up': ('interfaces', 'parameters'),
}
REST = 'More'
LINK = re.compile(r'\[([^\]]+)\]\((\.\./[^)\s]+)\)')


# --------------------------------------------------------------------------- what MkDocs calls
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages that are there."""
    config.nav = navigation(written_pages() | MADE.keys())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    from mkdocs.structure.files import File

    for name, make in MADE.items():
        files.append(File.generated(config, f'{name}.md', content=make()))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Take links out of this folder away: they lead somewhere in the repository alone."""
    folder = (DOCS / page.file.src_uri).parent
    return LINK.sub(lambda link: link[0] if _is_inside(folder / link[2]) else link[1], markdown)


def _is_inside(path: Path) -> bool:
    """Tell whether a path lies in this folder."""
    return path.resolve().is_relative_to(DOCS)


def written_pages() -> set[str]:
    """Name the pages in this folder, without their suffix."""
    return {path.relative_to(DOCS).with_suffix('').as_posix() for path in DOCS.rglob('*.md')}


def navigation(names: set[str]) -> list[dict[str, list[str]]]:
    """Order pages by section; those that no section names come last, so that none is lost."""
    ordered = {title: [n for n in wanted if n in names] for title, wanted in SECTIONS.items()}
    ordered[REST] = sorted(names - {n for pages in ordered.values() for n in pages})
    return [{title: [f'{n}.md' for n in pages]} for title, pages in ordered.items() if pages]


# --------------------------------------------------------------------------- interfaces
@dataclass(frozen=True)
class Line:
    """A field of an interface, or a constant where `value` isn't empty."""

    kind: str
    name: str
    value: str
    text: str


@dataclass(frozen=True)
class Interface:
    """A message, service or action file: what it is for, and the lines of its parts."""

    sort: str
    name: str
    text: str
    parts: tuple[tuple[Line, ...], ...]


def read_interface(path: Path) -> Interface:
    """Read an interface file whose comments stand above the first field and behind each field."""
    head: list[str] = []
    parts: list[list[Line]] = [[]]
    for row in path.read_text(encoding='utf-8').splitlines():
        declared, _, comment = (text.strip() for text in row.partition('#'))
        if declared == '---':
            parts.append([])
        elif declared:
            kind, rest = declared.split(maxsplit=1)
            name, _, value = rest.partition('=')
            parts[-1].append(Line(kind, name.strip(), value.strip(), comment))
        elif comment:
            head.append(comment)
    return Interface(path.suffix[1:], path.stem, ' '.join(head), tuple(map(tuple, parts)))


def interfaces() -> tuple[Interface, ...]:
    """Read all messages, services and actions, in this order."""
    return tuple(
        read_interface(path)
        for sort in PARTS
        for path in sorted((MESSAGES / sort).glob(f'*.{sort}'))
    )


def interfaces_page() -> str:
    """Write the page of topics, services, actions and all that goes over them."""
    from robochat.ros import topics

    found = [value for value in vars(topics).values() if isinstance(value, topics.Topic)]
    known = interfaces()
    names = {interface.name for interface in known}
    sorts = {topic.name: topic.kind.__module__.split('.')[1] for topic in found}
    messages = [topic for topic in found if sorts[topic.name] == 'msg']
    asked = [topic for topic in found if sorts[topic.name] != 'msg']
    others = [topic for topic in messages if topic not in topics.OUTPUTS]
    taken = [topic for topic in others if not topic.name.startswith('~')]
    apart = [topic for topic in others if topic.name.startswith('~')]
    return '\n'.join(
        [
            '# Interfaces',
            '',
            'Names without a leading `~` or `/` are relative: remap them. `~/` is the name of the '
            'node: `/robochat/` by default. [With ROS4HRI and other voices](interop.md) has the '
            'topics that come with optional packages.',
            '',
            *('## Topics that robochat takes', '', *_topic_table(taken, names), ''),
            *('## Topics that robochat publishes', '', *_topic_table(topics.OUTPUTS, names), ''),
            *('## Topics that robochat_perception publishes', '', *_topic_table(apart, names), ''),
            *('## Services and actions', '', *_request_table(asked, names), ''),
            *_interface_sections(known, names),
        ]
    )


def _topic_table(rows: Iterable[Topic], names: set[str]) -> Iterator[str]:
    """Write name, type, delivery and meaning of topics."""
    yield from ('| topic | type | quality of service | |', '|---|---|---|---|')
    for topic in rows:
        kind = _type_of(topic, names)
        yield f'| `{topic.name}` | {kind} | {_delivery(topic.qos)} | {_cell(topic.text)} |'


def _request_table(rows: Iterable[Topic], names: set[str]) -> Iterator[str]:
    """Write name, type and meaning of services and actions."""
    yield from ('| | type | |', '|---|---|---|')
    for topic in rows:
        yield f'| `{topic.name}` | {_type_of(topic, names)} | {_cell(topic.text)} |'


def _type_of(topic: Topic, names: set[str]) -> str:
    """Write a type as ROS does, with a link where it is ours."""
    package, sort, *_ = topic.kind.__module__.split('.')
    name = topic.kind.__name__
    ours = package == MESSAGES.name and name in names
    return f'[{package}/{name}](#{name.lower()})' if ours else f'{package}/{sort}/{name}'


def _delivery(qos: QoSProfile) -> str:
    """Write reliability, durability and depth."""
    words = [qos.reliability.name.lower().replace('_', ' ')]
    if qos.durability.name == 'TRANSIENT_LOCAL':
        words.append('transient local')
    return ', '.join([*words, f'keep last {qos.depth}'])


def _interface_sections(known: Iterable[Interface], names: set[str]) -> Iterator[str]:
    """Write a section for each interface, under a heading for each sort."""
    titles = {'msg': 'Messages', 'srv': 'Service types', 'action': 'Action types'}
    last = ''
    for interface in known:
        if interface.sort != last:
            yield from (f'## {titles[interface.sort]}', '')
            last = interface.sort
        yield from (f'### {interface.name}', '', f'{_cell(interface.text)}', '')
        for title, lines in zip(PARTS[interface.sort], interface.parts, strict=True):
            yield from ([f'**{title}**', ''] if title else [])
            yield from ('| field | type | |', '|---|---|---|')
            yield from (_row(line, names) for line in lines)
            yield ''


def _row(line: Line, names: set[str]) -> str:
    """Write a field or a constant."""
    name = f'{line.name} = {line.value}' if line.value else line.name
    base = line.kind.split('[')[0]
    kind = f'[{base}](#{base.lower()}){line.kind[len(base) :]}' if base in names else line.kind
    return f'| `{name}` | {kind} | {_cell(line.text)} |'


# --------------------------------------------------------------------------- parameters
def parameters_page() -> str:
    """Write the page of all settings."""
    from robochat.config import Config, declarations

    config = Config()
    lines = [
        '# Parameters',
        '',
        'Set them in a parameter file (`config/robochat.yaml` has them all; a file of yours needs '
        'only those that differ) or by `-p group.name:=value`. A wrong name, type or value stops '
        'the node, which names all mistakes at once. What changes **live** may be set while the '
        'node runs; the rest waits for `cleanup` and `configure`.',
        '',
        'Beside these, `autostart` (true) says whether the node configures and activates itself, '
        'and `use_sim_time` is that of every node.',
    ]
    last = ''
    for item in declarations():
        group, name = item.name.split('.', 1)
        if group != last:
            purpose = (type(getattr(config, group)).__doc__ or '').strip()
            lines += ['', f'## {group}', '', purpose, '']
            lines += ['| `' + group + '.` | default | allowed | live | |', '|---|---|---|---|---|']
            last = group
        lines.append(
            f'| `{name}` | {_default(item)} | {_allowed(item)} | {"yes" if item.live else ""} '
            f'| {_cell(item.text)} |'
        )
    return '\n'.join(lines) + '\n'


def _default(item: Declaration) -> str:
    """Write a default value as a parameter file has it."""
    if isinstance(item.default, bool):
        return f'`{str(item.default).lower()}`'
    return f'`{item.default}`' if item.default != '' else 'empty'


def _allowed(item: Declaration) -> str:
    """Write range and unit, or the choices."""
    if item.choices:
        return ', '.join(f'`{choice}`' for choice in item.choices)
    if item.low is None or item.high is None:
        return {bool: 'true, false', str: 'text'}.get(type(item.default), item.unit)
    return f'{_number(item.low)} to {_number(item.high)} {item.unit}'.rstrip()


def _number(value: float) -> str:
    """Write a number without an exponent."""
    return f'{value:,.10g}'.replace(',', ' ')


def _cell(text: str) -> str:
    """Make a text safe inside a table."""
    return text.replace('<', '&lt;').replace('|', '\\|')


MADE: dict[str, Any] = {'interfaces': interfaces_page, 'parameters': parameters_page}
