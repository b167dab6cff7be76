#![allow(
    missing_docs,
    clippy::all,
    clippy::must_use_candidate,
    clippy::missing_errors_doc,
    clippy::unused_self,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason
)]
use super::Definition;
use crate::clock::TimeMs;
use crate::document::Mistake;
use crate::ingest::Event;
use crate::keys::{AudienceNo, CatalogVersion};
use crate::profile::{Cause, MembershipChange, Profile};
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Numbering {
    next: u32,
}
#[derive(Debug, Default)]
pub struct Touched {
    pub rebuild: bool,
}
impl Touched {
    pub fn clear(&mut self) {}
    pub fn everything() -> Self {
        Self::default()
    }
    pub fn due() -> Self {
        Self::default()
    }
    pub fn needs_rebuild(&self) -> bool {
        false
    }
}
#[derive(Debug)]
pub struct AudienceSet;
pub enum Rebuild<'a> {
    All,
    Since(CatalogVersion),
    Touched(&'a Touched),
}
impl AudienceSet {
    pub fn compile(
        _d: &[Definition],
        _n: &mut Numbering,
        _z: &jiff::tz::TimeZone,
    ) -> Result<Self, Vec<Mistake>> {
        Ok(Self)
    }
    pub fn fold(&self, _p: &mut Profile, _e: &Event<'_>, _t: &mut Touched) {}
    pub fn touch_attribute(&self, _name: &str, _t: &mut Touched) {}
    pub fn touch_consent(&self, _name: &str, _t: &mut Touched) {}
    pub fn rebuild(&self, _p: &mut Profile, _w: &Rebuild<'_>, _h: &[Event<'_>]) {}
    pub fn evaluate(
        &self,
        _p: &mut Profile,
        _t: &Touched,
        _now: TimeMs,
        _c: Cause,
    ) -> Vec<MembershipChange> {
        Vec::new()
    }
    pub fn begin(&self, _p: &mut Profile, _t: &Touched, _now: TimeMs) -> Vec<MembershipChange> {
        Vec::new()
    }
    pub fn by_id(&self, _id: &str) -> Option<AudienceNo> {
        None
    }
    pub fn id(&self, _id: AudienceNo) -> &str {
        ""
    }
    pub fn name(&self, _id: AudienceNo) -> &str {
        ""
    }
    pub fn numbers(&self) -> impl Iterator<Item = AudienceNo> + '_ {
        std::iter::empty()
    }
}
