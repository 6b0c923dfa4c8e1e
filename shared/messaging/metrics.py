"""What the event flow tells Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

PUBLISHED = Counter("ponte_relay_published_total", "Events acknowledged by Kafka and the journal")
HANDOVER_FAILED = Counter("ponte_relay_handover_failed_total", "Hand-overs left to the poll")
TAKEN_OVER = Counter("ponte_relay_taken_over_total", "Documents whose outbox the poll claimed")
OUTBOX_DEPTH = Gauge("ponte_outbox_documents", "Documents with events that are not yet published")
OUTBOX_OLDEST = Gauge("ponte_outbox_oldest_seconds", "Age of the oldest unpublished event")
PRODUCER_REPLACED = Counter("ponte_producer_replaced_total", "Kafka producers given up after a failure")

HANDLED = Counter("ponte_reader_events_total", "Events that a reader finished", ["topic"])
BATCH_SECONDS = Histogram("ponte_reader_batch_seconds", "Time to finish one batch of events")
HELD = Counter("ponte_reader_held_total", "Tries of a batch that ended because an engine was away")
LAG = Gauge("ponte_reader_lag_events", "Events in the reader's partitions that it has not finished")
JUMPS = Counter("ponte_reader_jumps_total", "Batches that did not begin where the last one ended")
REPLACED = Counter("ponte_reader_replaced_total", "Subscribers that the watchdog replaced")
DEAD_LETTERS = Counter("ponte_dead_letters_total", "Messages set aside", ["reason"])
DEAD_LETTERS_OPEN = Gauge("ponte_dead_letters_open", "Messages set aside that nobody has dealt with yet")
DEAD_LETTER_COPIES = Counter(
    "ponte_dead_letter_copies_total",
    "Copies of dead letters on the topic, by what became of them",
    ["outcome"],
)
REFUSED = Counter("ponte_reactions_refused_total", "Reactions that a rule of the unit refused")

REPLAYED = Counter("ponte_replayed_events_total", "Events that an owner sent again from its journal")
HEAD_ALERTS = Counter(
    "ponte_heads_alerts_total", "Owners and readers that disagree about what has happened", ["kind"]
)
for _kind in ("owner-behind", "other-hash"):
    HEAD_ALERTS.labels(_kind)  # from 0 on, or Prometheus would not see the first one as an increase
HEALED = Counter("ponte_reader_healed_events_total", "Events that came by replay and had never been read")
REPEATED = Counter("ponte_reader_duplicates_total", "Events that had been read before")
ASKED = Counter("ponte_reader_asked_subjects_total", "Subjects whose missing events were asked for")
GAPS = Gauge("ponte_reader_gaps", "Subjects whose missing events were asked for and have not come yet")
RESETS = Counter("ponte_reader_resets_total", "Partitions that had become shorter: the broker lost messages")
