//! Where the database is, as the operator writes it.

use std::path::PathBuf;

use crate::DbError;

/// The database to open.
#[derive(Clone)]
pub struct DbConfig {
    /// `sqlite:PATH` or `postgres://user:password@host:port/name`. For TLS to PostgreSQL add `?sslmode=verify-full`, and
    /// `sslrootcert=PATH` if its certificate is signed by an authority of one's own.
    pub url: String,
    /// The most connections: to PostgreSQL in all, to SQLite for reading (it always has one more, for writing).
    pub max_connections: usize,
}

/// Leaves out what stands before the host, which may be a password.
impl std::fmt::Debug for DbConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
            _ => self.url.clone(),
        };
        f.debug_struct("DbConfig").field("url", &shown).field("max_connections", &self.max_connections).finish()
    }
}

impl DbConfig {
    /// That database, with a number of connections that suits a small server.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: 16 }
    }

    pub(crate) fn target(&self) -> Result<Target, DbError> {
        let url = self.url.as_str();
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(DbError::BadUrl("sqlite: needs the path of a file".into()));
            }
            return Ok(Target::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return PostgresTarget::parse(url).map(|target| Target::Postgres(Box::new(target)));
        }
        Err(DbError::BadUrl("it starts neither with sqlite: nor with postgres://".into()))
    }
}

/// What a [`DbConfig::url`] names.
pub(crate) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<PostgresTarget>),
}

/// A PostgreSQL server, and how to speak to it.
pub(crate) struct PostgresTarget {
    pub(crate) driver: tokio_postgres::Config,
    /// `None`: in clear. TLS always checks the server's certificate and name.
    pub(crate) tls: Option<TlsRoots>,
}

/// Who vouches for the server's certificate.
pub(crate) enum TlsRoots {
    System,
    File(PathBuf),
}

impl PostgresTarget {
    /// Takes the TLS settings out of the address, because the driver knows only some of libpq's words for them.
    fn parse(url: &str) -> Result<Self, DbError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut rest) = ("disable", TlsRoots::System, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = value,
                Some(("sslrootcert", value)) => roots = TlsRoots::File(PathBuf::from(value)),
                _ => rest.push(pair),
            }
        }
        let tls = match mode {
            "disable" => None,
            "require" | "verify-ca" | "verify-full" => Some(roots),
            // `prefer` and `allow` fall back to clear text unasked, which protects from nobody.
            other => return Err(DbError::BadUrl(format!("sslmode is disable or verify-full, not {other}"))),
        };
        let mut driver: tokio_postgres::Config = format!("{base}?{}", rest.join("&"))
            .parse()
            .map_err(|error: tokio_postgres::Error| DbError::BadUrl(crate::error::chain(&error)))?;
        use tokio_postgres::config::SslMode;
        driver.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        Ok(Self { driver, tls })
    }
}

#[cfg(test)]
mod tests;
