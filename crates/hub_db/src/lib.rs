//! Metadata on SQLite or PostgreSQL: pools, transactions, dialects, migrations.
