"""Who may ask the page's server for what: pure judgements of a request's headers and body.

*Safety*: the page is meant for a person on this machine. Pages of other origins must neither show
nor control the robot, also not by a name that was made to point here (DNS rebinding): the Host
must be this address or a name that the settings allow. What changes something needs the token
that only the page itself was given, and its origin. Bodies are small JSON objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import hmac
import ipaddress
import json
from typing import Any
from urllib.parse import urlsplit

MAX_BODY_BYTES = 4096
MAX_WORDS_CHARS = 500
MAX_ID_CHARS = 128
TOKEN_HEADER = 'X-Robochat-Token'
RATINGS = (-1, 0, 1)


class AccessError(Exception):
    """A request is refused; `status` is the HTTP status, the message is for the person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Rating:
    """What a person thinks of an utterance or plan: -1 bad, 0 neutral, 1 good."""

    id: str
    rating: int
    correction: str = ''


class Bucket:
    """Lets `rate_hz` through in a second, and `burst` at once."""

    def __init__(self, rate_hz: float, burst: int) -> None:
        self._rate_hz = rate_hz
        self._burst = float(burst)
        self._left = float(burst)
        self._last_sec: float | None = None

    def take(self, now_sec: float) -> bool:
        """Take one; false when there is none."""
        passed_sec = max(
            0.0, now_sec - (self._last_sec if self._last_sec is not None else now_sec)
        )
        self._last_sec = now_sec
        self._left = min(self._burst, self._left + passed_sec * self._rate_hz)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine alone."""
    address = _address(host)
    return host.lower() == 'localhost' or (address is not None and address.is_loopback)


def check_host(header: str | None, listens_on: str, names: tuple[str, ...]) -> None:
    """Refuse a Host that isn't this server; raises AccessError.

    A name never proves where a page came from, so only `localhost` and `names` are known. A bare
    address does: it must be a loopback one unless the server listens elsewhere.
    """
    host = _host_of(header or '')
    address = _address(host)
    if host == 'localhost' or host in {name.lower() for name in names}:
        return
    if address is not None and (address.is_loopback or not is_loopback(listens_on)):
        return
    raise AccessError(
        421, 'this is not the name of this page: open it by its address, or set view.names'
    )


def check_same_site(headers: Mapping[str, str]) -> None:
    """Refuse what another site's page asks for, as browsers say; raises AccessError."""
    if headers.get('Sec-Fetch-Site', 'none') not in ('none', 'same-origin'):
        raise AccessError(403, 'pages of other sites may not use this one')


def check_change(headers: Mapping[str, str], token: str) -> None:
    """Refuse a change that the page itself didn't ask for; raises AccessError."""
    origin = urlsplit(headers.get('Origin') or '')
    if origin.scheme != 'http' or origin.netloc != headers.get('Host'):
        raise AccessError(403, 'only the page itself may ask for this')
    given = (headers.get(TOKEN_HEADER) or '').encode('utf-8', 'replace')
    if not hmac.compare_digest(given, token.encode()):
        raise AccessError(403, 'the page is older than this run of the view: reload it')
    if headers.get('Content-Type', '').split(';')[0].strip() != 'application/json':
        raise AccessError(415, 'the body must be application/json')


def body_length(headers: Mapping[str, str]) -> int:
    """How many bytes the body has, read before any of them; raises AccessError."""
    text = headers.get('Content-Length') or ''
    if headers.get('Transfer-Encoding') or not (text.isascii() and text.isdigit()):
        raise AccessError(411, 'the length of the body must be given')
    if len(text) > 9 or int(text) > MAX_BODY_BYTES:
        raise AccessError(413, f'the body is too long: at most {MAX_BODY_BYTES} bytes')
    return int(text)


def words_of(body: bytes) -> str:
    """Read what a person typed; raises AccessError."""
    return _words(_object(body).get('text'), 'text', MAX_WORDS_CHARS)


def rating_of(body: bytes) -> Rating:
    """Read a person's rating; raises AccessError."""
    fields = _object(body)
    rating = fields.get('rating')
    if type(rating) is not int or rating not in RATINGS:
        raise AccessError(400, f'rating must be one of {", ".join(map(str, RATINGS))}')
    correction = fields.get('correction', '')
    if correction != '':
        correction = _words(correction, 'correction', MAX_WORDS_CHARS)
    return Rating(_words(fields.get('id'), 'id', MAX_ID_CHARS), rating, correction)


def _object(body: bytes) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise AccessError(400, 'the body is no JSON') from None
    if not isinstance(read, dict):
        raise AccessError(400, 'the body must be a JSON object')
    return read


def _words(value: Any, name: str, most: int) -> str:
    """Read a text that has words in it, without control characters."""
    if not isinstance(value, str):
        raise AccessError(400, f'{name} must be a text')
    words = ' '.join(''.join(c if c.isprintable() else ' ' for c in value).split())
    if not words:
        raise AccessError(400, f'{name} is empty')
    if len(words) > most:
        raise AccessError(413, f'{name} has {len(words)} characters: at most {most}')
    return words


def _host_of(header: str) -> str:
    """The host of a Host header, without its port."""
    try:
        return (urlsplit(f'//{header}').hostname or '').lower()
    except ValueError:
        return ''


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read a host that is an IP address."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
