//! The command line, from which the shell completions and the manual page are also made.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hub_account::{Email, Label};
use hub_core::NamespaceName;

use crate::config::Flags;

/// Hearth: an open, self-hosted home for open AI.
#[derive(Debug, Parser)]
#[command(name = "hearth", version, about, long_about = None)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which installation is meant.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The folder that holds everything [default: data]
    #[arg(long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// The configuration file (TOML; see `hearth config print-default`)
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// What is logged: a level, or pairs such as info,access=off [default: info]
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// How the log is written: text or json [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Serve),
    /// Administer an installation directly; the server may run meanwhile
    #[command(subcommand)]
    Admin(Admin),
    /// Bring the database up to this version (serve does this too)
    Migrate,
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where clients reach the server, if that differs
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// A folder with sample content to publish (see docs/samples.md)
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) samples: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every key with its default and what it means
    PrintDefault,
    /// Read the configuration as `serve` would and report faults
    Check,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// People
    #[command(subcommand)]
    User(UserCommand),
    /// Organisations
    #[command(subcommand)]
    Org(OrgCommand),
    /// Access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Keys for git over SSH
    #[command(subcommand)]
    SshKey(SshKeyCommand),
    /// Invite someone to make an account
    Invite {
        /// The only address that may use the invitation
        #[arg(long)]
        email: Option<Email>,
        /// For how many days it can be used
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=365))]
        days: i64,
    },
    /// Import people, organisations and tokens from a JSON file; importing it again changes nothing
    Import {
        /// The file
        #[arg(value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Show what takes how much room
    Storage {
        /// Tell why this object of the blob store is kept, such as `xorbs/ab/cd/…` or `large/ab/cd/…`
        #[arg(long, value_name = "OBJECT")]
        why: Option<String>,
    },
    /// Remove what nothing refers to
    Gc {
        /// Spare what is younger than this [default: limits.upload_grace_secs]
        #[arg(long, value_name = "SECONDS")]
        grace_secs: Option<u64>,
        /// Also remove chunks that clients may remember and refer to; afterwards change `xet.epoch`
        #[arg(long)]
        forgotten: bool,
    },
    /// Check that everything that is referred to is there and whole; ends with status 1 if not
    Check {
        /// Also read every byte and compare its hash
        #[arg(long)]
        deep: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account
    Add {
        name: NamespaceName,
        /// The name that is shown
        #[arg(long)]
        full_name: Option<Label>,
        #[arg(long)]
        email: Option<Email>,
        /// Make them administrator of this installation
        #[arg(long)]
        admin: bool,
        /// Read a password from standard input, asking for it at a terminal; without this the account has none
        #[arg(long)]
        password_stdin: bool,
    },
    /// List accounts
    List {
        /// Only names that contain this
        #[arg(default_value = "")]
        search: String,
    },
    /// Set a password, asked for at a terminal, else the first line of standard input
    Passwd { name: NamespaceName },
    /// Close an account; nothing is deleted
    Disable { name: NamespaceName },
    /// Open a closed account again
    Enable { name: NamespaceName },
    /// Make someone administrator of this installation
    MakeAdmin { name: NamespaceName },
    /// Take that away again
    RemoveAdmin { name: NamespaceName },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Make an organisation
    Add {
        name: NamespaceName,
        /// The name that is shown
        #[arg(long)]
        full_name: Option<Label>,
        /// Make its repositories private unless their creator says otherwise
        #[arg(long)]
        private: bool,
        /// Who administers it
        #[arg(long, value_name = "USER")]
        admin: Option<NamespaceName>,
    },
    /// List organisations
    List,
    /// Add a member or change their role
    Member { org: NamespaceName, user: NamespaceName, role: Role },
    /// Take a member out
    RemoveMember { org: NamespaceName, user: NamespaceName },
    /// List members
    Members { org: NamespaceName },
}

/// A role in an organisation.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Role {
    NoAccess,
    Read,
    Contributor,
    Write,
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SshKeyCommand {
    /// Add the public key in a file (~/.ssh/id_ed25519.pub) to someone's account
    Add {
        user: NamespaceName,
        file: PathBuf,
        /// What its owner calls it
        #[arg(long, default_value = "added by an administrator")]
        name: Label,
    },
    /// List someone's keys
    List { user: NamespaceName },
    /// Take a key away, by its id from the list
    Delete { user: NamespaceName, id: hub_account::SshKeyId },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, once
    Create {
        user: NamespaceName,
        /// What it is for
        #[arg(long, default_value = "made by an administrator")]
        name: Label,
        /// read or write
        #[arg(long, default_value = "write")]
        role: TokenRoleArg,
        /// For how many days it is good; for ever if not given
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36500))]
        days: Option<i64>,
    },
    /// List someone's tokens
    List { user: NamespaceName },
    /// End a token, by its id from the list
    Revoke { user: NamespaceName, id: hub_account::TokenId },
}

/// The role of a token; fine-grained ones are made through the API, where their scopes can be said.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TokenRoleArg {
    Read,
    Write,
}

impl Cli {
    /// What the flags say, as keys of the configuration.
    pub(crate) fn flags(&self) -> Flags {
        let place = &self.place;
        let flags = Flags::default()
            .set("data", place.data.as_ref().map(|path| path.display()))
            .set("log.filter", place.log.as_ref())
            .set("log.format", place.log_format.as_ref());
        match &self.command {
            Command::Serve(serve) => {
                flags.set("server.listen", serve.listen).set("server.public_url", serve.public_url.as_ref())
            }
            _ => flags,
        }
    }
}
