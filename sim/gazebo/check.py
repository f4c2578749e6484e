"""What is wrong with a world: `problems_in(world, models)` reads it as Gazebo would.

`ign sdf --check` finds broken XML and values; it doesn't look for meshes and pictures, which
Gazebo replaces by nothing without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
import math
from pathlib import Path
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

FORBIDDEN = ('script', 'pbr')  # materials that only one of the two Gazebos reads
NAMED = ('model', 'link', 'visual', 'collision', 'light', 'sensor', 'include')
SCHEME = 'model://'


def problems_in(path: Path, models: Path) -> list[str]:
    """Return what is wrong with a world or model file and with all that it refers to."""
    return list(dict.fromkeys(_file(path, models)))


def _file(path: Path, models: Path) -> Iterator[str]:
    """Check one file."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        yield f'{path}: {error}'
        return
    if root.tag != 'sdf' or not root.get('version'):
        yield f'{path}: the root is <{root.tag}>; must be <sdf version="...">'
    for element in root.iter():
        for problem in (*_names(element), *_values(element)):
            yield f'{path}: {problem}'
        if element.tag == 'uri':
            yield from _reference(path, (element.text or '').strip(), models)
        elif element.tag in FORBIDDEN:
            yield f'{path}: <{element.tag}> is not read by both Gazebos; use an MTL file'


def _names(parent: Element) -> Iterator[str]:
    """Check that children of one kind differ in name; models and includes are of one kind."""
    seen: set[tuple[str, str]] = set()
    for child in parent:
        if child.tag not in NAMED:
            continue
        name = child.findtext('name', '') if child.tag == 'include' else child.get('name', '')
        kind = 'model' if child.tag == 'include' else child.tag
        if not name or '::' in name:
            yield f'<{child.tag}> is named {name!r}; must have a name without "::"'
        elif (kind, name) in seen:
            yield f'two of <{kind}> are named {name!r}; each must have a name of its own'
        seen.add((kind, name))


def _values(element: Element) -> Iterator[str]:
    """Check numbers: poses have six, sizes and masses are positive, an inertia is possible."""
    if element.tag == 'pose' and len(_numbers(element)) != 6:
        yield f'pose {element.text!r}; must be six finite numbers'
    elif element.tag in ('size', 'direction') and len(_numbers(element)) != 3:
        yield f'{element.tag} {element.text!r}; must be three finite numbers'
    elif element.tag == 'size' and min(_numbers(element)) <= 0:
        yield f'size {element.text!r}; must be positive'
    elif element.tag == 'direction' and not any(_numbers(element)):
        yield 'a light has direction 0 0 0; must point somewhere'
    elif element.tag in ('mass', 'max_step_size') and not _is_positive(element):
        yield f'{element.tag} {element.text!r}; must be positive'
    elif element.tag == 'inertia':
        yield from _inertia(element)
    elif element.tag in ('visual', 'collision') and element.find('geometry') is None:
        yield f'{element.tag} {element.get("name")!r} has no geometry'


def _inertia(element: Element) -> Iterator[str]:
    """Check that a body could have these moments: none is larger than the other two together."""
    moments = [value for tag in ('ixx', 'iyy', 'izz') for value in _numbers(element.find(tag))]
    if len(moments) != 3 or min(moments) <= 0 or 2 * max(moments) > sum(moments) * (1 + 1e-6):
        yield f'moments of inertia {moments}; must be positive, none above the sum of the others'


def _is_positive(element: Element) -> bool:
    values = _numbers(element)
    return len(values) == 1 and values[0] > 0


def _numbers(element: Element | None) -> list[float]:
    """Return the numbers of an element; none if one of them isn't finite."""
    text = '' if element is None else element.text or ''
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []


# --------------------------------------------------------------------------- files
def _reference(path: Path, uri: str, models: Path) -> Iterator[str]:
    """Check what a URI names: a model's folder, or a mesh with its materials and pictures."""
    if not uri.startswith(SCHEME):
        yield f'{path}: uri {uri!r}; must begin with {SCHEME}'
        return
    target = models / uri.removeprefix(SCHEME)
    if target.resolve().is_relative_to(models.resolve()) is False:
        yield f'{path}: uri {uri!r} leads out of the folder of models'
    elif target.is_dir():
        if not (target / 'model.config').is_file():
            yield f'{target}: has no model.config'
        yield from _file(target / 'model.sdf', models)
    elif not target.is_file():
        yield f'{path}: {uri} is missing; write it with: python -m robochat_sim.gazebo'
    elif target.suffix == '.obj':
        yield from _mesh(target)


def _mesh(path: Path) -> Iterator[str]:
    """Check that a mesh has triangles, and that its materials and their pictures exist."""
    text = path.read_text(encoding='ascii')
    if '\nf ' not in text:
        yield f'{path}: has no triangles'
    known: set[str] = set()
    for library in (path.with_name(name) for name in _words('mtllib', text)):
        if not library.is_file():
            yield f'{path}: materials {library.name} are missing'
            continue
        looks = library.read_text(encoding='ascii')
        known |= _words('newmtl', looks)
        for name in sorted(_words('map_Kd', looks)):
            if not library.with_name(name).is_file():
                yield f'{library}: picture {name} is missing'
    unknown = sorted(_words('usemtl', text) - known)
    if unknown:
        yield f'{path}: materials {", ".join(unknown)} are not in its MTL file'


def _words(key: str, text: str) -> set[str]:
    """Return what follows a key at the beginning of a line."""
    return set(re.findall(rf'^{key} +(\S+)', text, re.MULTILINE))
