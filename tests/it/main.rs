//! The whole of Segue, from outside: one file per story.
#![forbid(unsafe_code)]

mod bad_input;

mod bad_settings;

mod crash;

mod erasure;

mod full_disk;

mod full_loop;

mod import;

mod loop_;

mod metamorphic;

mod operating;

mod oracle;

mod proxy_mode;

mod real_data;

mod retries;

mod sdk_loss;

mod shutdown;

mod syncs;

mod tidy;

mod time;

mod tls;
