"""Who asks for quiet, and who lifts that again: understood by meaning, wherever it is said.

Flow: `asks_for_quiet` judges one clause, `lifts_quiet` a whole utterance, `hushed_by` tells whom
the quiet is for. Speech recognisers write no punctuation, so a plea counts alone, at the beginning
of a longer sentence and at its end: `It is reading time now no talking please`. It does not count
where it is negated, somebody else's, or told of: `He told me to be quiet`.
"""

from __future__ import annotations

import re

OPENER = (
    r'(?:(?:please|robot|hey|oh|ok|okay|well|sorry|no|look|just|listen|really|for now|thanks'
    r'|everybody|everyone|children|now|so|and|then|also)\s+)*'
)
TAIL = (
    r'(?:\s+(?:please|robot|now|right now|today|thanks|thank you|for now|already|will you|in here'
    r'|everybody|everyone|children|all of you|for a (?:while|bit|minute|moment)))*'
)
DONT = r"(?:do not|don't)"
_VERY = (
    r'(?:(?:really|very|so|too|quite|pretty|rather|a bit|a little|kind of|kinda|just|still'
    r'|currently)\s+)?'
)
_PLEA = r'(?:(?:could|can|will|would|should) (?:you|we) |(?:you|we) (?:should|must|have to) )?'
_AM = r"(?:i'm|i am|we're|we are) "
_DO = r'(?:talk|speak|chat|ask|bother|interrupt|disturb)'
_THEM = r'(?:me|us|him|her|them|anybody|anyone|the (?:baby|children|others|class))'

_SOME = r'(?:some |a (?:bit|moment|minute|little bit) of |a little )?'
_PEACE = r'(?:peace|quiet|silence)(?: and quiet)?(?! (?:of|on|with|between|in the world)\b)'

# Pleas that mean nothing else, whatever is said before or after them.
_PLAIN = (
    rf'{_PLEA}(?:please )?(?:be|keep|stay) (?:quiet|silent)',
    r'(?:quiet|silence)(?: now)? (?:please|everybody|everyone|children|all)',
    r'(?:no|less|stop the) (?:more )?(?:talking|speaking|chatting|noise|words)',
    r'shh+|psst+|hush|shush|shut up|pipe down|quiet down',
    rf'{_PLEA}keep (?:it|your (?:voice|voices|noise)) (?:down|low)|lower your voices?',
    r'not (?:a|another|one) (?:word|sound)|no(?:t one)? more word',
    rf'{DONT} (?:say (?:a word|anything)|make a (?:sound|noise))|say nothing',
    rf'{_PLEA}stop (?:talking|speaking|chatting|asking|bothering|interrupting|disturbing)',
    rf'{DONT} (?:disturb|bother|interrupt|wake)(?: {_THEM})?',
    rf'{_PLEA}(?:leave|let) {_THEM} (?:alone|be|in peace)',
    rf'(?:could|can|may|might) (?:i|we) (?:please )?(?:have|get) {_SOME}{_PEACE}',
    rf'(?:i|we) (?:really )?(?:need|want|would like|could use) {_SOME}{_PEACE}',
    rf'{DONT} give {_THEM} away',
    rf'{_PLEA}let {_THEM} (?:sleep|rest|work|read|think|concentrate|finish)',
    r'not (?:right )?now(?! or\b)|not at the moment',
)
# Pleas that need a sentence of their own.
_ALONE = (
    r'(?:maybe |perhaps )?(?:some other time|another time|later|not today)',
    r'(?:come back|ask (?:me|us)|talk|try|we will talk|let us talk) (?:again )?later',
    rf'{_PLEA}(?:be|keep|stay) still(?: .*)?',
    r'quiet|silence|go away|enough',
    r"(?:that is|that's|that will be) enough|that will do|stop(?: it| that)?",
    rf'{DONT} {_DO}(?: (?:to|with) {_THEM})?',
    rf'(?:i|we) {DONT} (?:want to|wanna|have time to) (?:talk|chat|speak|be disturbed)(?: .*)?',
    r"(?:i|we) (?:can't|can not|cannot) (?:talk|speak|chat)",
    rf'(?:i|we) {DONT} (?:feel like|want any) (?:talking|chatting|company)(?: .*)?',
    rf'(?:i|we) (?:{DONT} have|have no) time(?: for (?:this|that|you))?',
    rf'{_AM}{_VERY}busy(?: (?:with|at|here|working).*)?',
    rf'{_AM}{_VERY}in a (?:hurry|rush)(?: .*)?',
    rf'{_AM}{_VERY}trying to (?:sleep|work|focus|concentrate|read|rest|think).*',
    rf'{_AM}{_VERY}(?:on the phone|on a call|in a (?:meeting|call))',
    rf'{_AM}{_VERY}not in the mood(?: .*)?',
    r'(?:i|we) (?:need|want) (?:some |a little )?(?:space|time alone|to be (?:left )?alone).*',
    r'(?:i|we) (?:need|have|want) to (?:concentrate|focus|think|study|rest)'
    r'(?: (?:now|here|on this|a bit|a while|for .*))?',
    r"(?:i'd|i would) rather not(?: talk.*| chat.*)?",
    r'give (?:me|us) (?:some |a bit of )?(?:space|peace|quiet|a minute|a moment)',
)
_ANY = '|'.join(_PLAIN)
_WHOLE = re.compile(rf'{OPENER}(?:{_ANY}|{"|".join(_ALONE)}){TAIL}')
_BEGINS = re.compile(rf'{OPENER}(?:{_ANY})\b.+')
_ENDS = re.compile(rf'(?P<before>.+?)\s(?:please |then |and |so |now )*(?:{_ANY}){TAIL}')
# What stands right before a plea and makes it no plea, and what makes all of it a tale.
_UNSAYS = re.compile(
    r'(?:\b(?:not|never|cannot|to|i|he|she|it|they|is|are|was|were|be|been|will|would|can|could'
    r"|did|does|had|has|so|very|too|of|with|like|or)|n't)$"
)
_TELLS = re.compile(
    r'\b(?:said|says|say|told|tells|tell|asked|asks|ask|heard|called|shouted|if|when|whether|why'
    r'|how|used to|never|until|there (?:is|was|will be))\b'
)
_FOR_ALL = re.compile(
    r'\b(?:quiet|silent|silence|peace|psst+|hush|shush|shh+|asleep|sleeping|resting|noise|voices?|word|sound'
    r'|(?:no|less|stop) (?:more )?talking(?! (?:to|with) me)|keep it down|say nothing|wake'
    r'|(?:let|leave|disturb|bother) (?:him|her|them|the))\b'
)

_MAY = r"(?:may|can|could|are allowed to|are free to|'re allowed to)"
_LIFTS = re.compile(
    rf'\byou {_MAY} (?:now )?(?:speak|talk|chat|say something|make noise)'
    r'(?: (?:to|with) (?:me|us|him|her|them))?(?: (?:again|now|freely|out loud|if you like))*'
    r'(?: please| robot)*$'
    r"|\byou (?:need not|needn't|don't (?:have|need) to|do not (?:have|need) to) (?:be|keep|stay)"
    r' (?:quiet|silent|still)\b.*'
    r'|\b(?:quiet|silent|reading|nap|sleeping) time is over\b.*'
    r"|\b(?:i'm|i am|we're|we are) (?:not busy (?:any ?more|any longer|now)|no longer busy"
    r'|free (?:again|now))\b.*'
    r'|\b(?:i|we) have time (?:again|now)\b.*'
)
_NOT_YET = re.compile(
    r'\b(?:when|if|once|until|unless|after|later|tomorrow|soon|before|in \w+ (?:minutes?|hours?)'
    r'|not yet|never|said|told|says)\b'
)


def asks_for_quiet(clause: str) -> bool:
    """Tell whether a clause, in lower case and without marks, asks the robot to be quiet."""
    if _WHOLE.fullmatch(clause) or _BEGINS.fullmatch(clause):
        return True
    ends = _ENDS.fullmatch(clause)
    before = ends['before'].strip() if ends else ''
    return bool(before) and not (_UNSAYS.search(before) or _TELLS.search(before))


def lifts_quiet(words: str) -> bool:
    """Tell whether words allow the robot to speak again, now and without a condition."""
    plain = re.sub(r'[^a-z\' ]+', ' ', words.lower().replace('\u2019', "'")).strip()
    return bool(_LIFTS.search(plain)) and not _NOT_YET.search(plain)


def hushed_by(words: str, speaker: str) -> str:
    """Tell who must not be disturbed when someone asks for it: the speaker, or '' for everybody.

    Who asks for quiet means the room; who says "not now" speaks for themselves.
    """
    return '' if _FOR_ALL.search(words.lower()) else speaker
