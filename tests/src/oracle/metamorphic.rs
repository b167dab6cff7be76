//! Cases that have to end alike.
