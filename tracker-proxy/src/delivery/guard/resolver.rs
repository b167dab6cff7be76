//! Resolves host names for connections, and refuses those that lead to a bad address.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Reach;
use super::address::{AddressRefusal, check};

/// A resolver whose answers are the addresses that are connected to, so that a name cannot be
/// checked with one address and called at another.
#[derive(Debug, Clone, Copy)]
pub struct GuardedResolver {
    reach: Reach,
}

impl GuardedResolver {
    /// A resolver that answers with addresses within `reach`.
    #[must_use]
    pub const fn new(reach: Reach) -> Self {
        Self { reach }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            // The port is that of the URL; whoever connects fills it in.
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            check_all(found.iter().map(SocketAddr::ip), reach)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Refuses the whole answer when one address in it is bad: a name with a public and a private
/// address is an attack more often than a set-up.
fn check_all(
    mut addresses: impl Iterator<Item = IpAddr>,
    reach: Reach,
) -> Result<(), AddressRefusal> {
    addresses.try_for_each(|address| check(address, reach))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_address_refuses_the_answer() {
        let mixed: Vec<IpAddr> = ["8.8.8.8", "10.0.0.1"].map(|a| a.parse().unwrap()).into();
        assert!(check_all(mixed.iter().copied(), Reach::Private).is_ok());
        let refusal = check_all(mixed.into_iter(), Reach::Public).unwrap_err();
        assert_eq!(
            refusal,
            AddressRefusal::Private("10.0.0.1".parse().unwrap())
        );
    }

    #[tokio::test]
    async fn the_own_machine_by_name_needs_a_setting() {
        let resolve = |reach| GuardedResolver::new(reach).resolve("localhost".parse().unwrap());
        let refusal = resolve(Reach::Public).await.err().unwrap();
        assert!(refusal.downcast_ref::<AddressRefusal>().is_some());
        assert!(resolve(Reach::Private).await.unwrap().next().is_some());
    }
}
