//! Making a change durable.

use super::Kind;
use super::check::Checked;
use crate::admin::Admin;
use crate::admin::auth::Manager;
use crate::admin::problem::Problem;
use crate::clock::TimeMs;
use crate::keys::{AccountNo, ActivationNo};
use crate::pipeline::catalog::{Account, Stored, StoredActivation, StoredCatalog};
use crate::pipeline::{self, SwitchError};

/// A change of one definition.
#[derive(Debug)]
pub(super) enum Change {
    Create(Checked),
    Replace(Checked),
    Remove(String),
}

/// Refuses to change what the configuration file defines: the next start would undo it.
pub(super) fn editable(kind: Kind, kept: &Stored) -> Result<(), Problem> {
    if kept.from_file {
        let detail = format!(
            "the {} `{}` is defined in the configuration file: change it there",
            kind.word(),
            kept.id
        );
        return Err(Problem::conflict("defined_in_file", detail));
    }
    Ok(())
}

/// Refuses to take a destination away under an activation.
pub(super) fn unused(account: &Account, destination: &str) -> Result<(), Problem> {
    let users: Vec<&str> = account
        .activations
        .iter()
        .filter(|one| one.definition.to == destination)
        .map(|one| one.definition.id.as_str())
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    let detail = format!("activations send to it: {}", users.join(", "));
    Err(Problem::conflict("in_use", detail))
}

/// Applies a change. The caller holds the lock on changes.
pub(super) async fn apply(
    admin: &Admin,
    manager: Manager,
    kind: Kind,
    change: Change,
) -> Result<(), Problem> {
    let now = admin.now();
    let removes = matches!(change, Change::Remove(_));
    let switched = switch(admin, move |stored| {
        edit(stored, manager.account, kind, change, now);
    });
    match switched.await {
        Ok(()) => Ok(()),
        Err(Refused::Problem(problem)) => Err(problem),
        // What a removal breaks is what stands on the removed.
        Err(Refused::Mistakes(found)) if removes => {
            let users: Vec<String> = found
                .into_iter()
                .map(|found| format!("{}: {}", found.of, found.mistake.message))
                .collect();
            Err(Problem::conflict("in_use", users.join("; ")))
        }
        Err(Refused::Mistakes(found)) => Err(Problem::together(found)),
    }
}

/// Why nothing was changed.
#[derive(Debug)]
pub(in crate::admin) enum Refused {
    Mistakes(Vec<crate::pipeline::catalog::DefinitionMistake>),
    Problem(Problem),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Mistakes(found) => Self::together(found),
            Refused::Problem(problem) => problem,
        }
    }
}

/// Switches to changed definitions.
pub(in crate::admin) async fn switch(
    admin: &Admin,
    change: impl FnOnce(&mut StoredCatalog) + Send + 'static,
) -> Result<(), Refused> {
    let written = pipeline::write_back(&admin.state.handle).await;
    written.map_err(|error| Refused::Problem(error.into()))?;
    let (now, compile) = (admin.now(), admin.state.compile.clone());
    let asked = admin.question(move |pipeline| {
        let switched = pipeline.switch(now, &*compile, change);
        switched.map(|_| ())
    });
    match asked.await.map_err(Refused::Problem)? {
        Ok(()) => {}
        Err(SwitchError::Mistakes(found)) => return Err(Refused::Mistakes(found)),
        Err(SwitchError::Store(error)) => return Err(Refused::Problem(error.into())),
    }
    // The turn after the question shows how much is to be warmed; who asks for the status of a
    // new audience next must not be told that it is live already.
    // The change itself is durable, whatever comes of this.
    admin.question(|_| ()).await.unwrap_or_default();
    Ok(())
}

fn edit(catalog: &mut StoredCatalog, account: AccountNo, kind: Kind, change: Change, now: TimeMs) {
    let next = ActivationNo(catalog.next_activation + 1);
    let Some(account) = catalog.accounts.iter_mut().find(|one| one.no == account) else {
        return;
    };
    match change {
        Change::Create(Checked { id, definition, .. }) => {
            let stored = Stored {
                id,
                from_file: false,
                version: 1,
                created: now,
                definition,
            };
            match kind {
                Kind::Audience => account.audiences.push(stored),
                Kind::Destination => account.destinations.push(stored),
                Kind::Activation => {
                    account.activations.push(StoredActivation {
                        no: next,
                        active: None,
                        stored,
                    });
                    catalog.next_activation = next.0;
                }
            }
        }
        Change::Replace(Checked {
            id,
            definition,
            says_active,
        }) => {
            let found = account
                .activations
                .iter_mut()
                .find(|one| kind == Kind::Activation && one.stored.id == id && says_active);
            if let Some(activation) = found {
                // The newest word counts, whoever says it.
                activation.active = None;
            }
            if let Some(kept) = kind.find_mut(account, &id)
                && kept.definition != definition
            {
                kept.definition = definition;
                kept.version += 1;
            }
        }
        Change::Remove(id) => kind.remove(account, &id),
    }
}
