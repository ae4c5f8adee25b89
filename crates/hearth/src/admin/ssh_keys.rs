//! `hearth admin ssh-key …`: the keys with which people reach git over SSH.

use anyhow::Context as _;
use hub_account::{By, PublicKey, SshKey};

use super::accounts::person;
use super::{say, table};
use crate::cli::SshKeyCommand;
use crate::hub::Hub;

pub(super) async fn run(hub: &Hub, command: SshKeyCommand) -> anyhow::Result<()> {
    let accounts = &hub.accounts;
    match command {
        SshKeyCommand::Add { user, file, name } => {
            let text = tokio::fs::read_to_string(&file).await;
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            let key: PublicKey = text.parse().with_context(|| file.display().to_string())?;
            let key = accounts.add_ssh_key(By::Operator, person(hub, &user).await?, name, &key).await?;
            say(format!("{user} may use the key {} now.", key.fingerprint_text()))
        }
        SshKeyCommand::List { user } => {
            let keys = accounts.ssh_keys(By::Operator, person(hub, &user).await?).await?;
            let row = |key: SshKey| {
                let used = key.last_used_at.map_or("never".to_owned(), |at| at.to_string());
                let name = key.title.as_str().to_owned();
                vec![key.id.to_string(), name, key.algorithm().to_owned(), key.fingerprint_text(), used]
            };
            table(&["ID", "NAME", "KIND", "FINGERPRINT", "LAST USED"], &keys.into_iter().map(row).collect::<Vec<_>>())
        }
        SshKeyCommand::Delete { user, id } => {
            accounts.delete_ssh_key(By::Operator, person(hub, &user).await?, id).await?;
            say(format!("The key {id} of {user} opens nothing any more."))
        }
    }
}
