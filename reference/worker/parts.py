"""What the settings ask for: the providers in their order, and the ledger."""

from pathlib import Path

from reference.clock import Clock
from reference.errors import LedgerError
from reference.providers import ses
from reference.providers.base import Provider
from reference.providers.mailgun import MailgunProvider
from reference.providers.sendgrid import SendGridProvider
from reference.providers.ses import SesProvider
from reference.providers.smtp import SmtpProvider
from reference.settings import SettingsError
from reference.worker.ledger import dynamodb
from reference.worker.ledger.dynamodb import DynamoDbLedger
from reference.worker.ledger.memory import MemoryLedger
from reference.worker.ledger.owing import OwingLedger
from reference.worker.ledger.port import Ledger
from reference.worker.ledger.sqlite import SqliteLedger
from reference.worker.settings import ProviderName, WorkerSettings


def make_providers(settings: WorkerSettings, clock: Clock) -> list[Provider]:
    """Raises SettingsError."""
    return [_provider(name, settings, clock) for name in settings.providers]


def make_ledger(settings: WorkerSettings, clock: Clock) -> Ledger:
    """Raises SettingsError."""
    kind, _, place = settings.ledger.partition(":")
    retention_s = settings.ledger_retention_s
    if kind == "sqlite":
        try:
            return OwingLedger(SqliteLedger(Path(place), clock, retention_s=retention_s))
        except LedgerError as error:
            raise SettingsError(
                f"EMAIL_WORKER_LEDGER: {place} cannot be used ({error.code}); wanted: a writable "
                "file that is new or a ledger already"
            ) from error
    if kind == "dynamodb":
        client = dynamodb.connect(
            region=settings.region, endpoint_url=None, connections_max=settings.concurrency
        )
        return OwingLedger(DynamoDbLedger(client, place, clock, retention_s=retention_s))
    return MemoryLedger(clock)


def _provider(name: ProviderName, settings: WorkerSettings, clock: Clock) -> Provider:
    domain, timeout_s = settings.sender_domain, settings.provider_timeout_s
    match name:
        case "smtp":
            assert settings.smtp_port is not None
            return SmtpProvider(
                settings.smtp_host,
                settings.smtp_port,
                domain=domain,
                timeout_s=timeout_s,
                clock=clock,
            )
        case "ses":
            client = ses.connect(
                region=settings.region,
                endpoint_url=settings.ses_endpoint_url,
                timeout_s=timeout_s,
                connections_max=settings.concurrency,
            )
            return SesProvider(client, domain=domain, clock=clock)
        case "sendgrid":
            assert settings.sendgrid_api_key is not None
            return SendGridProvider(
                settings.sendgrid_url,
                api_key=settings.sendgrid_api_key.get_secret_value(),
                domain=domain,
                timeout_s=timeout_s,
                connections_max=settings.concurrency,
                clock=clock,
            )
        case "mailgun":
            assert settings.mailgun_domain is not None
            assert settings.mailgun_api_key is not None
            return MailgunProvider(
                settings.mailgun_url,
                account_domain=settings.mailgun_domain,
                api_key=settings.mailgun_api_key.get_secret_value(),
                domain=domain,
                timeout_s=timeout_s,
                connections_max=settings.concurrency,
                clock=clock,
            )
