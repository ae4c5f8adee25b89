//! People, organisations, membership, tokens, invitations.
