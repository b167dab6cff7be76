//! Telling a mirror everything: one `replace` per audience, or, where a list is too long for one
//! body, each standing by itself.
//!
//! The sequence of a list is taken before the reading begins, so that every change that happens
//! meanwhile is newer than the list and wins. The stored lists are brought up to date once, and read
//! outside the pipeline's thread; only who a member is and whether they may be told of is asked
//! there, some at a time. What the list says of somebody is noted with them, as if it had been said
//! of them alone: whoever was named is taken back when they leave, are erased or get another name.

mod list;

use segue_receiver::limits::BODY_BYTES_MAX;

use self::list::person;
use super::Handle;
use super::mirrors::Turn;
use crate::clock::TimeMs;
use crate::ingest::Unavailable;
use crate::keys::{AccountNo, ActivationNo, AudienceNo, JournalSeq, ProfileId};
use crate::store::{Reader, StoreError};

/// How many bytes of person ids one `replace` names, so that its body stays within what a receiver
/// takes. There is no `replace` in parts: a longer list is told person by person.
pub const REPLACE_BYTES_MAX: usize = BODY_BYTES_MAX - 64 * 1_024;
/// What a person id costs in a list besides its own bytes: quotes and a comma, in bytes.
const PER_PERSON_BYTES: usize = 3;
/// How many persons are read, asked about and told of at once.
const PERSONS_AT_ONCE: u32 = 500;

/// A mirror that is being told.
#[derive(Debug, Clone, Copy)]
struct Mirror {
    account: AccountNo,
    no: ActivationNo,
    /// Which need of it this is about.
    turn: Turn,
    /// When its lists began, and what was journaled by then.
    began: (TimeMs, JournalSeq),
}

/// An audience that is listed.
#[derive(Debug, Clone, Copy)]
struct Told {
    audience: AudienceNo,
    /// What the list removes is older than what it adds: two persons may share a name.
    removes: u64,
    adds: u64,
}

/// Where lists of members begin.
struct Beginning {
    mirror: Mirror,
    reader: Box<dyn Reader + Send>,
    audiences: Vec<Told>,
}

/// Tells a mirror everything.
///
/// # Errors
///
/// The pipeline has stopped, or its store does not work.
pub async fn resync(
    handle: &Handle,
    account: AccountNo,
    no: ActivationNo,
) -> Result<(), Unavailable> {
    let beginning = handle.ask(move |pipeline| pipeline.begin_resync(account, no));
    let Some(beginning) = beginning.await?.map_err(unavailable)? else {
        return Ok(());
    };
    let Beginning {
        mirror,
        mut reader,
        audiences,
    } = beginning;
    for told in audiences {
        let mut list = Listing {
            handle,
            reader: &mut *reader,
            mirror,
            told,
        };
        if list.fits().await? {
            list.tell_all().await?;
        } else {
            tracing::info!(%no, "an audience is too large for one `replace`");
            list.tell_each().await?;
        }
    }
    handle.ask(move |pipeline| pipeline.told(mirror)).await
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what an error is mapped by"
)]
fn unavailable(error: StoreError) -> Unavailable {
    tracing::error!(%error, "a resync failed");
    Unavailable
}

/// One audience of a mirror.
struct Listing<'a> {
    handle: &'a Handle,
    reader: &'a mut (dyn Reader + Send),
    mirror: Mirror,
    told: Told,
}

impl Listing<'_> {
    /// The members, or the former ones, after the profile `after`, which moves on; none at the end.
    fn page(
        &mut self,
        member: bool,
        after: &mut Option<ProfileId>,
    ) -> Result<Option<Vec<ProfileId>>, Unavailable> {
        let (account, audience) = (self.mirror.account, self.told.audience);
        let page = if member {
            self.reader
                .members(account, audience, *after, PERSONS_AT_ONCE)
        } else {
            self.reader
                .former_members(account, audience, *after, PERSONS_AT_ONCE)
        };
        let page = page.map_err(unavailable)?;
        let ids: Vec<ProfileId> = page.into_iter().map(|row| row.profile).collect();
        *after = ids.last().copied();
        Ok(after.is_some().then_some(ids))
    }

    /// Whether the names of all members fit one body. Nothing is noted yet: a list in parts would
    /// not know any more what the names were before.
    async fn fits(&mut self) -> Result<bool, Unavailable> {
        let (mut bytes, mut after) = (0, None);
        while let Some(page) = self.page(true, &mut after)? {
            let (mirror, audience) = (self.mirror, self.told.audience);
            let sized = self
                .handle
                .ask(move |pipeline| pipeline.name_bytes(mirror, audience, &page));
            bytes += sized.await?.map_err(unavailable)?;
            if bytes > REPLACE_BYTES_MAX {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells all members at once, by the names that the mirror uses.
    async fn tell_all(&mut self) -> Result<(), Unavailable> {
        let (mut persons, mut after) = (Vec::new(), None);
        let (mirror, told) = (self.mirror, self.told);
        while let Some(page) = self.page(true, &mut after)? {
            let listed = self
                .handle
                .ask(move |pipeline| pipeline.list(mirror, told.audience, &page));
            let listed = listed.await?.map_err(|_logged| Unavailable)?;
            let names = listed.into_iter();
            let names = names.filter_map(|(id, one)| Some((id, person(one.name.as_deref())?)));
            persons.extend(names);
        }
        let all = self
            .handle
            .ask(move |pipeline| pipeline.tell_all(mirror, told, persons));
        all.await?.map_err(unavailable)
    }

    /// Adds each member, and removes whoever was told of and is not to be there.
    async fn tell_each(&mut self) -> Result<(), Unavailable> {
        let (mirror, told) = (self.mirror, self.told);
        for member in [true, false] {
            let mut after = None;
            while let Some(page) = self.page(member, &mut after)? {
                let each = self
                    .handle
                    .ask(move |pipeline| pipeline.tell_each(mirror, told, &page));
                each.await?.map_err(|_logged| Unavailable)?;
            }
        }
        Ok(())
    }
}
