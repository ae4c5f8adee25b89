//! Durable queue, schedules and the outbox of events, in the metadata database.
