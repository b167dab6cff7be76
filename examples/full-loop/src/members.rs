//! Who is a member of what, on both sides.

use std::collections::BTreeSet;

use crate::proxy::Proxy;
use crate::shop::Shop;

/// User ids.
pub(crate) type Members = BTreeSet<String>;

/// Every audience with its members and those of its segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Both(pub(crate) Vec<Mirrored>);

/// One audience, at the proxy and at the shop.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mirrored {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) audience: Members,
    /// Members of whom no user id is known: they are told of when it is.
    pub(crate) anonymous: usize,
    pub(crate) segment: Members,
}

impl Both {
    pub(crate) async fn read(proxy: &Proxy, shop: &Shop) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for audience in proxy.audiences().await? {
            let (members, anonymous) = proxy.members(&audience.id).await?;
            all.push(Mirrored {
                segment: shop.members(&audience.id).await?,
                audience: members,
                anonymous,
                id: audience.id,
                name: audience.name,
            });
        }
        Ok(Self(all))
    }

    pub(crate) fn agree(&self) -> bool {
        self.0.iter().all(|one| one.audience == one.segment)
    }
}
