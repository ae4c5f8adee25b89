//! The vocabulary of Hearth: what every other crate means by an id, a name, a path, a revision, a role or an error.
//!
//! Nothing here reads, writes, waits or asks the system for time or randomness. A value of a type of this crate is
//! valid by construction: text is parsed once, at the edge, and never checked again inside.

mod access;
mod clock;
mod code;
mod hash;
mod kind;
mod limits;
mod name;
mod path;
mod revision;
mod secret;
mod thread;

pub use access::{Access, OrgRole, TokenRole, Visibility};
pub use clock::{Clock, FixedClock, Ids, Timestamp};
pub use code::{Code, UserError};
pub use hash::{CommitId, HashParseError, Oid, Sha256, XetHash};
pub use kind::RepoKind;
pub use limits::Limits;
pub use name::{NameError, NamespaceName, RepoAddr, RepoName};
pub use path::{BucketPath, PathError, RepoPath, is_reserved_part};
pub use revision::{RefName, RefNameError, Revision};
pub use secret::SecretString;
pub use thread::{ThreadNumber, ThreadNumberError};
