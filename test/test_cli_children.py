"""Child processes end, whatever they think of it."""

import os
import signal
import subprocess
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


PARENT = """
import sys, time
from robochat import cli
from robochat.cli.children import Child

def play(words):
    with Child('sleeper', [sys.executable, '-c', 'import time; time.sleep(60)'], {}) as child:
        print(child.pid, flush=True)
        time.sleep(60)

cli._dispatch = play
sys.exit(cli.main())
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_told_to_end_takes_its_children_along(number):
    command = [sys.executable, '-c', PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.send_signal(number)
        assert parent.wait(20) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
