//! The HTTP API: repositories, files, large files, accounts.
