//! The accounts through their public door, on SQLite, and on PostgreSQL when `TEST_DATABASE_URL` is set.
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage fails where it stands")]

mod import;
mod invitations;
mod oauth;
mod organizations;
mod renaming;
mod sessions;
mod setup;
mod sign_in;
mod ssh_keys;
mod sso;
mod tokens;
mod users;
mod whoami;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hub_account::{
    AccountConfig, AccountError, Accounts, By, Caller, Namespace, NewToken, NewUser, PasswordCost, SignUpPolicy,
    TokenScopes,
};
use hub_core::{FixedClock, Ids, NamespaceName, SecretString, Timestamp, TokenRole, UserError};
use hub_db::testing::{TestDb, database};

/// Fresh numbers that are the same in each run.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Ids for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // An odd factor scatters consecutive numbers over all 64 bits without ever repeating one.
            let number = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&number.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// 2024-01-31T12:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_706_702_400_000);
const DAY: i64 = 86_400_000;

/// An instance with its own database.
struct World {
    accounts: Accounts,
    clock: Arc<FixedClock>,
    ids: Arc<Counting>,
    db: TestDb,
}

impl World {
    async fn new(sign_up: SignUpPolicy) -> Self {
        let (clock, ids) = (Arc::new(FixedClock::new(START)), Arc::new(Counting::default()));
        let db = database().await;
        let accounts = accounts(&db, &clock, &ids, sign_up);
        Self { accounts, clock, ids, db }
    }

    /// The same instance as after a restart.
    fn restarted(&self) -> Accounts {
        accounts(&self.db, &self.clock, &self.ids, SignUpPolicy::Closed)
    }

    async fn user(&self, name: &str) -> Namespace {
        self.accounts.create_user(By::Operator, new_user(name), false).await.unwrap()
    }

    async fn admin(&self, name: &str) -> Namespace {
        self.accounts.create_user(By::Operator, new_user(name), true).await.unwrap()
    }

    /// The caller who signs in by password.
    async fn caller(&self, name: &str) -> Caller {
        self.accounts.authenticate_password(name, &password(name)).await.unwrap()
    }

    /// The value of a fresh token.
    async fn token(&self, owner: &Namespace, role: TokenRole) -> SecretString {
        self.accounts.create_token(By::Operator, owner.id, new_token("laptop", role)).await.unwrap().value
    }

    /// The caller who comes with a fresh token.
    async fn token_caller(&self, owner: &Namespace, role: TokenRole) -> Caller {
        self.accounts.authenticate_token(&self.token(owner, role).await).await.unwrap()
    }
}

fn accounts(db: &TestDb, clock: &Arc<FixedClock>, ids: &Arc<Counting>, sign_up: SignUpPolicy) -> Accounts {
    let password_cost = PasswordCost { memory_kib: 64, passes: 1, ..PasswordCost::default() };
    Accounts::new(
        (**db).clone(),
        clock.clone(),
        ids.clone(),
        &AccountConfig { sign_up, password_cost, ..AccountConfig::default() },
    )
}

async fn world() -> World {
    World::new(SignUpPolicy::Invitation).await
}

fn name(text: &str) -> NamespaceName {
    text.parse().unwrap()
}

fn password(name: &str) -> SecretString {
    SecretString::new(format!("secret of {name}"))
}

fn new_user(text: &str) -> NewUser {
    NewUser { name: name(text), full_name: None, email: None, password: Some(password(text)) }
}

fn new_token(display_name: &str, role: TokenRole) -> NewToken {
    NewToken { display_name: display_name.parse().unwrap(), role, scopes: TokenScopes::default(), expires_at: None }
}

/// The message of a failed use case, as a person reads it.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, AccountError>) -> String {
    result.unwrap_err().message().into_owned()
}
