//! What commands that change the console's own state work with: the store, and the right of whoever may start them.

use backend::audit::ReadLog;
use backend::auth::{Granted, PasswordHasher};
use backend::clock::SharedClock;
use backend::console::{Console, ConsoleParts};
use backend::declared::Declarations;
use backend::state::StateStore;
use domain::role::Permission;

use super::Failure;
use crate::configuration::Configuration;
use crate::logging::log_audit;

/// A console that watches no database and serves nobody, and the grant of the command line.
pub(super) async fn open(
    configuration: &Configuration,
    clock: &SharedClock,
) -> Result<(Console, Granted), Failure> {
    log_audit(configuration);
    let state = StateStore::open(&configuration.state_url)
        .await
        .map_err(Failure::refused)?;
    let granted = Granted::of_command_line(Permission::ManageUsers);
    let console = Console::new(ConsoleParts {
        state,
        hasher: PasswordHasher::new(1).map_err(Failure::refused)?,
        clock: clock.clone(),
        databases: Vec::new(),
        // Commands read nothing that is counted.
        reads: ReadLog::new().0,
        audit_keep_days: configuration.audit_keep_days,
        public_address: configuration.public_address(configuration.listen),
        environment: None,
        declarations: Declarations::default(),
    });
    Ok((console, granted))
}
