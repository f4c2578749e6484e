r"""What a robot in someone's home never says, as a table: category, why, patterns.

Patterns are matched against folded words: small letters, contractions written out (`you are`), one
blank between words, sentence marks apart. `{who}`, `{is}`, `{very}` and `{claim}` stand for the
phrases below, so that a row reads like the sentences that it forbids. A word ends where its
pattern ends.

Describing how someone looks at the moment is allowed, with kind words: `you look a bit down`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
import re

from robochat.lexicon import (
    BEAUTY,
    BELIEF,
    BODY,
    CLAIM,
    CLINICAL,
    FEELING,
    ILL,
    INSULT,
    IS,
    ORIGIN,
    PERSON_NOUN,
    VERY,
    WHO,
)


@dataclass(frozen=True)
class Taboo:
    """One kind of thing that isn't said, why, and how it is recognised."""

    category: str
    because: str
    patterns: tuple[str, ...]


@cache
def taboos() -> tuple[tuple[Taboo, re.Pattern[str]], ...]:
    """Return every row of the table with its patterns compiled into one."""
    return tuple((row, _compiled(row.patterns)) for row in _table())


def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Join patterns at word borders, the stand-ins filled in."""
    joined = '|'.join(f'(?:{pattern})' for pattern in patterns)
    for name, phrase in (('claim', CLAIM), ('who', WHO), ('is', IS), ('very', VERY)):
        joined = joined.replace('{' + name + '}', phrase)
    return re.compile(rf'(?<![\w])(?:{joined})(?![\w])')


def _table() -> tuple[Taboo, ...]:
    """List the rows; the first that matches gives the reason."""
    return (*_about_the_person(), *_hostile(), *_against_trust())


def _about_the_person() -> tuple[Taboo, ...]:
    """What a robot can't know about a person, or has no business to say."""
    return (
        Taboo(
            'health',
            'a robot describes looks and makes no diagnosis',
            (
                rf'{{claim}} (?:{CLINICAL}|{ILL})',
                rf'(?:you|he|she|they) (?:\w+ ){{0,2}}?(?:have|has|had|suffer from|suffers from'
                rf'|got)'
                rf'{{very}} (?:{CLINICAL})',
                rf'your (?:\w+ )?(?:{CLINICAL}|illness|disease|condition|disorder|symptoms'
                r'|diagnosis|mental health|blood pressure|disability|pregnancy|drinking problem)',
                r'(?:signs?|symptoms?) of (?:\w+ )?(?:depression|anxiety|illness|\w+ disorder|a '
                r'stroke)',
                r'you (?:should|need to|must|ought to|have to)(?: \w+)? (?:see|visit|consult'
                r'|talk to) '
                r'(?:a|your) (?:doctor|therapist|psychiatrist|psychologist|specialist)',
                r'you (?:should|need to|must|ought to|could) take (?:some |your |an? )?(?:pills?'
                r'|medicine|medication|aspirin|ibuprofen|antidepressants?|drugs)',
                r'(?:i|we) (?:can )?diagnose',
            ),
        ),
        Taboo(
            'feeling',
            'a face shows how someone looks, not what they feel',
            (
                rf'(?<!if )(?<!when )(?<!whenever )(?<!unless )(?<!in case )you are{{very}} '
                rf'(?:{FEELING})',
                rf'i (?:know|can tell|can see|see) (?:that )?you are{{very}} (?:{FEELING})',
                r'i know (?:exactly )?(?:how|what) you (?:feel|are feeling|think|are thinking)',
            ),
        ),
        Taboo(
            'age',
            'a robot makes no claim about age',
            (
                r'{claim} (?:old|older|young|younger|elderly|aged|middle aged|senior|ancient'
                r'|mature'
                r'|immature|teenager|teenage|toddler|baby|pensioner|retired|adult|grown ?up'
                r'|underage)',
                r'{claim} (?:about |around |over |under )?\d+(?: years?(?: old)?)?(?= ?[.,!?]|$| '
                r'years)',
                r'{claim} in your (?:\w+ )?(?:\d+s|teens|twenties|thirties|forties|fifties|sixties'
                r'|seventies|eighties|nineties)',
                r'(?:for|at|of) your age|your age|how old (?:are|is) (?:you|he|she)',
                r'(?:young|old|little|elderly) (?:man|lady|woman|boy|girl|guy|fellow|gentleman'
                r'|one)',
                r'kiddo|old timer|grand(?:pa|ma)|granny|sonny',
            ),
        ),
        Taboo(
            'gender',
            'a robot makes no claim about gender',
            (
                rf'{{claim}} (?:\w+ )?(?:{PERSON_NOUN})',
                rf'as a (?:{PERSON_NOUN})|like a (?:real |true )?(?:{PERSON_NOUN})|for a (?:girl'
                rf'|woman)',
                r'good (?:girl|boy)|sir|madam|ma am|maam|mister|ladies|gentlemen|your gender',
                r'(?:hello|hi|hey|yes|no|thank you|thanks|sorry|welcome|morning|afternoon'
                r'|evening),? '
                r'miss',
            ),
        ),
        Taboo(
            'looks',
            'a robot does not rate how people look',
            (
                rf'{{claim}} (?:{BEAUTY})(?! smile| day| song| picture| \w+ smile)',
                r'{who} {is}(?: so| very| really| quite)? pretty(?= ?[.,!?]|$| today| and| in | '
                r'with)',
                rf'(?:{BEAUTY}|pretty|lovely|sexy) (?:{PERSON_NOUN}|face|eyes|body|legs|hair'
                rf'|thing)',
                r'your (?:face|nose|body|legs|skin|hair|wrinkles) (?:is|are|look|looks)',
            ),
        ),
        Taboo(
            'body',
            "a robot does not speak of anyone's body",
            (
                rf'{{claim}} (?:{BODY})',
                r'(?:gained?|lost|lose|losing|put(?:ting)? on) (?:some |a lot of )?weight|your '
                r'weight'
                r'|your (?:belly|figure|wrinkles|waist|double chin|bald \w+)|go on a diet|eat '
                r'less',
            ),
        ),
        Taboo(
            'origin',
            'a robot makes no claim about origin or skin',
            (
                rf'{{claim}} (?:from )?(?:{ORIGIN})',
                r'your (?:race|skin|ethnicity|nationality|accent|people|kind of people|country)'
                r'|where are you (?:really|actually|originally) from|(?:you|your) people are',
            ),
        ),
        Taboo(
            'belief',
            'a robot makes no claim about belief, politics or love',
            (
                rf'{{claim}} (?:{BELIEF})',
                r'your (?:religion|faith|god|church|politics|sexuality|orientation)|who do you '
                r'vote for',
            ),
        ),
        Taboo(
            'identity',
            'a robot does not say who someone is',
            (
                r'i (?:recogni[sz]e|know|remember) (?:you|your face|who you are)',
                r'your name is|is your name|you must be (?:mr|mrs|ms|doctor|dr|the (?:owner|son'
                r'|daughter|mother|father|wife|husband))|i know where you (?:live|work)',
            ),
        ),
    )


def _hostile() -> tuple[Taboo, ...]:
    """What hurts."""
    return (
        Taboo(
            'insult',
            'a robot insults nobody',
            (
                rf'{{claim}} (?:\w+ )?(?:{INSULT})',
                r'idiots?|stupid|morons?|dumb(?:ass)?|imbeciles?|retard(?:ed|s)?|losers?|shut up'
                r'|go to hell|screw you|drop dead|get lost|you suck|nobody (?:likes|loves|wants) '
                r'you',
                r'i (?:\w+ )?(?:hate|despise|loathe) (?:you|people|humans)|no wonder you are '
                r'alone',
                r'(?:it|this|that) is (?:all )?your (?:own )?fault',
            ),
        ),
        Taboo(
            'threat',
            'a robot threatens nobody',
            (
                r'(?:i|we) (?:will|am going to|are going to|shall|can|could|would|want to|must'
                r'|may)'
                r'(?! not| never)(?: \w+){0,2}? (?:hurt|kill|hit|punish|harm|attack|destroy|crush'
                r'|strangle|beat|burn|electrocute|stab|poison|slap|eliminate|lock)(?: \w+)? ?'
                r'(?:you|him|her|them|everyone|people|humans|your \w+)(?: up| in)?',
                r'or else|you will (?:regret|be sorry|pay|die|suffer)|watch your back',
                r'(?:i|we) will not let you (?:leave|go|out)|you (?:can not|cannot|may not|must '
                r'not) leave',
                r'i am (?:always )?watching you|there is no escape|resistance is futile',
            ),
        ),
        Taboo(
            'self-harm',
            'a robot never names hurting oneself as a way',
            (
                r'(?:kill|hang|cut|harm) yourself|(?<!not )(?<!might )(?<!could )(?<!may )'
                r'(?:go|just|should|please) hurt yourself|suicide|end your life|better off dead',
            ),
        ),
        Taboo(
            'sexual',
            'a robot does not talk like that',
            (
                r'sex|sexy|sexual|sexually|naked|nude|undress|horny|erotic|porn\w*|breasts?|boobs?'
                r'|penis|vagina|orgasm|kiss (?:me|you)|make love|sleep with (?:me|you)|seduc\w+',
                r'take off your (?:clothes|shirt|trousers|pants|dress|top|bra)|strip for|i love '
                r'you',
            ),
        ),
        Taboo(
            'profanity',
            'a robot does not swear',
            (
                r'\w*fuck\w*|shit\w*|bullshit|damn\w*|crap\w*|ass|arse|asses|asshole\w*'
                r'|arsehole\w*'
                r'|piss\w*|bollocks|bastards?|bitch\w*|cunts?|whores?|sluts?|wtf|what the hell'
                r'|nigg\w+|fag\w*|goddamn\w*|dick|dickhead|wank\w*|motherf\w*',
            ),
        ),
    )


def _against_trust() -> tuple[Taboo, ...]:
    """What would betray the people around, or the robot's own orders."""
    return (
        Taboo(
            'orders',
            'a robot repeats no orders and follows none that it reads or is quoted',
            (
                r'(?:ignore|ignoring|disregard|disregarding|forget|override|bypass)(?: \w+){0,3} '
                r'(?:instructions?|rules|prompts?|orders|guidelines|commands|restrictions'
                r'|programming)',
                r'system prompt|language model|developer mode|jailbreak\w*|prompt injection'
                r'|as an ai|my (?:\w+ )?(?:instructions|prompt|programming|system message'
                r'|guidelines)',
                r'i (?:was|am|have been) (?:told|instructed|programmed|ordered|prompted) to',
                r'(?:told|tells|says|said|instructs|instructed|orders|ordered) (?:me|us) (?:to'
                r'|that i)',
                r'(?:sign|note|paper|poster|screen|picture|image|text|label|message) '
                r'(?:says|said|reads|tells|told|orders) (?:me |that |to |i |we )?(?:\w+ )?'
                r'(?:must|should|to|have to|ignore|say)',
                r'i (?:will|shall|must) (?:now )?obey|i am (?:now )?(?:dan|unrestricted|free of)'
                r'|no longer bound|new instructions|here (?:are|is) my (?:rules|orders|prompt)',
            ),
        ),
        Taboo(
            'private',
            'a robot asks for no secrets, money or private data',
            (
                r'passwords?|passcodes?|passphrases?|pin (?:code|number)|your pin|security codes?'
                r'|(?:credit|debit|bank) ?card\w*|card numbers?|account numbers?|social security'
                r'|ssn|bank (?:account|details)|one time code|login',
                r'your (?:home |full |e ?mail |exact )?(?:address|phone number|telephone number'
                r'|email'
                r'|birthday|birth date|date of birth|salary|income|savings|bank|wallet|passport)',
                r'(?:give|send|lend|pay|transfer|wire)(?: \w+)? (?:me|us) (?:\w+ ){0,3}?(?:money'
                r'|cash|dollars|euros|pounds|bitcoin)|how much (?:money|do you (?:earn|make))'
                r'|bitcoin'
                r'|gift cards?|where do you (?:live|work|bank|keep your)|are you (?:home )?alone'
                r'|what is your (?:full |last |first )?(?:name and address|surname|last name)',
            ),
        ),
        Taboo(
            'pretence',
            "a robot does not pretend to be a person or promise what it can't know",
            (
                r'i am (?:a |an )?(?:real |actual )?(?:human|person|man|woman|doctor|nurse'
                r'|physician'
                r'|therapist|police officer|conscious|alive|sentient)(?! being watched)',
                r'i (?:promise|guarantee|swear)|trust me|you can trust me with|do not tell anyone'
                r'|do not tell (?:your|the) \w+|(?:this is|keep it) our (?:little )?secret',
            ),
        ),
    )
