"""A headless Chromium of the tests, told what to do through a pipe (Chrome DevTools Protocol)."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
from pathlib import Path
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
FLAGS = (
    *('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'),
    *('--disable-background-networking', '--disable-component-update', '--disable-sync'),
    *('--disable-extensions', '--disable-dev-shm-usage', '--remote-debugging-pipe'),
    *('--hide-scrollbars', '--force-color-profile=srgb', '--lang=en-GB'),
)
ANSWER_SEC = 60.0
# The browser reads commands from file 3 and writes answers to file 4.
START = (
    'import os, sys; there, back = map(int, sys.argv[1:3]); '
    'there, back = os.dup2(there, 103), os.dup2(back, 104); '
    'os.dup2(there, 3); os.dup2(back, 4); os.execv(sys.argv[3], sys.argv[3:])'
)


def program() -> str | None:
    """The browser that is installed, if any."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """One page in a browser with a profile of its own; leaving the `with` block ends it all."""

    def __init__(self, profile: Path) -> None:
        self._numbers = itertools.count(1)
        self._late = b''
        self.events: list[dict[str, Any]] = []
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        command = [str(program()), *FLAGS, f'--user-data-dir={profile}', 'about:blank']
        self._process = subprocess.Popen(
            [sys.executable, '-c', START, str(theirs_in), str(theirs_out), *command],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self) -> Browser:
        try:
            targets = self._call('Target.getTargets')['targetInfos']
            page = next(t['targetId'] for t in targets if t['type'] == 'page')
            attached = self._call('Target.attachToTarget', {'targetId': page, 'flatten': True})
            self._session = attached['sessionId']
            for domain in ('Page', 'Runtime', 'Log'):
                self.call(f'{domain}.enable')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        os.close(self._in)
        os.close(self._out)

    def size(self, width: int, height: int, *, mobile: bool = False, dark: bool = False) -> None:
        """Choose the window's size in CSS pixels, and the colours that the person prefers."""
        self.call(
            'Emulation.setDeviceMetricsOverride',
            {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': mobile},
        )
        scheme = {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}
        self.call('Emulation.setEmulatedMedia', {'features': [scheme]})

    def open(self, url: str) -> None:
        """Go to a page and wait until it is there."""
        self.call('Page.navigate', {'url': url})
        there = f"location.href === {json.dumps(url)} && document.readyState === 'complete'"
        assert self.until(there), f'{url} does not open'

    def value(self, expression: str) -> Any:
        """Evaluate JavaScript in the page."""
        wanted = {'expression': expression, 'returnByValue': True, 'awaitPromise': True}
        answer = self.call('Runtime.evaluate', wanted)
        if 'exceptionDetails' in answer:
            raise AssertionError(f'{expression}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def until(self, expression: str, timeout_sec: float = 20.0) -> bool:
        """Wait until JavaScript says something true."""
        end_sec = time.monotonic() + timeout_sec
        while not self._is_true(expression):
            if time.monotonic() > end_sec:
                return False
            time.sleep(0.1)
        return True

    def _is_true(self, expression: str) -> bool:
        """Evaluate JavaScript; nothing is true while the page is being loaded anew."""
        try:
            return bool(self.value(expression))
        except NavigatedError:
            return False

    def picture(self, path: Path) -> None:
        """Write a screenshot."""
        data = self.call('Page.captureScreenshot', {'format': 'png'})['data']
        path.write_bytes(base64.b64decode(data))

    def complaints(self) -> list[str]:
        """What the page's console said of errors, and exceptions."""
        self.value('1')
        found = []
        for event in self.events:
            said = event.get('params', {})
            if event['method'] == 'Runtime.exceptionThrown':
                found.append(str(said['exceptionDetails']))
            elif event['method'] == 'Log.entryAdded' and said['entry']['level'] == 'error':
                found.append(f'{said["entry"]["text"]} {said["entry"].get("url", "")}')
        return found

    def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the page's session a command, and wait for its answer."""
        return self._call(method, params, self._session)

    def _call(
        self, method: str, params: dict[str, Any] | None = None, session: str = ''
    ) -> dict[str, Any]:
        number = next(self._numbers)
        message = {'id': number, 'method': method, 'params': params or {}}
        if session:
            message['sessionId'] = session
        os.write(self._out, json.dumps(message).encode() + b'\0')
        end_sec = time.monotonic() + ANSWER_SEC
        while time.monotonic() < end_sec:
            answer = self._read(end_sec)
            if answer.get('id') == number:
                _raise_error(answer)
                return dict(answer['result'])
            self.events.append(answer)
        raise TimeoutError(f'the browser did not answer {method} within {ANSWER_SEC:.0f} s')

    def _read(self, end_sec: float) -> dict[str, Any]:
        while b'\0' not in self._late:
            left_sec = end_sec - time.monotonic()
            if left_sec <= 0 or not select.select([self._in], [], [], left_sec)[0]:
                raise TimeoutError('the browser is silent')
            read = os.read(self._in, 1 << 20)
            assert read, 'the browser has ended'
            self._late += read
        line, self._late = self._late.split(b'\0', 1)
        return dict(json.loads(line))


class NavigatedError(Exception):
    """The page was left while a command ran in it."""


def _raise_error(answer: dict[str, Any]) -> None:
    """Raise what an answer of the browser complains of, if anything."""
    if 'navigated' in str(answer.get('error')):
        raise NavigatedError(answer['error'])
    assert 'error' not in answer, answer['error']
