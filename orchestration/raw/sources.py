"""The list: each source, its tables, and how its files are read.

Every option is explained once in the README of `orchestration/load/`.
"""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

TRUE_TOKENS = ("true", "t", "yes", "y", "1")
FALSE_TOKENS = ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class Column:
    """One column of a raw table and where its value stands in a file."""

    name: str
    type: str = "text"
    source: str | None = None
    required: bool = False
    from_path: str | None = None
    from_parent: str | None = None
    formats: tuple[str, ...] = ()
    zone: str | None = None
    true_tokens: tuple[str, ...] = TRUE_TOKENS
    false_tokens: tuple[str, ...] = FALSE_TOKENS

    @property
    def field(self) -> str | None:
        """Return the name of the field in the file, None when it is not a field."""
        if self.from_path or self.from_parent:
            return None
        return self.source or self.name


@dataclass(frozen=True)
class Format:
    """One kind of file that feeds a table: which files, and how they are written."""

    files: str
    reader: str = "delimited"
    delimiter: str = ","
    encoding: str = "utf-8"
    zone: str = "UTC"
    times: tuple[str, ...] = ("iso",)
    dates: tuple[str, ...] = ("iso",)
    null_tokens: tuple[str, ...] = ("",)
    sheet: str | None = None
    members: str | None = None
    records: str | None = None
    ignored: tuple[str, ...] = ()

    def matches(self, name: str) -> bool:
        """Return whether a file of this name, compressed or not, is meant."""
        plain = name.removesuffix(".gz").removesuffix(".zip")
        return fnmatchcase(name, self.files) or fnmatchcase(plain, self.files)


@dataclass(frozen=True)
class Table:
    """One raw table: what a row is, its columns, and the files that feed it."""

    name: str
    description: str
    formats: tuple[Format, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    """Beside the key: what rows are judged together by. A column, or an expression."""
    personal: tuple[str, ...] = ()
    """What tells who somebody is, beside the key: an erasure empties it."""
    pseudonyms: tuple[str, ...] = ()
    """Personal, too, but rows are judged together by it: what was equal stays equal."""
    of_customer: str | None = None
    """Which rows tell of a customer, where others tell of us."""


@dataclass(frozen=True)
class Source:
    """One source system; its tables land in the schema `raw_<name>`."""

    name: str
    description: str
    tables: tuple[Table, ...]
    freshness_hours: int | None = 48

    @property
    def schema(self) -> str:
        """Return the schema its raw tables live in."""
        return f"raw_{self.name}"

    def table(self, name: str) -> Table:
        """Return the table of this name; KeyError when there is none."""
        return {table.name: table for table in self.tables}[name]


def _columns(type_: str, *names: str, required: bool = False) -> tuple[Column, ...]:
    return tuple(Column(name, type_, required=required) for name in names)


def ids(*names: str) -> tuple[Column, ...]:
    """Return text columns that every file must have."""
    return _columns("text", *names, required=True)


def texts(*names: str) -> tuple[Column, ...]:
    """Return text columns."""
    return _columns("text", *names)


def counts(*names: str) -> tuple[Column, ...]:
    """Return whole-number columns."""
    return _columns("bigint", *names)


def times(*names: str, required: bool = False) -> tuple[Column, ...]:
    """Return columns that hold a moment."""
    return _columns("timestamptz", *names, required=required)


def dates(*names: str) -> tuple[Column, ...]:
    """Return columns that hold a calendar day."""
    return _columns("date", *names)


def flags(*names: str) -> tuple[Column, ...]:
    """Return yes-or-no columns."""
    return _columns("boolean", *names)


EXPORTED = times("exported_at", required=True)

PHONE = Source(
    name="phone",
    description="Call records exported by the telephony platform, one file per site.",
    tables=(
        Table(
            name="calls",
            description="One row per version of a call; re-sent whenever it changes.",
            formats=(Format("calls_*.csv"),),
            key=("call_id",),
            indexes=(("caller_number", "started_at"),),
            pseudonyms=("caller_number",),
            columns=(
                *ids("call_id"),
                *texts(
                    "site",
                    "direction",
                    "callback_of",
                    "caller_number",
                    "dialled_number",
                    "language",
                    "ivr_outcome",
                    "queue_name",
                    "agent_id",
                    "call_result",
                    "disposition",
                    "resolved",
                ),
                *counts(
                    "wait_secs",
                    "talk_secs",
                    "hold_secs",
                    "acw_secs",
                    "transfer_count",
                ),
                *times("started_at", required=True),
                *times("answered_at", "ended_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="call_segments",
            description="One row per stay of a call in one queue or with one agent.",
            formats=(Format("segments_*.csv"),),
            key=("segment_id",),
            indexes=(("call_id",),),
            columns=(
                *ids("segment_id", "call_id"),
                *texts("queue_name", "agent_id", "segment_result"),
                *counts(
                    "segment_no", "wait_secs", "talk_secs", "hold_secs", "acw_secs"
                ),
                *times("queued_at", "answered_at", "ended_at"),
                *EXPORTED,
            ),
        ),
    ),
)

CHAT = Source(
    name="chat",
    description="Web chat: sessions and their messages.",
    tables=(
        Table(
            name="sessions",
            description="One row per version of a chat session.",
            formats=(Format("chat_sessions_*.jsonl", "json_lines"),),
            key=("session_id",),
            indexes=(("visitor_id", "started_at"),),
            personal=("crm_customer_id", "name", "phone", "email"),
            pseudonyms=("visitor_id",),
            columns=(
                *ids("session_id"),
                *texts(
                    "site",
                    "visitor_id",
                    "crm_customer_id",
                    "name",
                    "phone",
                    "email",
                    "queue_name",
                    "agent_id",
                    "status",
                    "topic",
                    "tag",
                    "from_bot_session_id",
                ),
                *counts("after_work_secs"),
                *flags("resolved"),
                *times("started_at", required=True),
                *times("queued_at", "ended_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="messages",
            description="One row per version of a chat message.",
            formats=(Format("chat_messages_*.jsonl", "json_lines"),),
            key=("message_id",),
            indexes=(("session_id",),),
            personal=("sender_id",),
            of_customer="sender_type is distinct from 'agent'",
            columns=(
                *ids("message_id", "session_id"),
                *texts("sender_type", "sender_id", "text"),
                *times("sent_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

EMAIL = Source(
    name="email",
    description="Shared mailboxes: threads and their messages.",
    tables=(
        Table(
            name="threads",
            description="One row per version of an e-mail thread.",
            formats=(Format("email_threads_*.jsonl", "json_lines"),),
            key=("thread_id",),
            personal=("customer_address",),
            columns=(
                *ids("thread_id"),
                *texts(
                    "mailbox",
                    "subject",
                    "customer_address",
                    "queue_name",
                    "tag",
                    "status",
                ),
                *flags("resolved"),
                *times("created_at", "solved_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="messages",
            description="One row per version of an e-mail or internal note.",
            formats=(Format("email_messages_*.jsonl", "json_lines"),),
            key=("message_id",),
            indexes=(("thread_id",),),
            personal=("from_address", "to_address"),
            of_customer="not coalesce(is_internal_note, false)",
            columns=(
                *ids("message_id", "thread_id"),
                *texts("direction", "from_address", "to_address", "agent_id", "body"),
                *flags("is_internal_note", "is_auto_reply"),
                *times("sent_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

APP_FILE = Format("app_*.json", "json", times=("epoch_ms",))

APP = Source(
    name="app",
    description="Conversations inside our own app, one nested document per export.",
    tables=(
        Table(
            name="conversations",
            description="One row per version of an app conversation.",
            formats=(
                replace(APP_FILE, records="conversations", ignored=("messages",)),
            ),
            key=("conversation_id",),
            personal=("user_id", "device_id", "phone"),
            columns=(
                *ids("conversation_id"),
                *texts(
                    "user_id",
                    "device_id",
                    "phone",
                    "app_version",
                    "queue_name",
                    "agent_id",
                    "topic",
                    "tag",
                ),
                *flags("resolved"),
                *times("started_at", required=True),
                *times("ended_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="messages",
            description="One row per version of a message of an app conversation.",
            formats=(replace(APP_FILE, records="conversations[].messages"),),
            key=("message_id",),
            indexes=(("conversation_id",),),
            personal=("sender_id",),
            of_customer="sender_type is distinct from 'agent'",
            columns=(
                *ids("message_id"),
                Column("conversation_id", from_parent="conversation_id"),
                *texts("sender_type", "sender_id", "text"),
                *times("sent_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

WECHAT = Source(
    name="wechat",
    description="Messages of our WeChat mini programs; the openid differs per program.",
    tables=(
        Table(
            name="messages",
            description="One row per version of a WeChat message.",
            formats=(Format("wechat_*.jsonl", "json_lines", times=("epoch_s",)),),
            key=("message_id",),
            indexes=(("openid",),),
            personal=("unionid",),
            pseudonyms=("openid",),
            columns=(
                *ids("message_id", "app_id", "openid"),
                *texts(
                    "unionid",
                    "direction",
                    "sender_type",
                    "agent_id",
                    "msg_type",
                    "content",
                    "tag",
                ),
                *times("create_time", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

SOCIAL = Source(
    name="social",
    description="Public and private messages on social platforms.",
    tables=(
        Table(
            name="messages",
            description="One row per version of a social message.",
            formats=(Format("social_*.csv"),),
            key=("message_id",),
            indexes=(("handle",),),
            personal=("display_name",),
            pseudonyms=("handle",),
            columns=(
                *ids("message_id"),
                *texts(
                    "platform",
                    "conversation_id",
                    "handle",
                    "display_name",
                    "direction",
                    "agent_id",
                    "text",
                    "tag",
                ),
                *flags("is_public"),
                *times("posted_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

STORE_FILE = Format(
    "visits_*.csv", zone="Asia/Shanghai", times=("%Y/%m/%d %H:%M:%S", "iso")
)

STORE = Source(
    name="store",
    description="The visit book of each store, one file per store and day.",
    tables=(
        Table(
            name="visits",
            description="One row per version of a visit to a service desk.",
            # a store's encoding and clock are its own: a new store needs a line here
            formats=(
                replace(STORE_FILE, files="visits_cn-sh01_*.csv"),
                replace(STORE_FILE, files="visits_cn-bj01_*.csv", encoding="gb18030"),
                replace(
                    STORE_FILE, files="visits_uk-ldn01_*.csv", zone="Europe/London"
                ),
            ),
            key=("visit_id",),
            indexes=(("coalesce(phone, loyalty_card)", "arrived_at"),),
            personal=("visitor_name", "loyalty_card"),
            pseudonyms=("phone",),
            columns=(
                *ids("visit_id"),
                *texts(
                    "store_code",
                    "visitor_name",
                    "phone",
                    "loyalty_card",
                    "reason",
                    "outcome",
                    "clerk_id",
                ),
                Column(
                    "complaint_form",
                    "boolean",
                    true_tokens=("yes", "是"),
                    false_tokens=("no", "否"),
                ),
                *times("arrived_at", required=True),
                *times("served_at", "left_at"),
                *EXPORTED,
            ),
        ),
    ),
)

BOT = Source(
    name="bot",
    description="Sessions of the service bot on web, app and WeChat.",
    tables=(
        Table(
            name="sessions",
            description="One row per version of a bot session.",
            formats=(Format("bot_sessions_*.parquet", "parquet"),),
            key=("session_id",),
            personal=("visitor_id", "user_id", "openid"),
            columns=(
                *ids("session_id"),
                *texts(
                    "site",
                    "platform",
                    "visitor_id",
                    "user_id",
                    "openid",
                    "language",
                    "intent",
                    "status",
                    "handoff_channel",
                    "handoff_session_id",
                    "tag",
                ),
                *flags("is_resolved"),
                *times("started_at", required=True),
                *times("handed_off_at", "ended_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="messages",
            description="One row per version of a message to or from the bot.",
            formats=(Format("bot_messages_*.parquet", "parquet"),),
            key=("message_id",),
            indexes=(("session_id",),),
            columns=(
                *ids("message_id", "session_id"),
                *texts("sender_type", "text", "intent"),
                Column("confidence", "double precision"),
                *flags("is_fallback"),
                *times("sent_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

CRM = Source(
    name="crm",
    description="Customers, their orders and the deliveries of those orders.",
    tables=(
        Table(
            name="customers",
            description="One row per version of a customer account.",
            formats=(Format("customers_*.csv"),),
            key=("crm_customer_id",),
            personal=(
                "name",
                "gender",
                "birth_date",
                "phone",
                "email",
                "unionid",
                "address",
                "city",
                "postcode",
                "loyalty_card",
            ),
            columns=(
                *ids("crm_customer_id"),
                *texts(
                    "country",
                    "name",
                    "gender",
                    "phone",
                    "email",
                    "unionid",
                    "address",
                    "city",
                    "postcode",
                    "loyalty_card",
                ),
                *dates("birth_date"),
                *times("registered_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="orders",
            description="One row per version of an order.",
            formats=(Format("orders_*.parquet", "parquet"),),
            key=("order_id",),
            columns=(
                *ids("order_id"),
                *texts(
                    "crm_customer_id",
                    "sales_channel",
                    "product_line",
                    "currency",
                    "status",
                    "promotion_id",
                ),
                *counts("quantity"),
                Column("amount", "numeric"),
                *times("ordered_at", required=True),
                *EXPORTED,
            ),
        ),
        Table(
            name="deliveries",
            description="One row per version of the delivery of an order.",
            formats=(
                Format("deliveries_*.tsv", delimiter="\t", null_tokens=("\\N", "")),
            ),
            key=("delivery_id",),
            columns=(
                *ids("delivery_id", "order_id"),
                *texts("carrier", "status"),
                *dates("promised_date"),
                *times("shipped_at", "delivered_at"),
                *EXPORTED,
            ),
        ),
    ),
)

SURVEY_FILE = Format("*", delimiter=";", zone="Asia/Shanghai")

SURVEY = Source(
    name="survey",
    description="Survey invitations and the answers given to them.",
    tables=(
        Table(
            name="invitations",
            description="One row per version of an invitation to a survey.",
            formats=(replace(SURVEY_FILE, files="invitations_*.csv"),),
            key=("invitation_id",),
            personal=("recipient",),
            columns=(
                *ids("invitation_id"),
                *texts(
                    "survey_type",
                    "interaction_source",
                    "interaction_ref",
                    "recipient",
                ),
                *times("sent_at", required=True),
                *EXPORTED,
            ),
        ),
        Table(
            name="answers",
            description="One row per version of an answer.",
            formats=(replace(SURVEY_FILE, files="answers_*.csv"),),
            key=("answer_id",),
            indexes=(("invitation_id",),),
            columns=(
                *ids("answer_id", "invitation_id"),
                *texts("comment"),
                *counts("score"),
                *times("answered_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

HELPDESK = Source(
    name="helpdesk",
    description="Tickets of the help desk and the log of their changes.",
    tables=(
        Table(
            name="tickets",
            description="One row per version of a ticket.",
            formats=(Format("tickets_*.jsonl", "json_lines"),),
            key=("ticket_id",),
            personal=(
                "requester_name",
                "requester_email",
                "requester_phone",
                "crm_customer_id",
            ),
            columns=(
                *ids("ticket_id"),
                *texts(
                    "requester_name",
                    "requester_email",
                    "requester_phone",
                    "crm_customer_id",
                    "channel",
                    "subject",
                    "description",
                    "status",
                    "priority",
                    "ticket_type",
                    "topic",
                    "group_name",
                    "assignee_id",
                    "interaction_source",
                    "interaction_ref",
                ),
                *times("created_at", required=True),
                *times("updated_at", "solved_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="ticket_changes",
            description="One row per change of one field of a ticket.",
            formats=(Format("ticket_changes_*.jsonl", "json_lines"),),
            key=("change_id",),
            indexes=(("ticket_id",),),
            columns=(
                *ids("change_id", "ticket_id"),
                *texts("field", "old_value", "new_value", "author_type", "author_id"),
                *flags("is_public"),
                *times("changed_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

SHIFT_FILE = Format("*", "xlsx", times=("iso", "%Y/%m/%d %H:%M:%S"))

WORKFORCE = Source(
    name="workforce",
    description="Agents, what they did each minute, and when they were planned.",
    tables=(
        Table(
            name="agents",
            description="One row per version of an agent's record.",
            formats=(Format("agents_*.xlsx", "xlsx"),),
            key=("agent_id",),
            columns=(
                *ids("agent_id"),
                *texts(
                    "name", "email", "team", "team_kind", "site", "time_zone", "skills"
                ),
                *dates("hired_on", "left_on"),
                *EXPORTED,
            ),
        ),
        Table(
            name="agent_states",
            description="One row per version of a stay of an agent in one state.",
            formats=(Format("agent_states_*.csv"),),
            key=("state_id",),
            columns=(
                *ids("state_id", "agent_id"),
                *texts("state", "channel"),
                *times("started_at", required=True),
                *times("ended_at"),
                *EXPORTED,
            ),
        ),
        Table(
            name="shifts",
            description="One row per version of a planned shift of an agent.",
            formats=(
                replace(SHIFT_FILE, files="shifts_cn_*.xlsx", zone="Asia/Shanghai"),
                replace(SHIFT_FILE, files="shifts_uk_*.xlsx", zone="Europe/London"),
            ),
            key=("shift_id",),
            columns=(
                *ids("shift_id", "agent_id"),
                *texts("activity"),
                *counts("paid_minutes"),
                *dates("shift_date"),
                *times("starts_at", "ends_at"),
                *EXPORTED,
            ),
        ),
    ),
)

MARKETING = Source(
    name="marketing",
    description="Promotions and the experiments customers were drawn into.",
    tables=(
        Table(
            name="promotions",
            description="One row per version of a promotion.",
            formats=(Format("promotions_*.xlsx", "xlsx"),),
            key=("promotion_id",),
            columns=(
                *ids("promotion_id"),
                *texts("name", "product_line"),
                Column("discount_rate", "numeric"),
                *dates("starts_on", "ends_on"),
                *EXPORTED,
            ),
        ),
        Table(
            name="experiment_assignments",
            description="One row per customer drawn into an experiment.",
            formats=(Format("experiments_*.csv"),),
            key=("assignment_id",),
            columns=(
                *ids("assignment_id"),
                *texts("experiment", "variant", "crm_customer_id"),
                *times("assigned_at", required=True),
                *EXPORTED,
            ),
        ),
    ),
)

REQUESTS311 = Source(
    name="requests311",
    description="City of Vancouver 3-1-1 service requests (open data).",
    freshness_hours=None,
    tables=(
        Table(
            name="requests",
            description="One row per service request.",
            formats=(Format("*311*.csv", zone="America/Vancouver"),),
            # the key of stg_requests311__requests, spelled as its surrogate key is
            indexes=(
                (
                    "md5(coalesce(department, '~') || '|'"
                    " || coalesce(service_request_type, '~') || '|'"
                    " || coalesce("
                    "extract(epoch from opened_at at time zone 'UTC')::text, '~')"
                    " || '|' || coalesce(address, '~')"
                    " || '|' || coalesce(channel, '~'))",
                ),
            ),
            columns=(
                *texts("department"),
                Column("service_request_type", required=True),
                Column("status", required=True),
                *texts("closure_reason", "address", "local_area", "channel"),
                *_columns("double precision", "latitude", "longitude"),
                *texts("geom"),
                Column("closed_date", "date", "service_request_close_date"),
                Column(
                    "opened_at",
                    "timestamptz",
                    "service_request_open_timestamp",
                    required=True,
                ),
                Column("last_modified_at", "timestamptz", "last_modified_timestamp"),
            ),
        ),
    ),
)

SERVICENOW = Source(
    name="servicenow",
    description="Audit log of the incidents of a service desk (UCI data set 498).",
    freshness_hours=None,
    tables=(
        Table(
            name="incident_events",
            description="One row per change of an incident; its whole state after it.",
            formats=(
                Format(
                    "*incident*.csv",
                    times=("day_first", "iso"),
                    null_tokens=("?", ""),
                ),
            ),
            key=("incident_number",),
            columns=(
                Column("incident_number", source="number", required=True),
                Column("incident_state", required=True),
                Column("caller", source="caller_id"),
                *texts("opened_by"),
                Column("created_by", source="sys_created_by"),
                Column("updated_by", source="sys_updated_by"),
                *texts("contact_type", "location", "category", "subcategory"),
                Column("symptom", source="u_symptom"),
                Column("configuration_item", source="cmdb_ci"),
                *texts("impact", "urgency", "priority"),
                *texts("assignment_group", "assigned_to", "notify"),
                Column("problem", source="problem_id"),
                Column("change_request", source="rfc"),
                *texts("vendor", "caused_by", "closed_code", "resolved_by"),
                *counts("reassignment_count", "reopen_count", "sys_mod_count"),
                Column("is_active", "boolean", "active"),
                *flags("made_sla"),
                Column("is_knowledge", "boolean", "knowledge"),
                Column("is_priority_confirmed", "boolean", "u_priority_confirmation"),
                *times("opened_at", required=True),
                Column("created_at", "timestamptz", "sys_created_at"),
                Column("updated_at", "timestamptz", "sys_updated_at"),
                *times("resolved_at", "closed_at"),
            ),
        ),
    ),
)

CHAT_TRANSCRIPTS = Source(
    name="chat_transcripts",
    description="MultiDoGO: customers writing to service desks of five trades.",
    freshness_hours=None,
    tables=(
        Table(
            name="turns",
            description="One row per turn of a customer; turns carry no times.",
            formats=(
                Format("*.tar", delimiter="\t", members="*/*.tsv"),
                Format("*.tgz", delimiter="\t", members="*/*.tsv"),
            ),
            key=("utterance_id",),
            indexes=(("conversation_id",),),
            columns=(
                Column("conversation_id", source="conversationId", required=True),
                Column("utterance_id", source="utteranceId", required=True),
                Column("domain", from_path=r"([^/!]+)/[^/]+\.tsv$"),
                Column("split", from_path=r"([^/!]+)\.tsv$"),
                Column("utterance", required=True),
                Column("slot_labels", source="slot-labels"),
                Column("intents", source="intent"),
                Column("turn_number", "bigint", "turnNumber", required=True),
            ),
        ),
    ),
)

PEOPLE = Source(
    name="people",
    description="Records that carry identifiers of people, from systems of any kind.",
    freshness_hours=None,
    tables=(
        Table(
            name="records",
            description="One row per version of a record about a person.",
            formats=(
                Format("*.jsonl", "json_lines"),
                Format("*.ndjson", "json_lines"),
                Format("*.json", "json_lines"),
                Format("*.tsv", delimiter="\t"),
                Format("*"),
            ),
            key=("record_id",),
            personal=(
                "name",
                "gender",
                "birth_date",
                "phone",
                "email",
                "cookie_id",
                "user_id",
                "device_id",
                "openid",
                "unionid",
                "social_handle",
                "loyalty_card",
                "crm_customer_id",
                "address",
                "city",
                "postcode",
            ),
            # times are read later, where one that cannot be read costs no record
            columns=(
                *ids("record_id", "channel", "occurred_at"),
                *texts(
                    "batch",
                    "lang",
                    "name",
                    "gender",
                    "birth_date",
                    "phone",
                    "email",
                    "cookie_id",
                    "user_id",
                    "device_id",
                    "openid",
                    "openid_app",
                    "unionid",
                    "social_platform",
                    "social_handle",
                    "loyalty_card",
                    "crm_customer_id",
                    "address",
                    "city",
                    "postcode",
                ),
            ),
        ),
    ),
)

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        PHONE,
        CHAT,
        EMAIL,
        APP,
        WECHAT,
        SOCIAL,
        STORE,
        BOT,
        CRM,
        SURVEY,
        HELPDESK,
        WORKFORCE,
        MARKETING,
        REQUESTS311,
        SERVICENOW,
        CHAT_TRANSCRIPTS,
        PEOPLE,
    )
}
