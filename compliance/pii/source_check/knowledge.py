"""What is known of functions outside the tree: which hand data on, which let none of it through.

Names are qualified as imports show them. A function that is in no table hands nothing on: in the
code we measured against, most calls with an address among their arguments answer a status or an
id, and treating every answer as personal data drowns the real findings.
"""

from compliance.pii.source_check.tables import names

# Answers are numbers, truths, types or the like.
CLEARING_CALLS = names(
    "len bool type id hash isinstance issubclass callable hasattr any all sum range ord abs "
    "round divmod int float complex input open slice object super property",
    prefix="builtins.",
) | names("re.compile uuid.uuid4 uuid.uuid5 operator.eq")
CLEARING_METHODS = names(
    "startswith endswith isdigit isdecimal isalpha isalnum isascii isnumeric isspace isupper "
    "islower istitle isidentifier isprintable count find rfind index rindex hexdigest digest "
    "total_seconds exists is_file is_dir fileno error_count bit_length"
)
# Answers are made of all arguments: as a string, or as a structure.
TEXT_CALLS = names(
    "builtins.bytes builtins.bytearray builtins.memoryview "
    "json.dumps orjson.dumps ujson.dumps pickle.dumps "
    "yaml.dump yaml.safe_dump html.escape "
    "html.unescape shlex.quote shlex.join re.sub re.escape unicodedata.normalize os.fspath "
    "os.path.join textwrap.shorten textwrap.fill textwrap.dedent textwrap.indent textwrap.wrap "
    "urllib.parse.quote urllib.parse.quote_plus urllib.parse.unquote urllib.parse.urlencode "
    "base64.b64encode base64.b64decode base64.urlsafe_b64encode base64.urlsafe_b64decode "
    "binascii.hexlify zlib.compress gzip.compress email.utils.formataddr email.utils.parseaddr "
    "email.utils.getaddresses email.utils.quote string.capwords "
    "builtins.str builtins.format"
)
REPR_CALLS = names(
    "builtins.repr builtins.ascii pprint.pformat pprint.saferepr reprlib.repr rich.pretty_repr"
)
LIST_CALLS = names(
    "builtins.list builtins.tuple builtins.set builtins.frozenset builtins.sorted "
    "builtins.reversed builtins.iter builtins.max builtins.min builtins.filter "
    "collections.Counter collections.deque itertools.chain itertools.islice "
    "more_itertools.always_iterable"
)
SAME_CALLS = names(
    "copy.copy copy.deepcopy dataclasses.replace typing.cast "
    "collections.OrderedDict collections.ChainMap "
    "asyncio.wait_for asyncio.gather asyncio.shield asyncio.run asyncio.create_task "
    "types.MappingProxyType types.SimpleNamespace"
)
ELEMENT_CALLS = frozenset({"builtins.next", "random.choice", "random.sample"})
PARSE_CALLS = names(
    "json.loads json.load orjson.loads ujson.loads yaml.safe_load yaml.load pickle.loads "
    "ast.literal_eval urllib.parse.parse_qs urllib.parse.parse_qsl urllib.parse.urlparse "
    "urllib.parse.urlsplit email.message_from_string email.message_from_bytes csv.reader "
    "csv.DictReader"
)
RECORD_CALLS = frozenset(
    {"dataclasses.asdict", "dataclasses.astuple", "builtins.vars", "attrs.asdict"}
)
RECORD_METHODS = names(
    "model_dump model_dump_json dict to_dict as_dict asdict _asdict to_json to_body json"
)
SAME_METHODS = names("copy model_copy __copy__ deepcopy read result")
# What guard types such as SecretStr answer only when asked by name.
REVEALING_METHODS = names("reveal get_secret_value unmask")
# Where pydantic hands input to functions of ours: an error that they raise may quote it.
VALIDATOR_MARKS = names("PlainValidator BeforeValidator AfterValidator WrapValidator")
VALIDATOR_DECORATORS = names("validator field_validator")
GET_METHODS = names("get pop setdefault getlist getall get_all getfirst getone")
MUTATING_METHODS = names(
    "append add extend insert update appendleft put put_nowait setdefault write"
)
# Functions of unknown origin that by their name answer their argument in another form.
REFORMING_WORDS = names(
    "normalize normalise clean strip format encode decode serialize serialise dump dumps escape "
    "unescape quote unquote stringify lower trim truncate shorten pretty pformat canonicalize "
    "flatten sanitize sanitise to as str repr jsonify"
)
TRACEBACK_CALLS = frozenset(
    {"traceback.format_exc", "traceback.format_exception", "sys.exc_info", "sys.exception"}
)
# Their text, attributes or `errors()` quote what they were given.
QUOTING_EXCEPTIONS = names(
    "ValidationError RequestValidationError WebSocketRequestValidationError "
    "EmailNotValidError EmailSyntaxError EmailUndeliverableError SMTPException "
    "SMTPResponseException SMTPRecipientsRefused SMTPSenderRefused SMTPDataError "
    "IntegrityError NumberParseException"
)
# Classes outside the tree whose repr shows all fields.
RECORD_BASES = names("BaseModel RootModel SQLModel NamedTuple BaseSettings Struct Schema TypedDict")
RECORD_DECORATORS = names("dataclass define attrs frozen mutable s pydantic_dataclass")
SAFE_TYPES = frozenset({"SecretStr", "SecretBytes", "Secret"})
NEUTRAL_TYPES = names(
    "int float bool complex None datetime date time timedelta timezone UUID Decimal Callable type "
    "Logger BoundLogger Lock Event Pattern Path Enum IntEnum StrEnum Flag Literal Future Task "
    "AwareDatetime NaiveDatetime PositiveInt NonNegativeInt ModuleType"
)
PII_TYPES = {
    "EmailStr": "email address",
    "NameEmail": "email address",
    "PhoneNumber": "phone number",
    "PaymentCardNumber": "identity or account number",
    "PII": "personal data",
    "Pii": "personal data",
}
PAYLOAD_TYPES = frozenset({"Request", "HttpRequest", "HTTPConnection", "WSGIRequest"})
CONTAINER_TYPES = names(
    "list List set Set frozenset FrozenSet tuple Tuple Sequence MutableSequence Iterable Iterator "
    "AsyncIterator AsyncIterable Generator AsyncGenerator Collection deque dict Dict Mapping "
    "MutableMapping defaultdict OrderedDict"
)
WRAPPER_TYPES = names(
    "Optional Union Annotated Final ClassVar Required NotRequired Awaitable Coroutine Mapped "
    "ReadOnly InitVar"
)
# Methods of strings and bytes that answer the same text in another form.
TEXT_METHODS = names(
    "strip lstrip rstrip lower upper title encode decode replace rsplit split partition rpartition "
    "splitlines casefold capitalize swapcase ljust rjust center zfill expandtabs translate "
    "removeprefix removesuffix hex group groups groupdict getvalue tobytes as_posix read readline "
    "readlines isoformat __str__ __repr__ __format__"
)
SPLIT_METHODS = names("split rsplit partition rpartition")
WHOLE_METHODS = names("model_dump model_dump_json dict to_dict as_dict _asdict to_json")
