//! Stories about one person, and a recount by other means.

mod did;
mod documented;
mod examples;
mod have;
mod hostile;
mod in_order;
mod late;
mod oracle;
mod set;
mod size;
mod then_not;
mod told;
mod work;

const NOTHING: [&str; 0] = [];
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
