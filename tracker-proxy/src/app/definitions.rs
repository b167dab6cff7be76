//! The definitions that the configuration file holds, brought into the stored ones.

use serde_json::Value as Json;

use crate::clock::TimeMs;
use crate::config::{AccountConfig, Config};
use crate::keys::ActivationNo;
use crate::pipeline::catalog::{Stored, StoredActivation, StoredCatalog};

/// Makes `stored` say what the file says. What the admin API made stays, unless the file has
/// something of the same name: then the file's counts.
pub(super) fn adopt_file(stored: &mut StoredCatalog, config: &Config, now: TimeMs) {
    for account in &config.accounts {
        adopt_account(stored, account, now);
    }
}

fn adopt_account(stored: &mut StoredCatalog, config: &AccountConfig, now: TimeMs) {
    let mut next_activation = stored.next_activation;
    let account = stored.account_mut(&config.id, &config.time_zone_name);
    account.time_zone.clone_from(&config.time_zone_name);
    let written = &config.definitions;
    let audiences = written
        .audiences
        .iter()
        .map(|one| (one.id.as_str(), &one.source));
    adopt(&mut account.audiences, audiences, now);
    let destinations = written
        .destinations
        .iter()
        .map(|one| (one.id.as_str(), &one.source));
    adopt(&mut account.destinations, destinations, now);
    let activations: Vec<(&str, &Json)> = written
        .activations
        .iter()
        .map(|one| (one.id.as_str(), &one.source))
        .collect();
    account.activations.retain(|kept| {
        !kept.stored.from_file || activations.iter().any(|(id, _)| *id == kept.stored.id)
    });
    for (id, source) in activations {
        match account
            .activations
            .iter_mut()
            .find(|kept| kept.stored.id == id)
        {
            Some(kept) => update(&mut kept.stored, source),
            None => {
                next_activation += 1;
                let no = ActivationNo(next_activation);
                let stored = fresh(id, source, now);
                account.activations.push(StoredActivation {
                    no,
                    active: None,
                    stored,
                });
            }
        }
    }
    stored.next_activation = next_activation;
}

fn adopt<'a>(
    kept: &mut Vec<Stored>,
    written: impl Iterator<Item = (&'a str, &'a Json)> + Clone,
    now: TimeMs,
) {
    kept.retain(|one| !one.from_file || written.clone().any(|(id, _)| id == one.id));
    for (id, source) in written {
        match kept.iter_mut().find(|one| one.id == id) {
            Some(one) => update(one, source),
            None => kept.push(fresh(id, source, now)),
        }
    }
}

fn update(kept: &mut Stored, source: &Json) {
    kept.from_file = true;
    if kept.definition != *source {
        kept.definition = source.clone();
        kept.version += 1;
    }
}

fn fresh(id: &str, source: &Json, now: TimeMs) -> Stored {
    Stored {
        id: id.to_owned(),
        from_file: true,
        version: 1,
        created: now,
        definition: source.clone(),
    }
}
