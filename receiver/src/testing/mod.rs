//! Signed requests, right and wrong in every way, and a conformance kit. Feature `testing`.
//!
//! [`SignedRequest`] makes one request for a test of the host's own:
//!
//! ```
//! use axum::body::Body;
//! use http::Request;
//! use segue_receiver::signature::SigningSecret;
//! use segue_receiver::testing::{SignedRequest, Wrong};
//!
//! let secret: SigningSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".parse()?;
//! let good: Request<Body> = SignedRequest::new(&secret)
//!     .basic("shop-client", "a long client secret")
//!     .json(&serde_json::json!({"type": "audience.membership"}))
//!     .build();
//! let forged = SignedRequest::new(&secret)
//!     .basic("shop-client", "a long client secret")
//!     .wrong(Wrong::ChangedBody)
//!     .build();
//! # drop((good, forged));
//! # Ok::<(), segue_receiver::signature::InvalidSigningSecret>(())
//! ```
//!
//! [`conformance::check`] throws all adversarial cases at a router, any other service, or a URL
//! (through [`HttpTarget`]), and reports what came out. The messages themselves are in
//! [`corpus`].

pub mod conformance;
pub mod corpus;
mod http_target;
mod request;

pub use http_target::{HttpTarget, HttpTargetError};
pub use request::{SignedRequest, Wrong};
