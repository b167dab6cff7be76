//! Payloads of other systems, on routes of their own.
//!
//! | sender | payload | how it says who it is |
//! |---|---|---|
//! | Activly | [`ActivlyEvent`] | a token in the query: `POST /hooks/activly?token=…` |
//! | CleverTap | [`CleverTapMessage`] | HTTP Basic |
//! | Piwik PRO | [`PiwikProMessage`] | a token in the query, for it sends no headers |
//! | Datatrics | [`DatatricsMessage`] | an API key in a header |
//!
//! Each is read by [`Verified`](crate::Verified), after the checks of a
//! [`Receiver`](crate::Receiver) that is built for that sender. None of them signs its messages, so
//! such a receiver has [`SignatureMode::Off`](crate::SignatureMode::Off). Members that are not
//! known are kept and never refused.
//!
//! A [`Mapping`] turns a payload into membership changes, for [`router`] or
//! [`Receiver::apply`](crate::Receiver::apply), or into [`HostEvent`]s for the host itself:
//!
//! ```
//! use axum::Router;
//! use segue_receiver::payload::AudienceRef;
//! use segue_receiver::senders::{CleverTapMessage, Mapping, router};
//! use segue_receiver::{Activation, Receiver, SignatureMode};
//!
//! let coupons = AudienceRef { id: "coupons".into(), name: "Coupons".into() };
//! let mapping = Mapping::adding("Identity", coupons);
//!
//! let receiver = Receiver::builder()
//!     .signatures(SignatureMode::Off)
//!     .activation(Activation::new("clevertap", "shop").secret("a long random secret"))
//!     .build()?;
//! let app: Router = router::<CleverTapMessage, _>("/hooks/clevertap", &receiver, mapping);
//! # Ok::<(), segue_receiver::BuildError>(())
//! ```

mod activly;
mod clevertap;
mod datatrics;
mod fields;
mod mapping;
mod piwik;
mod route;

pub use activly::{
    ActivlyEvent, ActivlyFeed, ActivlyKind, Amount, Notification, Queued, activly_router,
};
pub use clevertap::{CleverTapMessage, CleverTapProfile, CleverTapProfiles};
pub use datatrics::DatatricsMessage;
pub use mapping::{HostEvent, Mapping, Records};
pub use piwik::PiwikProMessage;
pub use route::router;
