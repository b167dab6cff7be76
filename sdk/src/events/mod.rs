//! Ready-made events of a shop, with the meanings that recommendation engines give them.
//!
//! Each is a plain struct with borrowed text: fill in what is known, leave the rest to
//! `..Default::default()`. What is absent is not sent.
//!
//! ```
//! use segue_sdk::events::Buy;
//!
//! let line = Buy {
//!     order_id: "o-77",
//!     product_id: "p-1",
//!     quantity: 2,
//!     ..Buy::line("o-77", "p-1")
//! }
//! .priced(19.5, "EUR");
//! assert_eq!(line.subtotal, Some(39.0));
//! ```

mod browse;
pub use browse::{ItemClick, Page, Search, Visit};

mod purchase;
pub use purchase::{Basket, Buy};

mod account;
pub use account::SignUp;
