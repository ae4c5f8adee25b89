//! PostgreSQL: a pool of connections with cached statements.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use crate::config::PostgresTarget;
use crate::tls::Tls;
use crate::{DbError, FromRow, Row, Value};

/// How long a caller waits for a connection when all are taken.
const WAIT: Duration = Duration::from_secs(30);
/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Said on each new connection: no lock is waited for longer than a caller would wait, and a transaction whose owner
/// has hung does not hold its locks for ever.
const SETTINGS: &str = "
    SET lock_timeout = '30s';
    SET idle_in_transaction_session_timeout = '10min';
    SET client_min_messages = 'error';
";

pub(crate) fn pool(target: PostgresTarget, max_connections: usize) -> Result<Pool, DbError> {
    let mut driver = target.driver;
    driver.connect_timeout(CONNECT);
    if driver.get_application_name().is_none() {
        driver.application_name("hearth");
    }
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match target.tls {
        None => Manager::from_config(driver, NoTls, settings),
        Some(roots) => Manager::from_config(driver, Tls::new(roots)?, settings),
    };
    Pool::builder(manager)
        .max_size(max_connections.max(1))
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CONNECT))
        .recycle_timeout(Some(CONNECT))
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        }))
        .build()
        .map_err(|error| DbError::Other(error.into()))
}

pub(crate) async fn connection(pool: &Pool) -> Result<Object, DbError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            match DbError::from(error) {
                // A connection that cannot be made is an unreachable database, whatever the reason.
                DbError::Other(error) => DbError::Unavailable(error),
                told => told,
            }
        }
        other => DbError::Unavailable(other.into()),
    })
}

pub(crate) fn bound(args: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

pub(crate) async fn query<T: FromRow>(client: &ClientWrapper, sql: &str, args: &[Value]) -> Result<Vec<T>, DbError> {
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &bound(args)).await?;
    rows.iter().map(|row| T::from_row(&Row::postgres(row))).collect()
}

/// Runs a statement for its effect; rows that it returns are counted, not read.
pub(crate) async fn exec(client: &ClientWrapper, sql: &str, args: &[Value]) -> Result<u64, DbError> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, &bound(args)).await?)
}
