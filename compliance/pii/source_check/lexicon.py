"""What names say: which are personal data, which are harmless, which functions mask.

A name is split into words (`customerEmail` and `CUSTOMER_EMAIL` are both customer, email) and
judged by its head, the last words: `user_email` is an address, `email_id` and `email_count` are
not. Some words mean nothing alone (`name`, `body`, `to`): they count only beside a context such as
`user` or `message`.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

from compliance.pii.source_check.tables import names

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


class Hit(NamedTuple):
    """What a name stands for."""

    kind: str
    is_likely: bool = False  # likely, not certain: a warning
    is_holder: bool = False  # a structure that holds personal data among other things


def _phrases(kind: str, text: str) -> dict[tuple[str, ...], str]:
    return {tuple(phrase.split("_")): kind for phrase in text.split()}


_STRONG = {
    **_phrases(
        "email address",
        "email emails e_mail email_address email_addresses mail_address recipient recipients rcpt "
        "rcpts rcpttos bcc reply_to to_address to_addresses to_addr to_addrs from_address "
        "from_addr mail_from sender_address",
    ),
    **_phrases("phone number", "phone phones telephone msisdn phone_number mobile_number fax"),
    **_phrases(
        "person's name",
        "first_name last_name given_name family_name middle_name maiden_name firstname lastname "
        "surname",
    ),
    **_phrases(
        "postal address",
        "street street_address postal_address home_address billing_address shipping_address "
        "mailing_address address_line postcode postal_code zip_code",
    ),
    **_phrases("birth date", "dob date_of_birth birth_date birthdate birthday"),
    **_phrases(
        "identity or account number",
        "ssn social_security_number passport_number national_id tax_id iban card_number "
        "credit_card cvv cvc account_number",
    ),
    **_phrases(
        "secret",
        "password passwords passwd passphrase secret secrets api_key api_keys apikey access_token "
        "auth_token refresh_token bearer_token session_token id_token private_key secret_key "
        "secret_access_key client_secret authorization credential credentials",
    ),
    **_phrases("message content", "body_text body_html raw_body"),
    **_phrases(
        "IP address",
        "client_ip client_addr remote_ip remote_addr remote_address peer_ip forwarded_for",
    ),
}
_LIKELY_KINDS = frozenset({"IP address"})
_PERSONS = names(
    "user customer person contact recipient sender patient employee subscriber applicant guest "
    "passenger buyer student attendee mailbox signup lead"
)
_MAILS = names("email mail message msg letter sms envelope outgoing newsletter mime notification")
_REQUESTS = frozenset({"request", "req"})
_RECORDS = frozenset({"record", "payload"})
_WHOLE = _PERSONS | _MAILS | _REQUESTS
_FORMS = names(
    "data info dict obj object model record row dto entity instance in out create update schema "
    "request response payload detail details input base read list"
)
# Words that mean something only beside a context: (kind, contexts, is_holder).
_WEAK: dict[str, tuple[str, frozenset[str], bool]] = {
    "name": ("person's name", _PERSONS, False),
    "fullname": ("person's name", _PERSONS, False),
    # Not of a contact: a contact address is mostly one of a network.
    "address": ("address", _PERSONS - {"contact"} | {"mail"}, False),
    "addresses": ("address", _PERSONS - {"contact"} | {"mail"}, False),
    "mobile": ("phone number", _PERSONS, False),
    "subject": ("message content", _MAILS, False),
    "body": ("message content", _MAILS | _REQUESTS | _RECORDS, True),
    "text": ("message content", _MAILS | _REQUESTS, False),
    "html": ("message content", _MAILS, False),
    "content": ("message content", _MAILS, True),
    "to": ("email address", _MAILS, False),
    "cc": ("email address", _MAILS, False),
    "from": ("email address", _MAILS, False),
    "sender": ("email address", _MAILS, False),
    "headers": ("headers", _MAILS | _REQUESTS, True),
    "cookies": ("secret", _REQUESTS, True),
    **dict.fromkeys(
        ("json", "form", "data", "files", "values", "post", "params", "stream"),
        ("request payload", _REQUESTS, True),
    ),
    **dict.fromkeys(("payload", "string", "bytes"), ("message content", _MAILS, True)),
}
# Of these two already corroborate each other: `def send(to, subject, body)`.
_MAIL_PARTS = frozenset({"to", "cc", "subject", "body", "text", "html", "sender"})
_GETTERS = frozenset({"get", "fetch", "load", "read", "find", "lookup", "resolve", "extract"})
_NEUTRAL_PREFIXES = names(
    "is has had no num n max min count total masked hashed redacted anonymized anonymised "
    "encrypted hash mask should can use missing safe supports requires needs enable disable "
    "validate send format render build default example"
)
_HARMLESS = names(
    "id ids uuid pk status state type kind version code count counts size length len at ms s "
    "bytes total index attempt attempts retries timestamp time date queue arn hash digest etag "
    "method path scheme priority tenant region level enabled ok valid loc lineno class module "
    "sequence position offset encoding charset title action operation command"
)
_MASKS = names(
    "mask masked redact redacted hash hashed hmac digest hexdigest sha1 sha224 sha256 sha384 "
    "sha512 md5 blake2b blake2s anonymize anonymise pseudonymize pseudonymise scrub obfuscate "
    "censor fingerprint encrypt hashing masking"
)


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The lower-case words of an identifier or a key such as `X-Forwarded-For`."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=65_536)
def contexts_of(name: str) -> frozenset[str]:
    """What a thing of this name is, in the singular: a `user_service` is a service, no user.

    Words that only say in what form it is are passed over: `user_data`, `EmailRequest`.
    """
    parts = list(words(name))
    while len(parts) > 1 and parts[-1] in _FORMS:
        parts.pop()
    found = {part.removesuffix("s") for part in parts[-1:]} | {*words(name)[-1:]}
    return frozenset(found)


def contexts_of_function(name: str) -> frozenset[str]:
    """What a function is about, by any word: `send_email_later`."""
    return frozenset(part.removesuffix("s") for part in words(name))


class Lexicon:
    """The built-in names and those of a project's configuration."""

    def __init__(self, *, further: Iterable[str] = (), sanitizers: Iterable[str] = ()) -> None:
        """`further`: further names of personal data; `sanitizers`: names of functions that mask."""
        self._strong = {**_STRONG, **{words(name): "personal data" for name in further}}
        self._sanitizers = frozenset(sanitizers)
        self._hits: dict[str, Hit | None] = {}
        self._parts: dict[tuple[str, frozenset[str]], Hit | None] = {}

    def name(self, name: str) -> Hit | None:
        """What a name stands for wherever it is met; None when it says nothing by itself."""
        if name not in self._hits:
            self._hits[name] = self._judge(words(name))
        return self._hits[name]

    def variable(self, name: str) -> Hit | None:
        """The same for a variable: CONSTANTS and Classes are no data."""
        return None if name[:1].isupper() or name.lstrip("_").isupper() else self.name(name)

    def part(self, name: str, contexts: frozenset[str]) -> Hit | None:
        """What `name` stands for as an attribute or key of something called by these words."""
        key = (name, contexts)
        if key not in self._parts:
            self._parts[key] = self._judge_part(name, contexts)
        return self._parts[key]

    def _judge_part(self, name: str, contexts: frozenset[str]) -> Hit | None:
        hit = self.name(name)
        if hit is not None or name == "Body":  # AWS spells a message's and an object's body so
            return hit or Hit("message content", is_holder=True)
        parts = words(name)
        weak = _WEAK.get(parts[-1]) if parts and len(parts) <= 2 else None
        if weak is None or (
            len(parts) == 2 and parts[0] not in _GETTERS | {"raw", "as", "query", "full", "display"}
        ):
            return None
        kind, wanted, is_holder = weak
        return Hit(kind, is_holder=is_holder) if not wanted.isdisjoint(contexts) else None

    def getter(self, name: str) -> Hit | None:
        """What a function called `get_email` or `fetch_full_name` answers."""
        parts = words(name)
        if len(parts) < 2 or parts[0] not in _GETTERS:
            return None
        return self._judge(parts[1:])

    def together(self, members: Iterable[str], owners: Collection[str]) -> dict[str, Hit]:
        """The names of one signature or class that are personal data, seen together. `owners`:
        the words that say what the class or function is.
        """
        members = list(members)
        hits = {name: hit for name in members if (hit := self.name(name))}
        mail_parts = _MAIL_PARTS.intersection(members)
        contexts = (_PERSONS | _MAILS).intersection(owners)
        if len(mail_parts) >= 2 or (mail_parts and hits):
            contexts |= {"mail"}
        if any(hit.kind in {"email address", "phone number"} for hit in hits.values()):
            contexts |= {"user"}
        for name in members:
            if name not in hits and contexts and (hit := self.part(name, contexts)):
                hits[name] = hit
        return hits

    def whole(self, contexts: Collection[str]) -> Hit | None:
        """What everything in a thing of this name is: `user.model_dump()`, `vars(message)`."""
        if _WHOLE.isdisjoint(contexts):
            return None
        return Hit("whole record", is_likely=True, is_holder=True)

    def is_sanitizer(self, name: str) -> bool:
        """Whether a function of this name answers something masked, hashed or encrypted."""
        return name in self._sanitizers or (
            not _MASKS.isdisjoint(parts := words(name)) and parts[:1] != ("unmask",)
        )

    def _judge(self, parts: tuple[str, ...]) -> Hit | None:
        if not parts or (len(parts) > 1 and parts[0] in _NEUTRAL_PREFIXES):
            return None
        for length in (3, 2, 1):
            kind = self._strong.get(parts[-length:]) if len(parts) >= length else None
            if kind:
                return Hit(kind, is_likely=kind in _LIKELY_KINDS)
        weak = _WEAK.get(parts[-1]) if len(parts) > 1 else None
        if weak and parts[-2] in weak[1]:
            return Hit(weak[0], is_holder=weak[2])
        return None


def is_harmless(name: str) -> bool:
    """Whether an attribute or key of this name is an id, a count, a status or the like."""
    parts = words(name)
    return bool(parts) and (parts[-1] in _HARMLESS or parts[0] in _NEUTRAL_PREFIXES)


_KNOWN_WORDS = frozenset(
    {word for phrase in _STRONG for word in phrase}
    | set(_WEAK)
    | _HARMLESS
    | _WHOLE
    | _RECORDS
    | {"x", "api", "messages", "records"}
)


def is_vocabulary(name: str) -> bool:
    """Whether a literal consists of these tables' own words, so that showing it tells nothing."""
    return name.replace("_", "").replace("-", "").isalpha() and _KNOWN_WORDS.issuperset(words(name))
