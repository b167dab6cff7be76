//! The events on the wire: what clients send to the proxy and what it answers.
//!
//! This module does no input or output and needs no feature. The proxy reads with it
//! ([`Batch`], [`Message`]) and answers with it ([`BatchAnswer`]); the client writes with it
//! ([`Outgoing`]) and reads the answer.
//!
//! Reading is lenient where the official SDKs of the field differ: nulls are absent members,
//! unknown members are ignored, ids may be numbers. It is strict where leniency would guess:
//! a `userId` that is an object is an error that names the member.
//!
//! ```
//! use segue_sdk::wire::{Batch, Kind, Message};
//!
//! let body = br#"{"batch":[{"type":"track","event":"visit","userId":42},{"type":7}]}"#;
//! let batch = Batch::from_slice(body)?;
//! let visit = Message::from_raw(batch.batch[0])?;
//! assert_eq!(visit.kind.as_deref(), Some(Kind::Track.as_str()));
//! assert_eq!(visit.user_id.as_deref(), Some("42"));
//! assert!(Message::from_raw(batch.batch[1]).is_err()); // alone: the rest of the batch stands
//! # Ok::<(), serde_json::Error>(())
//! ```

mod kind;
pub use kind::{Kind, UnknownKind};

mod text;

mod batch;
pub use batch::Batch;

mod message;
pub use message::Message;

mod answer;
pub use answer::{Assigned, BatchAnswer, RejectCode, Rejected, Warning};

mod outgoing;
pub use outgoing::Outgoing;

pub mod user_data;
