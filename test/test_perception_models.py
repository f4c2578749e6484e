import hashlib
import re

import pytest
from robochat.resources import PACKAGE

FOLDER = PACKAGE / 'models'
WEIGHTS = sorted(p for p in FOLDER.iterdir() if p.suffix in {'.json', '.onnx', '.tflite', '.txt'})


@pytest.mark.parametrize('path', WEIGHTS, ids=lambda p: p.name)
def test_every_weight_file_is_the_one_on_its_card(path):
    card = path.with_suffix('.md').read_text(encoding='utf-8')
    (stated,) = re.findall(r'\| sha256 \| `([0-9a-f]{64})` \|', card)
    assert stated == hashlib.sha256(path.read_bytes()).hexdigest()
    assert f'`{path.name}`' in card


@pytest.mark.parametrize('path', WEIGHTS, ids=lambda p: p.name)
def test_every_card_gives_source_licence_and_limits(path):
    card = path.with_suffix('.md').read_text(encoding='utf-8')
    for word in ('| source |', '| licence |', '**How it was made.**', '**Use.**', '**Limits.**'):
        assert word in card
    assert path.name in (FOLDER / 'LICENSES.md').read_text(encoding='utf-8')
