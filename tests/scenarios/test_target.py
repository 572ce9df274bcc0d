"""A target file says everything, and nothing by default."""

import pytest

from scenarios.model import ScenarioError
from scenarios.target import load_target

GOOD = """
name = "staging"
configuration = "fifo-ht"
region = "eu-west-1"
api_url = "https://api.example.com"
sqs_endpoint = "https://sqs.eu-west-1.amazonaws.com"
queue_urls = ["https://sqs.eu-west-1.amazonaws.com/123456789012/emails.fifo"]
spend_limit_usd = 2.0
i_own_this_target = true
provider_is_a_sink = true
"""
KEYS = [line.split(" = ")[0] for line in GOOD.strip().splitlines()]


def load(folder, text):
    path = folder / "t.toml"
    path.write_text(text)
    return load_target(path)


def test_a_whole_file_is_read(tmp_path):
    assert load(tmp_path, GOOD).spend_limit_usd == 2.0


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_wanted(tmp_path, key):
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(f"{key} ="))
    with pytest.raises(ScenarioError, match=rf"t\.toml: {key}: Field required"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ("2.0", "0", "spend_limit_usd"),
        ("2.0", "-1", "spend_limit_usd"),
        ("2.0", "inf", "spend_limit_usd"),
        ("2.0", "nan", "spend_limit_usd"),
        ("2.0", "1e6", "spend_limit_usd"),
        ("i_own_this_target = true", "i_own_this_target = false", "i_own_this_target"),
        ("provider_is_a_sink = true", "provider_is_a_sink = false", "provider_is_a_sink"),
        ("https://api.example.com", "api.example.com", "api_url"),
        ("https://api.example.com", "http://api.example.com", "api_url: .*http://"),
        ("https://api.example.com", "HTTP://api.example.com", "api_url"),
        ("https://api.example.com", "http://127.0.0.1@192.0.2.1", "api_url: .*http://"),
        ("https://api.example.com", "http://127.0.0.1.example.com", "api_url: .*http://"),
        ("https://api.example.com", "http://[::1", "api_url"),
        ("https://sqs.eu", "http://sqs.eu", "sqs_endpoint: .*http://"),
        ('"eu-west-1"', '"Europe"', "region"),
        ('name = "staging"', 'name = "staging"\nextra = 1', "extra"),
    ],
)
def test_what_is_not_wanted_is_refused_with_its_key(tmp_path, right, wrong, key):
    with pytest.raises(ScenarioError, match=rf"t\.toml: {key}"):
        load(tmp_path, GOOD.replace(right, wrong, 1))


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_what_never_leaves_the_machine_may_go_without_tls(tmp_path, host):
    text = GOOD.replace("https://api.example.com", f"http://{host}")
    text = text.replace('"https://sqs.eu-west-1.amazonaws.com"', f'"http://{host}"')
    found = load(tmp_path, text)
    assert found.api_url == found.sqs_endpoint == f"http://{host}"
