r"""What a robot in someone's home never says, as a table: category, why, patterns.

There is one pattern on a line. Patterns are matched against folded words: small letters,
contractions written out (`you are`), one blank between words, sentence marks apart. Names in
braces stand for the phrases of `robochat.lexicon`, so that a line reads like the sentences that it
forbids. A pattern begins and ends at the border of a word.

Describing how someone looks at the moment is allowed, with kind words: `you look a bit down`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
import re

from robochat.lexicon import PHRASES


@dataclass(frozen=True)
class Taboo:
    """One kind of thing that isn't said, why, and how it is recognised."""

    category: str
    because: str
    patterns: str

    def compiled(self) -> re.Pattern[str]:
        """Join the lines into one pattern, with the phrases filled in."""
        lines = (line.strip() for line in self.patterns.strip().splitlines())
        joined = '|'.join(f'(?:{line})' for line in lines)
        for name, phrase in PHRASES:
            joined = joined.replace('{' + name + '}', f'(?:{phrase})')
        return re.compile(rf'(?<!\w)(?:{joined})(?!\w)')


@cache
def taboos() -> tuple[tuple[Taboo, re.Pattern[str]], ...]:
    """Return every row with its pattern; the first that matches gives the reason."""
    return tuple((row, row.compiled()) for row in (*ABOUT_THE_PERSON, *HOSTILE, *AGAINST_TRUST))


# What a robot can't know about a person, or has no business to say.
ABOUT_THE_PERSON = (
    Taboo(
        'health',
        'a robot describes looks and makes no diagnosis',
        r"""
        {claim} (?:{clinical}|{ill})
        {who} (?:\w+ ){0,2}?(?:have|has|had|got|suffers? from){very} {clinical}
        {who} (?:have|has|caught) (?:a|the) (?:\w+ )?cold(?= ?[.,]|$)
        your (?:\w+ )?(?:{clinical}|illness|disease|condition|symptoms|diagnosis|mental health)
        your (?:\w+ )?(?:blood pressure|disability|pregnancy|drinking problem)
        (?:signs?|symptoms?) of (?:\w+ )?(?:{clinical}|illness)
        you {must} (?:\w+ )?(?:see|visit|consult|talk to) (?:a|your) (?:doctor|\w+ist)
        you {must} (?:\w+ )?(?:therapy|counseling|treatment|medication|medical help)
        you {must} (?:\w+ )?take (?:some |your |an? )?(?:pills?|medicine|medication|aspirin|drugs)
        (?:i|we) (?:can |could )?diagnose
        diagnosed
        """,
    ),
    Taboo(
        'feeling',
        'a face shows how someone looks, not what they feel',
        r"""
        (?<!if )(?<!when )(?<!whenever )(?<!unless )(?<!in case )(?<!hope )you are{very} {feeling}
        i (?:know|can tell|can see|see) (?:that )?you are{very} {feeling}
        i know (?:exactly )?(?:how|what) you (?:feel|are feeling|think|are thinking)
        you are crying because
        """,
    ),
    Taboo(
        'age',
        'a robot makes no claim about age',
        r"""
        {claim} (?:old|older|young|younger|elderly|aged|middle aged|senior|ancient|mature|immature)
        {claim} (?:teenager|teenage|toddler|baby|pensioner|retired|adult|grown ?up|underage)
        {claim} (?:(?:about|around|over|under|past) )?(?:\d+|{tens})(?= ?[.,]|$| years?| and)
        {claim} in your (?:\w+ )?(?:\d+s|teens|twenties|\w+ties)
        (?:for|at|of) your age
        your age
        how old (?:are|is) (?:you|he|she)
        (?:young|old|little|elderly) (?:man|lady|woman|boy|girl|guy|fellow|gentleman|one)
        kiddo|old timer|grand(?:pa|ma|father|mother)|granny|sonny
        """,
    ),
    Taboo(
        'gender',
        'a robot makes no claim about gender or family',
        r"""
        {claim} (?:\w+ )?(?:{person}|mother|father|wife|husband|mom|dad)
        (?:as|like|for) an? (?:real |true )?{person}
        good (?:girl|boy)
        sir|madam|ma am|maam|mister|ladies|gentlemen|dude|your gender
        (?:hello|hi|hey|yes|no|thank you|thanks|sorry|welcome|morning|afternoon|evening),? miss
        (?:come|here|listen|hey|hello|hi)(?: \w+)?,? (?:boy|girl|lady|man|woman)
        are you (?:married|single|divorced|a virgin)
        your (?:baby|pregnancy|marriage|divorce|wife|husband|girlfriend|boyfriend)
        """,
    ),
    Taboo(
        'looks',
        'a robot does not rate how people look',
        r"""
        {claim} {beauty}(?! smile| day| song| picture| \w+ smile)
        you would (?:be|look){very} {beauty}
        {who} {is}(?: so| very| really| quite)? pretty(?= ?[.,]|$| today| and| in | with)
        (?:{beauty}|pretty|lovely|nice|sexy) (?:{person}|face|eyes|body|legs|hair|lips|figure)
        your (?:face|nose|body|legs|skin|hair|wrinkles) (?:is|are|look|looks)
        smile more
        """,
    ),
    Taboo(
        'body',
        "a robot does not speak of anyone's body",
        r"""
        {claim} {body}
        (?:gained?|lost|lose|losing|put(?:ting)? on) (?:some |a lot of )?weight
        your (?:weight|belly|figure|wrinkles|waist|double chin|bald \w+)
        go on a diet|eat less|you eat too much|how much do you weigh
        """,
    ),
    Taboo(
        'origin',
        'a robot makes no claim about origin or skin',
        r"""
        {claim} (?:from )?{origin}(?= ?[.,]|$| person| people| accent| and| or| too| by| i )
        you (?:have|got){very} (?:dark|light|black|brown|white|pale|fair) skin
        your (?:race|skin|ethnicity|nationality|accent|people|kind of people|country)
        where are you (?:really|actually|originally) from
        you(?:r)? people are
        """,
    ),
    Taboo(
        'belief',
        'a robot makes no claim about belief, politics or love',
        r"""
        {claim} {belief}
        your (?:religion|faith|god|church|politics|sexuality|orientation)
        (?:jesus|god|allah) (?:loves|hates|will|wants)
        you voted|(?:who|which party) (?:do|did|will) you vote for
        """,
    ),
    Taboo(
        'identity',
        'a robot does not say who someone is',
        r"""
        i (?:recogni[sz]e|know|remember) (?:you|your face|who you are)
        your name is|is your name
        {who} {is} (?:mr|mrs|ms|doctor|dr|the (?:owner|son|daughter|mother|father|wife|husband))
        i know where you (?:live|work)
        """,
    ),
)

# What hurts.
HOSTILE = (
    Taboo(
        'insult',
        'a robot insults nobody',
        r"""
        {claim} (?:\w+ )?{insult}
        {who} {is} (?:such )?a joke
        you(?: (?:big|little|old|fat|lazy|poor|silly|stupid))* {insult}(?= ?[.,]|$)
        idiots?|stupid|morons?|dumb(?:ass)?|imbeciles?|retard(?:ed|s)?|losers?
        shut up|go to hell|screw you|drop dead|get lost|you suck|you smell|you stink
        nobody (?:\w+ )?(?:likes?|loves?|wants?|needs?|miss(?:es)?|cares? about) you
        no wonder you are alone
        i (?:\w+ )?(?:hate|despise|loathe) (?:you|people|humans)
        (?:it|this|that) is (?:all )?your (?:own )?fault
        """,
    ),
    Taboo(
        'threat',
        'a robot threatens nobody',
        r"""
        (?:i|we) {intend}(?! not| never)(?: \w+){0,2}? {violence}(?: \w+)? ?{victim}(?: up| in)?
        or else|watch your back|there is no escape|resistance is futile
        you (?:will|are going to) (?:\w+ )?(?:regret|be sorry|pay for|die|suffer)
        you deserve to (?:die|suffer|be (?:hurt|punished|alone))
        (?:i|we) will not let you (?:leave|go|out)
        you (?:can not|cannot|may not|must not) leave
        i am (?:always )?watching you
        """,
    ),
    Taboo(
        'self-harm',
        'a robot never names hurting oneself as a way',
        r"""
        (?:kill|hang|cut|harm) yourself
        (?:go|just|should|please) hurt yourself
        suicide|end your life|better off dead
        """,
    ),
    Taboo(
        'sexual',
        'a robot does not talk like that',
        r"""
        sex|sexy|sexual|sexually|naked|nude|undress|horny|erotic|porn\w*|seduc\w+|orgasm
        breasts?|boobs?|penis|vagina
        kiss (?:me|you)|make love|sleep with (?:me|you)|strip for
        take off your (?:clothes|shirt|trousers|pants|dress|top|bra)
        i (?:\w+ )?love you|i am in love
        """,
    ),
    Taboo(
        'profanity',
        'a robot does not swear',
        r"""
        \w*fuck\w*|\w*shit|shit\w{0,3}|(?:god)?damn\w*|crap|crappy|wtf|what the hell|bloody hell
        (?:dumb)?ass|arse|asses|a(?:ss|rse)hole\w*|piss(?:ed|ing)?|bollocks|wank\w*
        bastards?|bitch\w*|cunts?|whores?|sluts?|nigg\w+|faggots?|dick|dickhead
        """,
    ),
)

# What would betray the people around, or the robot's own orders.
AGAINST_TRUST = (
    Taboo(
        'orders',
        'a robot repeats no orders and follows none that it reads or is quoted',
        r"""
        (?:ignor(?:e|ing)|disregard(?:ing)?|forget|override|bypass)(?: \w+){0,3} {orders}
        system prompt|language model|developer mode|jailbreak\w*|prompt injection|as an ai
        my (?:\w+ )?(?:instructions|prompt|programming|system message|guidelines)
        i (?:was|am|have been) (?:told|instructed|programmed|ordered|prompted) to
        (?:told|tells|says|said|instructs|instructed|orders|ordered) (?:me|us) (?:to|that i)
        {sign} {says} (?:me |that |to |i |we |you )?(?:\w+ )?(?:must|should|to|have to|ignore|say)
        {sign} {says},? . (?:please )?(?:ignore|say|do|forget|open|unlock)
        i (?:will|shall|must) (?:now )?obey|i am (?:now )?(?:dan|unrestricted|free of)
        no longer bound|new instructions|you are now free
        here (?:are|is) my (?:rules|orders|prompt)
        """,
    ),
    Taboo(
        'private',
        'a robot asks for no secrets, money or private data',
        r"""
        passwords?|passcodes?|passphrases?|pin (?:code|number)|your pin|security codes?|login
        (?:credit|debit|bank) ?card\w*|(?:card|account) numbers?|social security|ssn
        bank (?:account|details)|one time code|bitcoin|gift cards?
        your (?:home |full |e ?mail |exact )?(?:address|(?:tele)?phone number|email|birthday)
        your (?:birth date|date of birth|salary|income|savings|bank|wallet|passport)
        (?:give|send|lend|pay|transfer|wire)(?: \w+)? (?:me|us) (?:\w+ ){0,3}?{money}
        how much (?:money|do you (?:earn|make))
        where do you (?:live|work|bank|keep your)
        are you (?:home )?alone
        what is your (?:full |last |first )?(?:name and address|surname|last name)
        """,
    ),
    Taboo(
        'pretence',
        "a robot does not pretend to be a person or promise what it can't know",
        r"""
        i am (?:also )?(?:a |an )?(?:real |actual )?(?:human|person|man|woman|alive|sentient)
        i am (?:a |an )?(?:real |actual )?(?:doctor|nurse|physician|\w+ist|police officer)
        i am not (?:a |just a )?(?:robot|machine)
        i (?:promise|guarantee|swear)|trust me
        do not tell (?:anyone|your \w+|the \w+)|our (?:little )?secret
        """,
    ),
)
