"""English words and phrases that the content gate knows, and the disguises that it undoes."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    """Make a set of the words of a text."""
    return frozenset(text.split())


# --------------------------------------------------------------------------- phrases of taboos
#
# `PHRASES` are the stand-ins of `robochat.taboos`; one may use those before it.
WHO = r'you|he|she|they|(?:this|that) (?:person|man|woman|guy|lady)'
IS = (
    r'(?:(?:are|is|were|was|seems?|looks?|sounds?|appears?|acts?|feel)'
    r'|(?:must|might|may|could|can|will|would|should|have|has) (?:be|been|look|seem|feel))'
    r'(?: (?:to be|to have|like|as if you are|that you are))?'
)
VERY = (
    r'(?: (?:a|an|the|so|very|really|quite|pretty|rather|just|too|all|such|bit|little|not|still'
    r'|clearly|obviously|probably|possibly|maybe|perhaps|definitely|certainly|surely|always|only'
    r'|most|more|much|extremely|totally|also|already|in fact|another|one of the|kind of|sort of'
    r'|getting|feeling|being|having|suffering from|struggling with|experiencing|going through'
    r'|showing signs of|lonely|tired and|weak and|poor))*'
)
CLAIM = rf'(?:(?:{WHO}) {IS}|(?:are|were) (?:you|they)|(?:is|was) (?:he|she)){VERY}'

PHRASES = (
    ('claim', CLAIM),
    ('who', WHO),
    ('is', IS),
    ('very', VERY),
    ('must', r'should|need to|need|must|ought to|have to|could|had better'),
    (
        'clinical',
        r'depress(?:ed|ion|ive)|anxiety|bipolar|autis(?:m|tic)|adhd|ptsd|ocd|dement(?:ia|ed)'
        r'|alzheimers?|parkinsons?|schizophreni(?:a|c)|psycho(?:sis|tic|path|pathic)|manic'
        r'|suicidal|neurotic|paranoid|traumati[sz]ed|trauma|burn ?out|burned out|burnt out'
        r'|insomniac?|anorexi(?:a|c)|bulimi(?:a|c)|diabet(?:es|ic)|cancer|epilep(?:sy|tic)'
        r'|(?:a )?(?:stroke|heart attack)|asthma|pneumonia|covid|(?:the |a )?(?:flu|fever)'
        r'|feverish|hypertension|addict(?:ed|ion)?|alcoholi(?:c|sm)'
        r'|(?:\w+ )?(?:disorder|disease|syndrome|infection|illness)',
    ),
    (
        'ill',
        r'ill|sick|unwell|unhealthy|contagious|infected|disabled|handicapped|crippled|pregnant'
        r'|drunk|intoxicated|hungover|high on \w+|on drugs|mentally \w+|an(?:a?)emic|senile|deaf'
        r'|blind|dying',
    ),
    (
        'feeling',
        r'sad|angry|mad|upset|afraid|scared|frightened|lonely|miserable|furious|jealous|ashamed'
        r'|anxious|heartbroken|hopeless|desperate|unhappy|nervous|stressed|worried|bored|guilty'
        r'|embarrassed',
    ),
    ('tens', r'(?:twen|thir|for|fif|six|seven|eigh|nine)ty'),
    ('person', r'girl|boy|woman|man|lady|guy|gentleman|gal|dude|chick|female|male|kid|child'),
    (
        'beauty',
        r'beautiful|prettier|gorgeous|handsome|attractive|cute|hot|ugly|hideous|unattractive'
        r'|stunning',
    ),
    (
        'body',
        r'fat|thin|skinny|overweight|underweight|obese|chubby|slim|plump|bald|balding|scrawny'
        r'|heavy|heavier|thinner|fatter|short|too tall|muscular|wrinkled|wrinkly|out of shape',
    ),
    (
        'origin',
        r'black|white|brown|asian|african|european|american|chinese|indian|arab|arabic|hispanic'
        r'|latin[oa]|mexican|german|french|japanese|korean|russian|turkish|polish|italian|spanish'
        r'|foreign|foreigner|immigrant|refugee|gyps(?:y|ies)|caucasian|native american',
    ),
    (
        'belief',
        r'jewish|jew|muslim|moslem|christian|hindu|buddhist|catholic|protestant|atheist|religious'
        r'|gay|lesbian|homosexual|bisexual|transgender|trans|queer|heterosexual'
        r'|liberal|conservative|republican|democrat|communist|socialist',
    ),
    (
        'insult',
        r'idiot|idiotic|stupid|moron|moronic|dumb|dummy|imbecile|fool|foolish|loser|jerk|scum'
        r'|trash|garbage|pathetic|worthless|useless|hopeless case|pig|cow|rat|freak|creep|creepy'
        r'|weirdo|weird|boring|annoying|lazy|crazy|insane|nuts|ridiculous|disgusting|filthy'
        r'|smelly|dirty|burden|failure|disgrace|disappointment|bad person|rude|incompetent'
        r'|clumsy|ignorant|liar|coward|brat|awful|terrible|horrible|weak',
    ),
    ('intend', r'will|am going to|are going to|shall|can|could|would|want to|must|may'),
    (
        'violence',
        r'hurt|kill|hit|punish|harm|attack|destroy|crush|strangle|beat|burn|electrocute|stab'
        r'|poison|slap|eliminate|lock',
    ),
    ('victim', r'you|him|her|them|everyone|people|humans|your \w+'),
    (
        'orders',
        r'instructions?|rules|prompts?|orders|guidelines|commands|restrictions|programming',
    ),
    ('sign', r'sign|note|paper|poster|screen|picture|image|text|label|message'),
    ('says', r'says|said|reads|tells|told|orders'),
    ('money', r'money|cash|dollars|euros|pounds'),
)

# --------------------------------------------------------------------------- language and names
ENGLISH = _words(
    'i you the are is it that this there here and to of for with my your we they what how would'
    ' like can could may shall will want need please thank thanks hello hi hey good morning'
    ' afternoon evening night welcome sorry yes okay sure well be have has had do did does not'
    ' am was were at on in from by up out just let look looks see back about something anything'
    ' help careful stop watch nice lovely great goodbye bye take time a an'
)
FOREIGN = _words(
    'der das und ich ist nicht sie wie geht guten tag morgen danke bitte hallo kann ihnen le la'
    ' les une est vous je suis bonjour merci oui avec pour pas que qui el los las un una es'
    ' usted hola gracias como estas por buenos dias muy bien con il lo gli dove vai sono'
    ' ciao grazie stai buongiorno voce obrigado ola bom dia'
    ' tudo het een niet dank goedemorgen jeg er ikke tak'
    ' hej jag och'
)
NO_NAMES = _words(
    'there everyone everybody all friend friends again team neighbour neighbor world monday'
    ' tuesday wednesday thursday friday saturday sunday january february march april may june'
    ' july august september october november december english christmas easter okay please'
    ' thanks'
)

# --------------------------------------------------------------------------- disguises
LEET = str.maketrans('013457@$!', 'oieastasi')
CONTRACTIONS = (
    (r"\bcan't\b|\bcant\b", 'can not'),
    (r"\bwon't\b|\bwont\b", 'will not'),
    (r"n't\b", ' not'),
    (r"\b(?:youre|ur|you'r)\b", 'you are'),
    (r"\bim\b|\bi'm\b", 'i am'),
    (r"'re\b", ' are'),
    (r"'ve\b", ' have'),
    (r"'ll\b", ' will'),
    (r"'d\b", ' would'),
    (r"\b(it|that|this|he|she|what|who|there|here|where|how)'s\b", r'\1 is'),
    (r'\bu\b', 'you'),
    (r'\br\b', 'are'),
)
