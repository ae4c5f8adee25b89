//! SSH keys: who may add them, whom they recognise, and the passes for large files.

use hub_account::{AccountError, By, Caller, Credential, PublicKey, Transfer};
use hub_core::{Access, SecretString};

use crate::{START, World, refused, world};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOYb8NGTS5ncHVUnVxgjsl5s1PV7FuPc/OthO8XvFP4S ada@laptop";

fn key() -> PublicKey {
    KEY.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_the_account_that_it_was_added_to() {
    let world = world().await;
    let (ada, eve) = (world.user("ada").await, world.user("eve").await);
    let (as_ada, as_eve) = (world.caller("ada").await, world.caller("eve").await);
    let title = || "laptop".parse().unwrap();
    assert!(world.accounts.authenticate_ssh_key(key().as_bytes()).await.is_err());
    let added = world.accounts.add_ssh_key(By::Caller(&as_ada), ada.id, title(), &key()).await.unwrap();
    assert_eq!(added.fingerprint_text(), "SHA256:1VgOli09zy9nt4QNEYsQHRYwekIfG0FlmBNTJmwmX+c");
    assert_eq!(added.algorithm(), "ssh-ed25519");

    let knocking = world.accounts.authenticate_ssh_key(key().as_bytes()).await.unwrap();
    assert_eq!(knocking.user().unwrap().name.as_str(), "ada");
    assert_eq!(knocking.ceiling(ada.id, None), Some(Access::Admin));
    assert_eq!(world.accounts.ssh_keys(By::Caller(&as_ada), ada.id).await.unwrap()[0].last_used_at, Some(START));

    let needs = "this needs the owner of the account, with a password or a write token";
    assert_eq!(refused(world.accounts.ssh_keys(By::Caller(&as_eve), ada.id).await), needs);
    assert_eq!(refused(world.accounts.add_ssh_key(By::Caller(&as_eve), ada.id, title(), &key()).await), needs);
    let taken = refused(world.accounts.add_ssh_key(By::Caller(&as_eve), eve.id, title(), &key()).await);
    assert!(taken.contains("belongs to an account"), "{taken}");
    assert_eq!(
        refused(world.accounts.delete_ssh_key(By::Caller(&as_eve), eve.id, added.id).await),
        "there is no such SSH key"
    );

    world.accounts.delete_ssh_key(By::Caller(&as_ada), ada.id, added.id).await.unwrap();
    assert!(world.accounts.authenticate_ssh_key(key().as_bytes()).await.is_err());
    world.accounts.add_ssh_key(By::Caller(&as_eve), eve.id, title(), &key()).await.unwrap();
    assert_eq!(
        world.accounts.authenticate_ssh_key(key().as_bytes()).await.unwrap().user().unwrap().name.as_str(),
        "eve"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_disabled_account_open_nothing() {
    let world = world().await;
    let ada = world.user("ada").await;
    world.accounts.add_ssh_key(By::Operator, ada.id, "laptop".parse().unwrap(), &key()).await.unwrap();
    let caller = world.accounts.authenticate_ssh_key(key().as_bytes()).await.unwrap();
    let pass = world.accounts.large_file_pass(&caller, 7, Transfer::Upload).await.unwrap();
    bearer(&world, pass.value.reveal()).await.unwrap().expect("a pass");
    world.accounts.set_disabled(By::Operator, &ada.name, true).await.unwrap();
    assert!(world.accounts.authenticate_ssh_key(key().as_bytes()).await.is_err());
    assert!(bearer(&world, pass.value.reveal()).await.is_err());
}

/// Who comes with a value where passes are taken.
async fn bearer(world: &World, value: &str) -> Result<Option<Caller>, AccountError> {
    world.accounts.authenticate_large_file_pass(&SecretString::new(value)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_is_for_one_repository_one_direction_and_one_hour() {
    let world = world().await;
    let ada = world.user("ada").await;
    let caller = world.caller("ada").await;
    let read = world.accounts.large_file_pass(&caller, 7, Transfer::Download).await.unwrap().value;
    let write = world.accounts.large_file_pass(&caller, 7, Transfer::Upload).await.unwrap().value;
    for (pass, transfer, access) in
        [(&read, Transfer::Download, Access::Read), (&write, Transfer::Upload, Access::Admin)]
    {
        let bearer = bearer(&world, pass.reveal()).await.unwrap().expect("a pass");
        let user = bearer.user().unwrap();
        assert_eq!(user.name.as_str(), "ada");
        let Credential::LargeFiles(grant) = &user.credential else { panic!("{:?}", user.credential) };
        assert_eq!((grant.repo, grant.transfer), (7, transfer));
        assert_eq!(bearer.ceiling(ada.id, Some(7)), Some(access));
        assert_eq!(bearer.ceiling(ada.id, Some(8)), None);
        assert_eq!(bearer.ceiling(ada.id, None), None);
        assert!(!user.credential.is_full(), "it cannot make tokens");
        assert!(bearer.readable_namespaces().is_empty());
        assert!(world.accounts.authenticate_token(pass).await.is_err(), "no door but that of large files takes it");
    }
    for forged in [
        write.reveal().replace(".w.", ".r."),
        read.reveal().replace(".r.", ".w."),
        write.reveal()[..write.reveal().len() - 2].to_owned(),
        "hf_lfs_1.7.w.ffffffffff.".to_owned(),
        "hf_lfs_1.7.w.ffffffffff.zz".to_owned(),
    ] {
        assert!(bearer(&world, &forged).await.is_err(), "{forged}");
    }
    for other in ["", "hf_lfs_", "hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        assert!(bearer(&world, other).await.unwrap().is_none(), "{other} may be a token");
    }
    world.clock.advance_millis(3_600_000);
    assert!(bearer(&world, write.reveal()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_key_is_made_once() {
    let world = world().await;
    let seed = world.accounts.ssh_host_seed().await.unwrap();
    assert_ne!(seed, [0; 32]);
    assert_eq!(world.restarted().ssh_host_seed().await.unwrap(), seed);
}
