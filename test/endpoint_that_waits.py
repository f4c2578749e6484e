"""A server in a process of its own that answers like a language model, after a while.

Usage: python endpoint_that_waits.py SECONDS; prints its address, then a line for every request.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import sys
import time

WAIT_SEC = float(sys.argv[1])


def tell(word: str) -> None:
    """Write a word on a line of its own."""
    sys.stdout.write(f'{word}\n')
    sys.stdout.flush()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers['Content-Length']))
        tell('asked')
        time.sleep(WAIT_SEC)
        words = json.dumps({'say': 'Hello, how nice to see you here.', 'plan': []})
        body = json.dumps(
            {'choices': [{'message': {'content': words}}], 'usage': {}, 'model': 'waiting'}
        ).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        tell('answered')

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
tell(f'http://127.0.0.1:{server.server_port}/v1')
server.serve_forever()
