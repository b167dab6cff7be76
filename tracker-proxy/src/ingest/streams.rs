//! Streams of user data, and who may write into them.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use segue_sdk::wire::user_data::{DRAFT_HEADER, STREAM_ID_HEADER};
use sha2::{Digest, Sha256};

use super::keys::Source;
use super::rejection::IngestRejection;
use crate::config::{KeyKind, StreamConfig};
use crate::keys::AccountNo;

/// One stream.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    /// The account as its path says it.
    account: String,
    /// Whose data it is; a stream may say who its persons are.
    pub(super) source: Arc<Source>,
    /// The member of each object that is a user id.
    pub(super) person: String,
}

/// Every stream, found by the digest of its id, which is a secret.
#[derive(Debug, Default)]
pub struct Streams(HashMap<[u8; 32], Stream>);

impl Streams {
    /// Adds the streams of an account; `id` is the account's own.
    pub fn add(&mut self, no: AccountNo, id: &str, streams: &[StreamConfig]) {
        for stream in streams {
            let source = Source {
                account: no,
                kind: KeyKind::Secret,
                origins: Vec::new(),
                trust_browser_identity: false,
                user_token_keys: [].into(),
            };
            let stream_id = Sha256::digest(stream.stream_id.expose()).into();
            let stream = Stream {
                account: id.to_owned(),
                source: Arc::new(source),
                person: stream.person.clone(),
            };
            self.0.insert(stream_id, stream);
        }
    }

    /// The stream of a request to the account in `path`.
    pub(super) fn of(&self, path: &str, headers: &HeaderMap) -> Result<Stream, IngestRejection> {
        let account = path.trim_end_matches('/').rsplit('/').next();
        let stream_id = headers.get(STREAM_ID_HEADER);
        let stream_id = stream_id.ok_or(IngestRejection::MissingStreamId)?;
        let digest: [u8; 32] = Sha256::digest(stream_id.as_bytes()).into();
        let found = self.0.get(&digest);
        found
            .filter(|stream| account == Some(stream.account.as_str()))
            .cloned()
            .ok_or(IngestRejection::UnknownStream)
    }
}

/// Whether a request is only to be checked. A live one has no such header; of what else it may
/// say, only a plain no is a reason to take the data over.
pub(super) fn is_draft(headers: &HeaderMap) -> bool {
    headers
        .get(DRAFT_HEADER)
        .is_some_and(|value| value != "false")
}
