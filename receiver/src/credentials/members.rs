//! Credentials that are members of the JSON itself.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use zeroize::Zeroizing;

use super::{CredentialProblem, Credentials, Digest, Presented};

/// The one credential in the JSON, in the members that are allowed.
///
/// The bytes are bounded, but nobody has vouched for them: nothing but the two members is built.
pub(crate) fn members(
    allowed: &[Credentials],
    json: &[u8],
) -> Result<Option<Presented>, CredentialProblem> {
    let mut found = None;
    for place in allowed {
        if let Credentials::Json {
            client_id,
            client_secret,
        } = place
        {
            let names = Names([client_id, client_secret]);
            let mut deserializer = serde_json::Deserializer::from_slice(json);
            let read = names.deserialize(&mut deserializer);
            let read = read.map_err(|_| CredentialProblem::Malformed)?;
            if let Some(presented) = read.presented()?
                && found.replace(presented).is_some()
            {
                return Err(CredentialProblem::Repeated);
            }
        }
    }
    Ok(found)
}

/// The names of the members with client id and client secret.
struct Names<'a>([&'a str; 2]);

/// What the two members hold, how often they were there, and whether they were texts.
#[derive(Default)]
struct Found {
    values: [Option<Zeroizing<String>>; 2],
    repeated: bool,
}

impl Found {
    fn presented(self) -> Result<Option<Presented>, CredentialProblem> {
        if self.repeated {
            return Err(CredentialProblem::Repeated);
        }
        match self.values {
            [None, None] => Ok(None),
            [Some(id), Some(secret)] => Ok(Some(Presented::Client {
                id: Digest::of(id.as_bytes()),
                secret: Digest::of(secret.as_bytes()),
            })),
            [Some(_), None] | [None, Some(_)] => Err(CredentialProblem::Malformed),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut found = Found::default();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let Some(at) = self.0.iter().position(|known| *known == name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: String = map.next_value()?;
            if value.is_empty() {
                return Err(A::Error::custom("empty"));
            }
            found.repeated |= found.values[at].replace(Zeroizing::new(value)).is_some();
        }
        Ok(found)
    }
}
