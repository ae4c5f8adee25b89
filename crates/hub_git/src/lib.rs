//! Git's own protocol as one more face: clone, fetch and push over HTTPS and SSH, as every git client speaks them.
//!
//! No bare repository lies anywhere. References, commits and trees come from the engine as they come for the HTTP API,
//! and a pack is written from the streams that rows hold already. What a client says is parsed once, within bounds, and
//! put to one use case; what it is answered streams out with flat memory. Versions 2, 1 and 0 of the protocol are
//! spoken: they differ in how a fetch is negotiated and share everything else.

mod body;
mod error;
mod http;
mod packets;
mod protocol;
mod receive_pack;
mod ssh;
mod state;
mod upload_pack;

pub use http::routes;
pub use ssh::SshServer;
pub use state::GitState;
