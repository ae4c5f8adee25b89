//! The closed list of ways in which a request can fail, as a client tells them apart.
//!
//! Each error type of the engine maps its variants to a [`Code`] in one exhaustive match. What a code looks like on a
//! protocol (HTTP status, git `ERR` line, page) is the business of the faces: `hub_http/src/error.rs` has the table.

use std::borrow::Cow;

/// A way to fail that some client reacts to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Code {
    /// The repository does not exist, or the caller may not know that it does.
    RepoNotFound,
    /// The repository has no such branch, tag or commit.
    RevisionNotFound,
    /// The revision has no such file or folder.
    EntryNotFound,
    /// Some other thing does not exist (a user, a token, an upload).
    NotFound,
    /// The files are shown only to those who asked for access.
    GatedRepo,
    /// An administrator has switched the repository off.
    RepoDisabled,
    /// The token or password is wrong, revoked or expired.
    BadCredentials,
    /// This needs a signed-in caller.
    NeedsLogin,
    /// The caller is known and may not do this.
    Forbidden,
    /// The request cannot be understood.
    BadRequest,
    /// The request is understood and asks for something impossible (a bad path, a bad name).
    Unprocessable,
    /// It is there already, or someone else was faster.
    Conflict,
    /// The branch is not where the request says it is.
    StaleParent,
    /// The body or file is larger than allowed.
    TooLarge,
    /// The requested range lies outside the file.
    RangeNotSatisfiable,
    /// The caller's share of storage is used up.
    QuotaExceeded,
    /// Too many requests; later ones succeed.
    TooManyRequests,
    /// Hearth does not offer this.
    NotImplemented,
    /// The store has no room left.
    StorageFull,
    /// The server is starting, stopping or overloaded.
    Unavailable,
    /// A fault of ours. The caller sees a request id; the log has the chain.
    Internal,
}

/// What a failed use case tells: its code, and a sentence that says what to do next.
///
/// Implemented by every error enum of the engine and the features; the faces know errors only through it.
pub trait UserError: std::error::Error + Send + Sync + 'static {
    /// How clients tell this failure apart.
    fn code(&self) -> Code;

    /// What a person reads. The default shows the error itself; a [`Code::Internal`] message is never shown.
    fn message(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}
