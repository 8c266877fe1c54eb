//! Reading the audit trail: a page, and all of it as an export.

use domain::audit::{AUDIT_PAGE_SIZE, Action, AuditEvent, AuditPage, AuditQuery};
use domain::role::Permission;

use super::{Entry, Intent};
use crate::auth::{Granted, WrongGrant};
use crate::console::Console;
use crate::state::StateError;

/// Lines that are read at once.
const BATCH: usize = 500;

/// Why the audit trail is not shown, or an export ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum AuditNotShown {
    /// The session ended, the token was revoked, or the role is another now.
    #[error("the permission to export was taken back meanwhile")]
    Revoked,
    /// Whoever asked went away.
    #[error("the browser went away")]
    GoneAway,
    /// Whoever asked took too little of it for too long.
    #[error("the download stood still, or took too long")]
    TooSlow,
    /// The grant is for something else.
    #[error(transparent)]
    WrongGrant(#[from] WrongGrant),
    /// The state store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<sqlx::Error> for AuditNotShown {
    fn from(error: sqlx::Error) -> Self {
        Self::State(error.into())
    }
}

/// An export that has begun: its intent is in the trail, and its outcome comes with its end.
#[derive(Debug)]
pub struct AuditExport {
    console: Console,
    granted: Granted,
    intent: Intent,
    /// What is still to be read; `None` at the end.
    rest: Option<AuditQuery>,
    lines: u64,
}

impl Console {
    /// Lines of the audit trail, newest first.
    pub async fn audit_page(
        &self,
        granted: &Granted,
        query: &AuditQuery,
    ) -> Result<AuditPage, AuditNotShown> {
        granted.require(Permission::ViewAudit)?;
        self.note_read(granted, "audit", "");
        let mut events = self.state.audit_events(query, AUDIT_PAGE_SIZE + 1).await?;
        let has_more = events.len() > AUDIT_PAGE_SIZE;
        events.truncate(AUDIT_PAGE_SIZE);
        Ok(AuditPage {
            next_before_id: has_more.then(|| events.last().map(|event| event.id)).flatten(),
            events,
            kept_days: self.audit_keep_days,
            reads_lost: self.reads.lost(),
        })
    }

    /// Begins an export of the audit trail, which is written down.
    pub async fn begin_audit_export(
        &self,
        granted: Granted,
        query: AuditQuery,
    ) -> Result<AuditExport, AuditNotShown> {
        granted.require(Permission::ViewAudit)?;
        let mut entry = Entry::of(granted.caller(), Action::Export).on("audit");
        for (name, value) in query.parameters() {
            entry = entry.after(name, value);
        }
        Ok(AuditExport {
            console: self.clone(),
            intent: self.intend(entry).await?,
            granted,
            rest: Some(query),
            lines: 0,
        })
    }
}

impl AuditExport {
    /// The next lines; none at the end. Fails where what was granted is not granted any more.
    pub async fn next(&mut self) -> Result<Vec<AuditEvent>, AuditNotShown> {
        let Some(query) = self.rest.take() else {
            return Ok(Vec::new());
        };
        if !self.console.still_grants(&self.granted).await? {
            return Err(AuditNotShown::Revoked);
        }
        let events = self.console.state.audit_events(&query, BATCH).await?;
        self.lines += events.len() as u64;
        if let Some(last) = events.last().filter(|_| events.len() == BATCH) {
            self.rest = Some(AuditQuery {
                before_id: Some(last.id),
                ..query
            });
        }
        Ok(events)
    }

    /// Everything was handed over.
    pub async fn finish(self) -> Result<(), AuditNotShown> {
        let state = self.console.state.clone();
        let mut transaction = state.begin().await?;
        let detail = format!("{} lines", self.lines);
        self.intent
            .succeed_with(&mut transaction, self.console.now(), &detail)
            .await?;
        transaction.commit().await?;
        self.intent.announce();
        Ok(())
    }

    /// It ends before its end.
    pub async fn break_off(self, why: &AuditNotShown) {
        self.intent.fail(&self.console, why).await;
    }
}
