"""What the pages say is there: commands, options, files, settings, links, code."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache
import importlib.util
from pathlib import Path
import re
import shlex
import sys
from types import SimpleNamespace

from language import PERSONA, schema_of, sentence_of
import pytest
from robochat import cli
from robochat.config import config_from, ConfigError, declarations, flatten, groups
from robochat.plan.skills import read_skills
from robochat.reply import parse
from robochat.settings import ModelSettings
from robochat.values import Trigger
import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / 'docs'
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted(DOCS.rglob('*.md'))]
FOLDERS = tuple(f'{p.name}/' for p in ROOT.iterdir() if p.is_dir() and p.name[:1].isalpha())
PRIVATE = '.venv/bin/'
# Built or written by the commands that name them.
MADE = ('build/', 'install/', 'log/')


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


FILES = ('.py', '.md', '.sdf', '.config')


def name_of(page):
    """A page's path in the repository."""
    return str(page.relative_to(ROOT))


def blocks(*languages):
    """All fenced blocks in one of the languages."""
    found = [
        Block(name_of(page), language, text)
        for page in PAGES
        for language, text in re.findall(r'^```(\w*)\n(.*?)^```', page.read_text(), re.M | re.S)
    ]
    return [block for block in found if block.language in languages]


def spans(page):
    """What a page writes as code within a sentence."""
    prose = re.sub(r'^```.*?^```', '', page.read_text(), flags=re.M | re.S)
    return [' '.join(span.split()) for span in re.findall(r'`([^`]+)`', prose)]


def lines_of(block):
    """The command lines of a block, without comments and prompts, joined where continued."""
    return [line for line in block.text.replace('\\\n', ' ').splitlines() if line.strip()]


def command_lines():
    """(page, words) of each `robochat` command that a page shows."""
    shown = [(block.page, line) for block in blocks('bash') for line in lines_of(block)]
    shown += [(name_of(page), span) for page in PAGES for span in spans(page)]
    for page, line in shown:
        for words in commands_of(re.sub(r'[\[\]]', ' ', line)):
            words[0] = words[0].removeprefix(PRIVATE)
            if words[0] == 'robochat' and len(words) > 1 and '…' not in line:
                yield page, words[1:]


def commands_of(line):
    """The words of each command of a shell line."""
    if 'robochat' not in line:
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars='|&;')
    lexer.whitespace_split = True
    words = []
    for word in [*lexer, ';']:
        if word.strip('|&;'):
            words.append(word)
        elif words:
            yield words
            words = []


def options_of(parser, words):
    """The options and values that a command takes, following its subcommands."""
    options, values = set(), set()
    for action in parser._actions:
        options |= set(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            inner = next((action.choices[w] for w in words if w in action.choices), None)
            values |= set(action.choices)
            if inner is not None:
                options |= options_of(inner, words)[0]
        elif action.choices and not action.option_strings:
            values |= set(action.choices)
    return options, values


def problem_of(words):
    """Say what a command line has that the program doesn't, or return an empty string."""
    name = words[0]
    if name not in cli.COMMANDS and name not in ('--help', '--version', 'COMMAND'):
        return f'no command {name}'
    parser = cli._parser(name)
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    if name not in commands.choices:
        return ''
    words = words[1 : words.index('--ros-args')] if '--ros-args' in words else words[1:]
    options, values = options_of(commands.choices[name], words)
    unknown = {w.split('=')[0] for w in words if w.startswith('--')} - options
    if unknown:
        return f'{name} has no {", ".join(sorted(unknown))}'
    first = next((w for w in words if not w.startswith('-')), '')
    wrong = name in ('bench', 'memory') and first and first.strip(',') not in values
    return f'{name} has no {first}' if wrong and first not in ('NAME', 'ACTION') else ''


# --------------------------------------------------------------------------- commands
def test_every_command_that_is_shown_exists():
    shown = list(command_lines())
    assert len(shown) > 60
    assert not [(page, words, p) for page, words in shown if (p := problem_of(words))]


@pytest.mark.parametrize(
    'line', ['dance', 'demo --loud', 'bench patience', 'memory burn anna', 'learn --undo']
)
def test_a_command_that_does_not_exist_is_found_out(line):
    assert problem_of(line.split())


def test_every_command_is_in_the_readme():
    readme = (ROOT / 'README.md').read_text()
    assert not [name for name in cli.COMMANDS if f'robochat {name}' not in readme]


def test_every_make_target_that_is_shown_exists():
    targets = set(re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text(), re.M))
    lines = [line for block in blocks('bash') for line in lines_of(block)]
    lines += [span for page in PAGES for span in spans(page)]
    shown = {found[1] for line in lines if (found := re.match(r'make ([a-z-]+)', line))}
    assert {'demo', 'test', 'docs'} <= shown <= targets


def test_every_launch_file_and_argument_that_is_shown_exists():
    shown = [
        (line.split()[3], re.findall(r'(\w+):=', line))
        for block in blocks('bash')
        for line in lines_of(block)
        if line.startswith('ros2 launch robochat ')
    ]
    assert shown
    texts = {p.name: p.read_text() for p in (ROOT / 'launch').iterdir() if p.is_file()}
    declared = ' '.join(texts.values())
    assert not {name for name, _ in shown} - texts.keys()
    assert not [
        a for _, arguments in shown for a in arguments if not re.search(rf'\b{a}\b', declared)
    ]


def test_every_extra_that_is_shown_exists():
    declared = set(re.findall(r"^    '(\w+)': \[", (ROOT / 'setup.py').read_text(), re.M))
    pages = ' '.join(page.read_text() for page in PAGES)
    shown = {
        name for names in re.findall(r'robochat\[([\w,]+)\]', pages) for name in names.split(',')
    }
    assert shown
    assert shown <= declared


# --------------------------------------------------------------------------- files and links
def test_every_file_that_is_named_exists():
    private = set(re.findall(r"'(~/\w+)'", (ROOT / 'robochat/ros/topics.py').read_text()))
    missing = []
    for page in PAGES:
        for span in spans(page):
            path = span.split(':')[0].removeprefix('./')
            if not path.startswith(FOLDERS) or path.startswith(MADE) or ' ' in path:
                continue
            if path.replace('robochat/', '~/', 1) in private:
                continue
            if not list(ROOT.glob(path.rstrip('/'))) and '<' not in path:
                missing.append((name_of(page), span))
    assert not missing


def anchors_of(page):
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    titles = re.findall(r'^#+ (.+)$', re.sub(r'```.*?```', '', page, flags=re.S), re.M)
    kept = (re.sub(r'[^\w\s-]', '', title.lower()).strip() for title in titles)
    return {re.sub(r'[\s]+', '-', title) for title in kept}


def text_of(path):
    """The text of a page, also of one that is made."""
    made = generator().MADE
    return made[path.stem]() if path.parent == DOCS and path.stem in made else path.read_text()


@pytest.mark.ros  # the page of interfaces is made from what rclpy has
def test_every_link_leads_somewhere():
    broken = []
    for page in PAGES:
        for target in re.findall(r'\]\(([^)\s]+)\)', page.read_text()):
            path, _, anchor = target.partition('#')
            file = (page.parent / path).resolve() if path else page
            if re.match(r'https?:', target):
                continue
            made = file.parent == DOCS and file.stem in generator().MADE
            if not (made or file.exists()) or (anchor and anchor not in anchors_of(text_of(file))):
                broken.append((name_of(page), target))
    assert not broken


# --------------------------------------------------------------------------- settings
def test_every_setting_that_is_named_exists():
    known = {item.name for item in declarations()}
    form = re.compile(rf'(?:{"|".join(groups())})\.[a-z_]+')
    named = [(name_of(p), s.split(':')[0]) for p in PAGES for s in spans(p)]
    wrong = {(page, word) for page, word in named if form.fullmatch(word) and word not in known}
    assert len([word for _, word in named if word in known]) > 50
    assert not {(page, word) for page, word in wrong if not word.endswith(FILES)}


def test_every_parameter_file_that_is_shown_is_right():
    shown = [b for b in blocks('yaml') if 'ros__parameters' in b.text]
    assert shown
    for block in shown:
        for node in yaml.safe_load(block.text).values():
            config_from(flatten(node['ros__parameters']))


def test_a_setting_that_does_not_exist_is_found_out():
    with pytest.raises(ConfigError, match='greet_distance_m'):
        config_from({'engagement.greeting_distance_m': 2.0})


# --------------------------------------------------------------------------- code
def test_the_skill_file_of_the_tutorial_can_be_read():
    shown = [b.text for b in blocks('yaml') if re.search('^skills:', b.text, re.M)]
    assert shown
    for text in shown:
        assert read_skills(text).skills


@pytest.mark.parametrize('block', blocks('python'), ids=lambda block: block.page)
def test_every_program_that_is_shown_compiles(block):
    compile(block.text, block.page, 'exec')
    for module in re.findall(r'^(?:from|import) (robochat\S*)', block.text, re.M):
        assert importlib.util.find_spec(module)


def test_the_model_of_the_pages_answers():
    source = next(b.text for b in blocks('python') if 'class Parrot' in b.text)
    scope = {}
    exec(compile(source, 'parrot.py', 'exec'), scope)
    model, heard = scope['Parrot'](ModelSettings(), PERSONA), []
    sentence = sentence_of(Trigger.GREETING)
    answer = model.generate(sentence, schema_of(sentence), heard.append)
    assert parse(answer.text, schema_of(sentence)).text == 'Nice to see you.'
    assert heard == ['Nice to see you.', '']


# --------------------------------------------------------------------------- pages that are made
@cache
def generator():
    """The hook that makes pages, loaded as MkDocs does."""
    spec = importlib.util.spec_from_file_location('docs_generate', DOCS / 'generate.py')
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_parameters_has_every_setting_with_its_range():
    page = generator().parameters_page()
    for item in declarations():
        group, name = item.name.split('.', 1)
        section = page.split(f'\n## {group}\n')[1].split('\n## ')[0]
        row = next(line for line in section.splitlines() if line.startswith(f'| `{name}` |'))
        assert row.count(' | ') == 4
        assert (' yes ' in row) == item.live
        assert item.text.split('|')[0].split('<')[0] in row


@pytest.mark.ros
def test_the_page_of_interfaces_has_every_field_and_every_topic():
    from robochat.ros import topics

    page = generator().interfaces_page()
    files = [
        p for sort in ('msg', 'srv', 'action') for p in (ROOT / 'robochat_msgs' / sort).iterdir()
    ]
    assert len(files) > 15
    for file in files:
        section = page.split(f'\n### {file.stem}\n')[1].split('\n### ')[0]
        declared = [line.split('#')[0].split() for line in file.read_text().splitlines()]
        for words in (w for w in declared if len(w) == 2):
            assert f'| `{words[1].replace("=", " = ")}` |' in section
    for topic in vars(topics).values():
        if isinstance(topic, topics.Topic):
            assert f'| `{topic.name}` |' in page
            assert topic.text


def test_an_interface_keeps_its_comments():
    emotion = generator().read_interface(ROOT / 'robochat_msgs' / 'msg' / 'Emotion.msg')
    text = {line.name: line.text for line in emotion.parts[0]}
    assert 'never what a person feels' in emotion.text
    assert text['box'] == 'x, y, w, h in pixels'


def test_no_page_is_lost_and_none_is_invented():
    made = generator()
    listed = [n for part in made.navigation({'index', 'new', 'memory'}) for n in part.values()]
    assert [name for names in listed for name in names] == ['index.md', 'memory.md', 'new.md']
    assert not {n for names in made.SECTIONS.values() for n in names if n.startswith('/')}


def test_links_that_only_the_repository_has_keep_their_words():
    page = SimpleNamespace(file=SimpleNamespace(src_uri='evaluation/evaluation.md'))
    text = 'See [home](../../config/skills/home.yaml) and [safety](../safety.md).'
    kept = generator().on_page_markdown(text, page=page, config=None, files=None)
    assert kept == 'See home and [safety](../safety.md).'


def test_nothing_is_fetched_from_the_internet():
    class Loader(yaml.SafeLoader):
        """Reads MkDocs' settings without the tags of its plug-ins."""

    settings = yaml.load((ROOT / 'mkdocs.yml').read_text(), Loader)
    assert settings['theme']['font'] is False
    assert settings['plugins'] == ['search']  # `offline` takes a script from unpkg.com
