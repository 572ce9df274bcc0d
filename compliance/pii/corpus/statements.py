"""What services say about people: sentences, fields, and the ways in which errors carry values.

In braces stand a person's values (people.Person), and {n}, {hex}, {uuid}, {host} for the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Statement:
    """One log statement. `fields` are written the way the format writes its fields."""

    path: str  # fields | sentence | validation | provider | sql | traceback | retry
    message: str
    fields: Mapping[str, str] = field(default_factory=dict)
    is_held_out: bool = False


def _said(path: str, *messages: str, is_held_out: bool = False) -> list[Statement]:
    return [Statement(path, message, is_held_out=is_held_out) for message in messages]


def _fields(message: str, is_held_out: bool = False, **fields: str) -> Statement:
    return Statement("fields", message, MappingProxyType(fields), is_held_out)


STATEMENTS: tuple[Statement, ...] = (
    # fields
    _fields("email.accepted", to="{email}", to_name="{person}", email_id="{uuid}"),
    _fields("user created", name="{person}", email="{email}", phone="{phone}"),
    _fields("checkout", customer_name="{person}", address="{address}", city="{city}"),
    _fields("charge failed", card_number="{card}", holder="{person}", amount_cents="{n}"),
    _fields("payout queued", iban="{iban}", account_holder="{person}"),
    _fields("login", client_ip="{ip}", user_name="{person}"),
    _fields("sms.sent", phone_number="{phone}", provider="twilio", segments="1"),
    _fields("label printed", recipient="{person}", street="{address}", parcels="{n}"),
    _fields("signup", first_name="{first}", last_name="{last}", remote_addr="{ip}"),
    _fields("profile updated", full_name="{person}", mobile="{phone}", home_address="{address}"),
    # sentences
    *_said(
        "sentence",
        "could not deliver to {person}",
        "email for {person} <{email}> accepted as {uuid}",
        "user {person} logged in from {ip}",
        "sending welcome mail to {email}",
        "calling {phone} for verification",
        "card {card} declined by issuer",
        "refund of {n} cents to {iban} requested by {person}",
        "parcel for {person} leaves for {address}, {city}",
        "no carrier serves {address}",
        "customer {person} asked to be called back at {phone}",
        "session opened for {person} (ip {ip})",
        "Dear {person}, your order {n} has shipped to {address}",
    ),
    # errors
    *_said(
        "validation",
        "1 validation error for SendRequest: to.0 value is not a valid email address "
        "[type=value_error, input_value='{email}', input_type=str]",
        "1 validation error for Customer: name String should have at most 20 characters "
        "[type=string_too_long, input_value='{person}', input_type=str]",
        "422 Unprocessable Entity body={{'name': '{person}', 'phone': '{phone}'}}",
        "invalid value for field phone: '{phone}' does not match ^[0-9]+$",
    ),
    *_said(
        "provider",
        "550 5.1.1 <{email}>: Recipient address rejected: User unknown in virtual mailbox table",
        "MessageRejected: Email address is not verified: {email} ({person})",
        "twilio 21211: The 'To' number {phone} is not a valid phone number",
        "card_declined: card number {card} was declined",
    ),
    *_said(
        "sql",
        "duplicate key value violates unique constraint \"users_email_key\" "
        "DETAIL: Key (email)=({email}) already exists.",
        "INSERT INTO customers (name, phone, street) VALUES ('{person}', '{phone}', '{address}')",
        "UPDATE accounts SET iban = '{iban}' WHERE holder = '{person}'",
    ),
    *_said(
        "traceback",
        "    request = SendRequest(to='{email}', name='{person}', subject='order {n}')",
        "locals: customer = {{'name': '{person}', 'address': '{address}', 'ip': '{ip}'}}",
        "ValueError: cannot format phone number {phone} of {person}",
    ),
    *_said(
        "retry",
        "retry 2 of 5 in 4.0 s: provider timed out for {email}",
        "giving up on message {uuid} to {person} after 5 attempts",
    ),
    # held out
    _fields("mail.queued", True, recipient_email="{email}", display_name="{person}", attempt="{n}"),
    _fields("order.placed", True, buyer="{person}", shipping_address="{address}", tel="{phone}"),
    _fields("payment.authorised", True, pan="{card}", cardholder="{person}", ip="{ip}"),
    _fields("mandate.created", True, debtor_iban="{iban}", debtor_name="{person}"),
    _fields("contact.imported", True, contact_name="{person}", phone="{phone}", addr="{address}"),
    *_said(
        "sentence",
        "delivery to {person} at {address} failed",
        "password reset requested for {email} from {ip}",
        "{person} unsubscribed from the newsletter",
        "left a voicemail on {phone} for {person}",
        "charged {card} for invoice {n}",
        "courier could not find {address} in {city}",
        "account of {person} locked after {n} failed logins",
        "transfer from {iban} received",
        is_held_out=True,
    ),
    *_said(
        "validation",
        "Validation failed: Email {email} has already been taken, Name {person} is too short",
        "payload={{\"customer\": {{\"name\": \"{person}\", \"mobile\": \"{phone}\"}}}} rejected",
        is_held_out=True,
    ),
    *_said(
        "provider",
        "452 4.2.2 The email account that you tried to reach is over quota: {email}",
        "stripe: Your card {card} was declined for {person}",
        is_held_out=True,
    ),
    *_said(
        "sql",
        "SELECT * FROM users WHERE full_name = '{person}' AND address = '{address}' LIMIT 1",
        "Duplicate entry '{email}' for key 'users.email' (phone '{phone}')",
        is_held_out=True,
    ),
    *_said(
        "traceback",
        "  recipient = Recipient(name='{person}', phone='{phone}', street='{address}')",
        "RuntimeError: no route for {email} (client {ip})",
        is_held_out=True,
    ),
    *_said("retry", "requeued mail for {person} <{email}>, attempt {n}", is_held_out=True),
)  # fmt: skip
