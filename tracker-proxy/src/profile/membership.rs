//! Which audiences a person is in, was in, and since when.

use serde::{Deserialize, Serialize};

use super::sorted::Sorted;
use crate::clock::TimeMs;
use crate::keys::AudienceNo;

/// A person's standing in one audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// In or out.
    pub member: bool,
    /// Since when it has been so.
    pub since: TimeMs,
    /// How many transitions there were: the first join is 1, the leave after it 2.
    pub number: u32,
}

/// What made a membership change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// An event, a merge or an attribute.
    Event,
    /// Nothing but the passing of time.
    Time,
    /// A new or edited definition that was folded over history.
    Warming,
}

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transition {
    /// Was out, is in.
    Join,
    /// Was in, is out.
    Leave,
    /// Is in, and became so once more (another key of a `then_not` condition ran out).
    Renewal,
}

/// One change of one membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipChange {
    /// The audience.
    pub audience: AudienceNo,
    /// What happened.
    pub transition: Transition,
    /// The transition number after it; a renewal keeps the number of its join.
    pub number: u32,
    /// The pipeline's time at which it became true.
    pub at: TimeMs,
    /// Why.
    pub cause: Cause,
}

/// A profile's memberships, by audience.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Memberships {
    standings: Sorted<AudienceNo, Membership>,
    /// Since when the conditions of audiences hold whose memberships last for a while only.
    held: Vec<(AudienceNo, TimeMs)>,
}

impl Memberships {
    /// The standing in `audience`, if there was ever one.
    #[must_use]
    pub fn get(&self, audience: AudienceNo) -> Option<Membership> {
        self.standings.get(audience).copied()
    }

    /// True if the person is in `audience` now.
    #[must_use]
    pub fn is_member(&self, audience: AudienceNo) -> bool {
        self.get(audience)
            .is_some_and(|membership| membership.member)
    }

    /// Notes whether the conditions of an audience hold, and returns since when they do. `since`
    /// is for those that did not before.
    pub fn hold(&mut self, audience: AudienceNo, holds: bool, since: TimeMs) -> Option<TimeMs> {
        let place = self.held.iter().position(|(known, _)| *known == audience);
        match (place, holds) {
            (Some(place), true) => Some(self.held[place].1),
            (Some(place), false) => {
                self.held.remove(place);
                None
            }
            (None, true) => {
                self.held.push((audience, since));
                Some(since)
            }
            (None, false) => None,
        }
    }

    /// The audiences whose conditions hold for a while only, and since when they do.
    #[must_use]
    pub fn held(&self) -> &[(AudienceNo, TimeMs)] {
        &self.held
    }

    /// Everything, in the order of audience numbers.
    pub fn iter(&self) -> impl Iterator<Item = (AudienceNo, Membership)> {
        self.standings.iter().map(|(no, standing)| (no, *standing))
    }

    /// Sets the standing and returns the change, or nothing where it is so already.
    pub fn set(
        &mut self,
        audience: AudienceNo,
        member: bool,
        at: TimeMs,
        cause: Cause,
    ) -> Option<MembershipChange> {
        let place = self.standings.place(audience);
        let known = place.ok().map(|place| *self.standings.at(place));
        if known.map_or(!member, |known| known.member == member) {
            return None;
        }
        let number = known.map_or(1, |known| known.number + 1);
        let now = Membership {
            member,
            since: at,
            number,
        };
        match place {
            Ok(place) => *self.standings.at_mut(place) = now,
            Err(place) => self.standings.insert(place, audience, now),
        }
        let transition = if member {
            Transition::Join
        } else {
            Transition::Leave
        };
        Some(MembershipChange {
            audience,
            transition,
            number,
            at,
            cause,
        })
    }

    /// Forgets audiences that are no more.
    pub fn retain(&mut self, keep: impl Fn(AudienceNo) -> bool) {
        self.standings.retain(&keep);
        self.held.retain(|(audience, _)| keep(*audience));
    }
}
