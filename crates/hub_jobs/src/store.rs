//! The SQL of this crate's tables: `event`, `event_state`, `event_reader`, `job`, `schedule`.

pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod outcomes;
pub(crate) mod schedules;
