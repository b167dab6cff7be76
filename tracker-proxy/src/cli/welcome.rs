//! What a first start says: the keys, once, and a line to try them with.

use std::io::{self, Write};

use crate::config::first_run::Issued;

/// Writes the keys that were made just now, and nothing when there are none.
///
/// `base` is the URL under which the proxy answers, without a slash at its end.
///
/// # Errors
///
/// Those of `out`.
pub fn welcome(issued: &[Issued], base: &str, out: &mut impl Write) -> io::Result<()> {
    for issued in issued.iter().filter(|issued| issued.new) {
        let account = &issued.account;
        writeln!(out, "New keys for account {account}, shown this once:")?;
        if let Some(key) = &issued.write_key {
            writeln!(out, "  write key    {}", key.expose())?;
        }
        if let Some(token) = &issued.admin_token {
            writeln!(out, "  admin token  {}", token.expose())?;
        }
        if let Some(key) = &issued.write_key {
            // Official clients send their key as the user name of HTTP Basic.
            writeln!(
                out,
                "Try it:\n  curl -u {}: -H 'content-type: application/json' \\\n    \
                 -d '{{\"userId\": \"42\", \"event\": \"hello\"}}' {base}/v1/track",
                key.expose()
            )?;
        }
        if let Some(token) = &issued.admin_token {
            writeln!(
                out,
                "See what arrived:\n  curl -H 'authorization: Bearer {}' {base}/admin/v1/events",
                token.expose()
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn said(new: bool) -> String {
        let issued = Issued {
            account: "1".to_owned(),
            write_key: Some(Secret::new("wk_a")),
            admin_token: Some(Secret::new("at_b")),
            new,
        };
        let mut out = Vec::new();
        welcome(&[issued], "http://127.0.0.1:8090", &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn new_keys_come_with_a_line_to_try() {
        assert_eq!(
            said(true),
            "New keys for account 1, shown this once:\n  \
               write key    wk_a\n  \
               admin token  at_b\n\
             Try it:\n  \
               curl -u wk_a: -H 'content-type: application/json' \\\n    \
                 -d '{\"userId\": \"42\", \"event\": \"hello\"}' http://127.0.0.1:8090/v1/track\n\
             See what arrived:\n  \
               curl -H 'authorization: Bearer at_b' http://127.0.0.1:8090/admin/v1/events\n"
        );
    }

    #[test]
    fn later_starts_keep_quiet() {
        assert_eq!(said(false), "");
    }
}
