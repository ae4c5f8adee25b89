//! From events to what people are told.

use std::collections::{BTreeMap, HashSet};

use hub_account::{By, NamespaceId, NamespaceKind, PageQuery};
use hub_core::{OrgRole, ThreadNumber};
use hub_jobs::{Event, Outbox};
use hub_mail::Letter;
use hub_repo::{RepoId, RepoState};

use super::settings::NotificationSetting as Setting;
use super::{Happened, Reason, mentions};
use crate::discussions::{STATUS_EVENT, ThreadEventId};
use crate::store::{blocks, discussions, notifications, pieces, reviews, threads};
use crate::{Community, CommunityError};

/// The name under which the outbox keeps how far events were taken in.
const READER: &str = "notifications";
/// How many events one transaction takes in.
const EVENTS: u32 = 10;
/// The most people of each kind who are told of one event.
const PARTICIPANTS_MAX: i64 = 500;
const WATCHERS_MAX: i64 = 2_000;
const KEEPERS_MAX: usize = 200;
/// How much of a comment a letter shows, in characters.
const QUOTED_MAX: usize = 2_000;

/// Somebody who will be told.
struct Told {
    who: NamespaceId,
    reason: Reason,
    in_page: bool,
    /// What they get by mail, unless they have news of the discussion waiting: one letter until they have looked, so that a
    /// lively discussion does not fill a mailbox.
    letter: Option<Letter>,
}

impl Community {
    /// Tells people of what happened since the last time; answers how many notifications that made.
    pub async fn dispatch_notifications(&self) -> Result<usize, CommunityError> {
        let mut made = 0;
        loop {
            let Some(news) = self.news(READER, EVENTS).await? else { return Ok(made) };
            let (mut all, mut of_pieces) = (Vec::new(), Vec::new());
            for event in &news.events {
                of_pieces.extend(self.told_of_piece(event).await?);
                if let Some(happened) = self.happened(event).await? {
                    let told = self.told(&happened).await?;
                    all.push((happened, told));
                }
            }
            let mut tx = self.db().begin().await?;
            if !Outbox::advance(&mut tx, READER, news.from, news.to).await? {
                // Another replica was faster, and has told them.
                return Ok(made);
            }
            for (happened, told) in &all {
                for Told { who, reason, in_page, letter } in told {
                    if *in_page {
                        notifications::tell(&mut tx, *who, happened, *reason).await?;
                        made += 1;
                    }
                    if let Some(letter) = letter {
                        self.accounts().mail().send(&mut tx, letter).await?;
                    }
                }
            }
            for told in &of_pieces {
                if told.in_page {
                    pieces::tell(&mut tx, told).await?;
                    made += 1;
                }
                if let Some(letter) = &told.letter {
                    self.accounts().mail().send(&mut tx, letter).await?;
                }
            }
            tx.commit().await?;
        }
    }

    /// What an event tells of a discussion, if it is one of which people are told, and still there.
    async fn happened(&self, event: &Event) -> Result<Option<Happened>, CommunityError> {
        let is_told = ["discussion.created", "discussion.comment.created", STATUS_EVENT].contains(&event.kind.as_str());
        let number = |name: &str| event.payload[name].as_i64();
        let (Some(repo), Some(num), Some(id), Some(by)) =
            (number("repo"), number("num"), number("comment"), number("by"))
        else {
            return Ok(None);
        };
        if !is_told {
            return Ok(None);
        }
        let Some(repo) = self.repos().state_of(RepoId::from_key(repo)).await? else { return Ok(None) };
        let found = discussions::get(self.db(), repo.id, ThreadNumber::new(num)).await?;
        let Some(discussion) = found else { return Ok(None) };
        let Some(row) = threads::get(self.db(), discussion.id, ThreadEventId(id)).await? else { return Ok(None) };
        let text = match (row.hidden.is_some(), row.body) {
            (false, Some(body)) => body,
            (true, _) => String::new(),
            (false, None) => format!("{} → {}", row.old, row.new),
        };
        let review = reviews::get(self.db(), row.id).await?;
        let text = match review.and_then(|review| review.verdict.announced()) {
            Some(verdict) => format!("{verdict}\n\n{text}").trim_end().to_owned(),
            None => text,
        };
        let event = ThreadEventId(id);
        let is_review = review.is_some();
        Ok(Some(Happened { repo, discussion, event, is_review, by: NamespaceId::new(by), text, at: row.at }))
    }

    /// Who is told of it, and how.
    async fn told(&self, what: &Happened) -> Result<Vec<Told>, CommunityError> {
        let mut reasons: BTreeMap<NamespaceId, Reason> = BTreeMap::new();
        let mut add = |who: NamespaceId, reason: Reason| {
            let known = reasons.entry(who).or_insert(reason);
            *known = (*known).max(reason);
        };
        let targets = [what.repo.id.key(), what.repo.owner.key()];
        for who in notifications::watchers(self.db(), &targets, WATCHERS_MAX).await? {
            add(who, Reason::Watching);
        }
        for who in self.keepers(&what.repo).await? {
            add(who, Reason::Participating);
        }
        for who in notifications::participants(self.db(), what.discussion.id, PARTICIPANTS_MAX).await? {
            add(who, Reason::Participating);
        }
        if what.is_review {
            add(what.discussion.author, Reason::Review);
        }
        for name in mentions(&what.text) {
            let found = self.accounts().namespace(&name).await?;
            if let Some(found) = found.filter(|found| found.kind == NamespaceKind::User) {
                add(found.id, Reason::Mention);
            }
        }
        reasons.remove(&what.by);
        for who in notifications::muted_by(self.db(), what.discussion.id).await? {
            reasons.remove(&who);
        }
        let people: Vec<NamespaceId> = reasons.keys().copied().collect();
        for who in blocks::blockers(self.db(), what.by, &people).await? {
            reasons.remove(&who);
        }
        let mut off: BTreeMap<Setting, HashSet<NamespaceId>> = BTreeMap::new();
        for &setting in Setting::ALL {
            let found = notifications::switched_off(self.db(), setting.word(), &people).await?;
            off.insert(setting, found.into_iter().collect());
        }
        let wants = |setting: Setting, who: NamespaceId| !off.get(&setting).is_some_and(|off| off.contains(&who));
        let mut told = Vec::new();
        for (who, reason) in reasons {
            let (in_page, by_mail) = match reason {
                Reason::Watching => (Setting::WebWatched, Setting::MailWatched),
                Reason::Participating | Reason::Review | Reason::Mention => {
                    (Setting::WebParticipating, Setting::MailParticipating)
                }
            };
            let (in_page, by_mail) = (wants(in_page, who), wants(by_mail, who));
            if !(in_page || by_mail) || !self.may_be_told(who, &what.repo).await? {
                continue;
            }
            let waits = in_page && notifications::is_unread(self.db(), who, what.discussion.id).await?;
            let letter = match by_mail && !waits {
                true => self.letter(what, who, reason).await?,
                false => None,
            };
            told.push(Told { who, reason, in_page, letter });
        }
        Ok(told)
    }

    /// Who looks after a repository: its owner, or the members of its organisation who may write.
    async fn keepers(&self, repo: &RepoState) -> Result<Vec<NamespaceId>, CommunityError> {
        let Some(owner) = self.accounts().namespace_by_id(repo.owner).await? else { return Ok(Vec::new()) };
        if owner.kind == NamespaceKind::User {
            return Ok(vec![owner.id]);
        }
        let page = PageQuery { after: None, limit: Some(KEEPERS_MAX) };
        let members = self.accounts().members(By::Operator, &owner.name, &page).await?;
        let keeps = members.items.into_iter().filter(|member| member.role >= OrgRole::Write);
        Ok(keeps.map(|member| member.id).collect())
    }

    /// What a person is told by mail; `None` without a mail server or a proven address.
    async fn letter(
        &self,
        what: &Happened,
        who: NamespaceId,
        reason: Reason,
    ) -> Result<Option<Letter>, CommunityError> {
        let Some(address) = self.accounts().letter_address(who).await? else { return Ok(None) };
        let by = self.accounts().namespace_by_id(what.by).await?;
        let by = by.map_or_else(|| "somebody".to_owned(), |by| by.name.to_string());
        let (repo, discussion) = (&what.repo.addr, &what.discussion);
        let mail = self.accounts().mail();
        let place = format!("/{}/discussions/{}#{}", repo.url_path(), discussion.number, what.event.wire());
        let because = match reason {
            Reason::Mention => "you were mentioned",
            Reason::Review => "your pull request was reviewed",
            Reason::Participating => "you take part in this discussion or look after the repository",
            Reason::Watching => "you watch the repository or its owner",
        };
        let quoted: String = what.text.chars().take(QUOTED_MAX).collect();
        let text = format!(
            "{by} in {repo}, {} #{}:\n\n{quoted}\n\n{}\n\nYou get this letter because {because}. What you are told, and \
             how, is up to you: {}\n",
            discussion.noun(),
            discussion.number,
            mail.link(&place),
            mail.link("/settings/notifications"),
            repo = repo.repo_id(),
        );
        let subject = format!("[{}] {} (#{})", repo.repo_id(), discussion.title, discussion.number);
        Ok(Some(Letter::new(address.as_str(), &subject, &text)))
    }
}
