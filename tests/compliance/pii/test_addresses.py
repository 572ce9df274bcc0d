"""Streets of twelve countries are found by their form; log language of the same form is not."""

import pytest

from compliance.pii.addresses import find_addresses

FLAGGED = [
    "742 Evergreen Terrace",
    "1600 Pennsylvania Avenue Apt. 3",
    "221B Baker Street",
    "Flat 2, Palmer Green",
    "H.No. 351, Johal Marg",
    "12/7, Gandhi Road",
    "P.O. Box 1234",
    "Hauptstraße 5",
    "Lange-Reihe-Straße 12a",
    "Am Markt 3",
    "Südring 71",
    "12, rue de la Paix",
    "avenue Victor Hugo",
    "4 place Vendôme",
    "Calle de Alcalá 5",
    "Plaza Mayor, 3",
    "ul. Nowa 7/2",
    "al. Wojska Polskiego 31",
    "Via Garibaldi 12",
    "Calle Santiago Real 5",
    "Kerkstraat 14",
    "Storgatan 1",
    "Mannerheimintie 3",
    "Rua Augusta, 100",
    "富津市長畑2丁目23番5号",
]
NEAR_MISSES = [
    "502 Bad Gateway",
    "3 Worker Forks started",
    "3 Worker Gibbon Forks started",
    "Monitor 3 of 4",
    "Firewall 2 up",
    "String 5 too long",
    "Ignoring 3 messages",
    "HTTP 404 Not Found Page",
    "sent via Amazon SES",
    "via 10.0.0.1",
    "route Orders to 3 queues",
    "place Order 17",
    "2 Database Views",
    "Chrome/120.0.0.0 Safari/537.36",
    "at com.acme.Main.run(Main.java:12)",
    "2025-11-24 10:00:00 INFO Scheduler Run",
    "Sector 7 ready",
    "Campo 4",
    "Windows NT 10.0; Win64",
    "12 Main loop iterations, next run at 10:00:00 Monday",
]


@pytest.mark.parametrize("street", FLAGGED)
@pytest.mark.parametrize(
    "text", ["{}", "no carrier serves {}", "address='{}', n=3", "to {}, today"]
)
def test_a_street_is_found_with_its_number(street, text):
    [found] = find_addresses(text.format(street))
    assert found == street


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_log_language_is_no_street(text):
    assert list(find_addresses(text)) == []
