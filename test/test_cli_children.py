"""Child processes end, whatever they think of it."""

import os
import sys
import time

import pytest
from robochat.cli.children import Child

STUBBORN = (
    'import signal, time\n'
    'signal.signal(signal.SIGINT, signal.SIG_IGN)\n'
    "print('ready', flush=True)\n"
    'time.sleep(600)'
)


def test_an_interrupted_child_is_gone(tmp_path):
    log = tmp_path / 'log'
    with Child('sleeper', (sys.executable, '-c', STUBBORN), os.environ, log) as child:
        end_sec = time.monotonic() + 20
        while 'ready' not in child.last_words() and time.monotonic() < end_sec:
            time.sleep(0.05)
        assert child.status() is None
    assert child.status() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_the_last_words_of_a_child_that_failed_are_kept(tmp_path):
    command = (sys.executable, '-c', "raise SystemExit('no such thing')")
    with Child('failing', command, os.environ, tmp_path / 'log') as child:
        end_sec = time.monotonic() + 20
        while child.status() is None and time.monotonic() < end_sec:
            time.sleep(0.05)
    assert child.status() == 1
    assert 'no such thing' in child.last_words()
