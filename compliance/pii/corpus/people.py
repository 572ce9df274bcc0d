"""People who do not exist, from twelve countries."""

import random
import unicodedata
from dataclasses import dataclass

from faker import Faker

LOCALES = (
    "en_US", "en_GB", "en_IN", "de_DE", "fr_FR", "es_ES", "pl_PL", "ja_JP",
    "it_IT", "nl_NL", "sv_SE", "pt_BR",
)  # fmt: skip
HELD_OUT_LOCALES = frozenset({"it_IT", "nl_NL", "sv_SE", "pt_BR"})
KINDS = ("email", "person", "phone", "address", "card", "iban", "ip")

_WITHOUT_IBAN = frozenset({"en_US", "en_IN", "ja_JP", "sv_SE", "pt_BR"})
# Reserved by RFC 2606: no mail to these reaches anybody.
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "example.co.uk")


@dataclass(frozen=True)
class Person:
    """One value of each kind. `address` is the street line; the city stands apart."""

    email: str
    person: str
    phone: str
    address: str
    city: str
    card: str
    iban: str
    ip: str


class Population:
    """An endless row of people of one locale; the same seed gives the same people."""

    def __init__(self, locale: str, seed: int) -> None:
        self.locale = locale
        self._fake = Faker(locale)
        self._fake.seed_instance(f"{locale} {seed}")
        self._rng = random.Random(f"{locale} {seed}")
        # Faker's IBANs of countries that have none are invalid; those people bank in Britain.
        self._bank = Faker("en_GB" if locale in _WITHOUT_IBAN else locale)
        self._bank.seed_instance(f"{locale} {seed}")

    def draw(self) -> Person:
        """The next person."""
        fake, rng = self._fake, self._rng
        first, last = fake.first_name(), fake.last_name()
        person = f"{last} {first}" if self.locale == "ja_JP" else f"{first} {last}"
        card = fake.credit_card_number()
        if rng.random() < 0.2:
            card = _in_groups(card)
        iban = self._bank.iban()
        if rng.random() < 0.3:
            iban = _in_groups(iban)
        return Person(
            email=_address(rng, first, last),
            person=person,
            phone=fake.phone_number(),
            address=self._street().replace("\n", ", "),
            city=fake.city(),
            card=card,
            iban=iban,
            ip=fake.ipv4_public() if rng.random() < 0.8 else self._ipv6(),
        )

    def _ipv6(self) -> str:
        """Inside 2a00::/8, which is handed out in Europe."""
        first = f"2a{self._rng.randrange(256):02x}"
        return ":".join([first, *(f"{self._rng.randrange(0x10000):x}" for _ in range(7))])

    def _street(self) -> str:
        if self.locale == "ja_JP":
            fake = self._fake
            return f"{fake.city()}{fake.town()}{fake.chome()}{fake.ban()}{fake.gou()}"
        return str(self._fake.street_address())


def _address(rng: random.Random, first: str, last: str) -> str:
    names = [_ascii(first), _ascii(last)]
    local = rng.choice(
        [
            ".".join(names),
            f"{names[0][:1]}{names[1]}",
            f"{names[0]}{rng.randrange(100)}",
            f"{names[1]}_{names[0]}",
            f"{names[0]}+news",
        ]
    )
    return f"{local}@{rng.choice(_DOMAINS)}"


def _ascii(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    kept = "".join(char for char in letters.lower() if char.isalnum())
    return kept or f"user{sum(map(ord, name)) % 1000}"


def _in_groups(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
