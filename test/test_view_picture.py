"""The picture of the page in docs/: simulator, node and view in a real browser, when asked for.

ROBOCHAT_PICTURES=docs/pictures .venv/bin/python -m pytest test/test_view_picture.py
"""

from __future__ import annotations

import os
from pathlib import Path
import time

import browser
from browser import Browser
import pytest
import yaml

FOLDER = os.environ.get('ROBOCHAT_PICTURES', '')
SCENARIO = 'sad_homecoming'
# Phrases take no time, so that the picture doesn't depend on how busy the machine is.
SETTINGS = {
    'model': {'backend': 'phrases'},
    'engagement': {'local_time': '12:00'},
    'learning': {'journal': False},
    'memory': {'enabled': False},
}
RUNNING = "document.querySelectorAll('#decisions .entry').length > 0"
TALKED = "document.querySelectorAll('.said.person').length > 0"
CHOOSE = "document.querySelector('#decisions .speak').click()"

pytestmark = [
    pytest.mark.ros,
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER, reason='ROBOCHAT_PICTURES names no folder to write to'),
    pytest.mark.skipif(browser.program() is None, reason='no Chromium is installed'),
]


def test_the_scene_is_seen_on_its_page(ros_domain, start_child, tmp_path):
    params = tmp_path / 'params.yaml'
    params.write_text(yaml.safe_dump({'/**': {'ros__parameters': SETTINGS}}))
    start_child(['-m', 'robochat.cli', 'run', '--params', str(params)])
    view = start_child(['-m', 'robochat.cli', 'view', '--port', '0'])
    url = next(w for line in view.stdout for w in line.split() if w.startswith('http://'))
    with Browser(tmp_path / 'profile') as window:
        window.size(1280, 800)
        window.open(url)
        assert window.until(RUNNING, 90.0)
        start_child(['-m', 'robochat_sim.node', '--scenario', SCENARIO])
        assert window.until(TALKED, 120.0)
        window.value(CHOOSE)
        time.sleep(1.0)
        window.picture(Path(FOLDER) / 'view.png')
        assert not window.complaints()
