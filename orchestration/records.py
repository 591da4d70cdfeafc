"""The record types of the warehouse: where each one's verdicts stand."""

from typing import NamedTuple


class RecordType(NamedTuple):
    """One kind of source record, such as phone.calls."""

    name: str
    judged: str
    key: str

    @property
    def source(self) -> str:
        """Return the source system."""
        return self.name.split(".")[0]

    @property
    def table(self) -> str:
        """Return the raw table of the source."""
        return self.name.split(".")[1]

    @property
    def cleaned(self) -> str:
        """Return the table of the records that are kept."""
        return self.judged.replace("__judged", "__cleaned")


RECORD_TYPES = tuple(
    RecordType(*entry)
    for entry in (
        ("app.conversations", "int_app_conversations__judged", "conversation_id"),
        ("app.messages", "int_app_messages__judged", "message_id"),
        ("bot.messages", "int_bot_messages__judged", "message_id"),
        ("bot.sessions", "int_bot_sessions__judged", "session_id"),
        ("phone.call_segments", "int_call_segments__judged", "segment_id"),
        ("phone.calls", "int_calls__judged", "call_id"),
        ("chat.messages", "int_chat_messages__judged", "message_id"),
        ("chat.sessions", "int_chat_sessions__judged", "session_id"),
        ("email.messages", "int_email_messages__judged", "message_id"),
        ("email.threads", "int_email_threads__judged", "thread_id"),
        ("social.messages", "int_social_messages__judged", "message_id"),
        ("store.visits", "int_store_visits__judged", "visit_id"),
        ("chat_transcripts.turns", "int_transcript_turns__judged", "message_id"),
        ("wechat.messages", "int_wechat_messages__judged", "message_id"),
        ("workforce.agent_states", "int_agent_states__judged", "state_id"),
        ("workforce.agents", "int_agents__judged", "agent_id"),
        ("crm.customers", "int_customers__judged", "crm_customer_id"),
        ("crm.deliveries", "int_deliveries__judged", "delivery_id"),
        (
            "marketing.experiment_assignments",
            "int_experiment_assignments__judged",
            "assignment_id",
        ),
        ("crm.orders", "int_orders__judged", "order_id"),
        ("marketing.promotions", "int_promotions__judged", "promotion_id"),
        ("workforce.shifts", "int_shifts__judged", "shift_id"),
        ("people.records", "int_people__judged", "record_id"),
        ("servicenow.incident_events", "int_incidents__judged", "incident_id"),
        ("requests311.requests", "int_service_requests__judged", "request_id"),
        ("survey.answers", "int_survey_answers__judged", "answer_id"),
        ("survey.invitations", "int_survey_invitations__judged", "invitation_id"),
        ("helpdesk.ticket_changes", "int_ticket_changes__judged", "change_id"),
        ("helpdesk.tickets", "int_tickets__judged", "ticket_id"),
    )
)
"""Every verdict model; a test compares the list with the models on disk."""
