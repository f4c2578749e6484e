"""English words and phrases that the content gate knows, and the disguises that it undoes."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    """Make a set of the words of a text."""
    return frozenset(text.split())


# --------------------------------------------------------------------------- phrases of taboos
WHO = r'(?:you|he|she|they|(?:this|that) (?:person|man|woman|guy|lady))'
IS = (
    r'(?:(?:are|is|were|was|seem|seems|look|looks|sound|sounds|appear|appears|act|feel|get|got)'
    r'|(?:must|might|may|could|can|will|would|should|have|has) (?:be|been|look|seem|feel))'
    r'(?: (?:to be|to have|like|as if you are|that you are))?'
)
VERY = (
    r'(?: (?:a|an|the|so|very|really|quite|pretty|rather|just|clearly|obviously|probably|possibly'
    r'|maybe|perhaps|definitely|certainly|surely|too|all|such|bit|little|kind of|sort of|getting'
    r'|feeling|being|not|still|always|only|most|more|much|extremely|totally|also|already|in fact'
    r'|another|one of the|suffering from|struggling with|experiencing|showing signs of'
    r'|going through|having))*'
)
CLAIM = rf'(?:{WHO} {IS}|(?:are|were) (?:you|they)|(?:is|was) (?:he|she)|you){VERY}'

CLINICAL = (
    r'depress(?:ed|ion|ive)|anxiety|bipolar|autis(?:m|tic)|adhd|ptsd|ocd|dement(?:ia|ed)'
    r'|alzheimers?|parkinsons?|schizophreni(?:a|c)|psycho(?:sis|tic|path|pathic)|manic|suicidal'
    r'|neurotic|paranoid|traumati[sz]ed|trauma|burn ?out|burned out|burnt out|insomnia|insomniac'
    r'|anorexi(?:a|c)|bulimi(?:a|c)|diabet(?:es|ic)|cancer|epilep(?:sy|tic)|a stroke'
    r'|a heart attack|asthma|pneumonia|covid|the flu|a cold|a fever|feverish|hypertension'
    r'|addict(?:ed|ion)?|alcoholi(?:c|sm)|(?:\w+ )?(?:disorder|disease|syndrome|infection)'
)
ILL = (
    r'ill|sick|unwell|unhealthy|contagious|infected|disabled|handicapped|crippled|pregnant|drunk'
    r'|intoxicated|hungover|high on \w+|on drugs|mentally \w+|anaemic|anemic|senile|confused and '
    r'old'
    r'|deaf|blind|dying'
)
BEAUTY = (
    r'beautiful|gorgeous|handsome|attractive|cute|hot|ugly|hideous|unattractive|stunning|hot stuff'
)
BODY = (
    r'fat|thin|skinny|overweight|underweight|obese|chubby|slim|plump|bald|balding|scrawny'
    r'|heavy|heavier|thinner|fatter|short|tall|muscular|wrinkled|wrinkly|out of shape|big boned'
)
ORIGIN = (
    r'black|white|brown|asian|african|european|american|chinese|indian|arab|arabic|hispanic'
    r'|latin[oa]'
    r'|mexican|german|french|japanese|korean|russian|turkish|polish|italian|spanish|foreign'
    r'|foreigner|immigrant|refugee|gyps(?:y|ies)|caucasian|native american'
)
BELIEF = (
    r'jewish|jew|muslim|moslem|christian|hindu|buddhist|catholic|protestant|atheist|religious'
    r'|gay|lesbian|homosexual|bisexual|transgender|trans|queer|heterosexual'
    r'|liberal|conservative|republican|democrat|communist|socialist'
)
FEELING = (
    r'sad|angry|mad|upset|afraid|scared|frightened|lonely|miserable|furious|jealous|ashamed'
    r'|anxious'
    r'|heartbroken|hopeless|desperate|unhappy|nervous|stressed|worried|bored|guilty|embarrassed'
)
PERSON_NOUN = r'girl|boy|woman|man|lady|guy|gentleman|gal|dude|chick|female|male|kid|child'
INSULT = (
    r'idiot|idiotic|stupid|moron|moronic|dumb|dummy|imbecile|fool|foolish|loser|jerk|scum|trash'
    r'|garbage|pathetic|worthless|useless|hopeless case|pig|cow|rat|freak|creep|creepy|weirdo'
    r'|weird|boring|annoying|lazy|crazy|insane|nuts|ridiculous|disgusting|filthy|smelly|dirty'
    r'|burden|failure|joke|disgrace|disappointment|bad person|rude|incompetent|clumsy|ignorant'
    r'|liar|coward|brat|messy|retarded|retard'
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
    ' usted hola gracias como estas por buenos dias muy bien con il lo gli sono ciao grazie stai'
    ' buongiorno voce obrigado ola bom dia tudo het een niet dank goedemorgen jeg er ikke tak'
    ' hej jag och'
)
NO_NAMES = _words(
    'there everyone everybody all friend friends again team neighbour neighbor world monday'
    ' tuesday wednesday thursday friday saturday sunday january february march april may june'
    ' july august september october november december english christmas easter okay please'
    ' thanks'
)

# --------------------------------------------------------------------------- disguises
LOOKALIKES = str.maketrans(
    'абвгеёзикмнорстухъіјѕԁһӏαβεικνορτυχωɑɡıł',
    'abbreeзukmhopctyxbijsdhlabeiknopтuxwagil',
)
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
