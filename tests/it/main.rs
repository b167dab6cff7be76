//! The whole of Segue, from outside: one file per story.
#![forbid(unsafe_code)]

mod bad_input;

mod bad_settings;

mod crash;

mod erasure;

mod full_disk;

mod import;

mod loop_;

mod metamorphic;

mod oracle;
mod proxy_mode;

mod real_data;

mod sdk_loss;

mod shutdown;

mod syncs;

mod tidy;

mod time;
