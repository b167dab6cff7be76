//! Public, private or forbidden: the classifier for addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Reach;

/// What kind of address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Reachable by everybody.
    Public,
    /// Loopback, a private network, or a translator of the own network: allowed by an explicit
    /// setting only.
    Private,
    /// Never called, whatever is set.
    Forbidden(Forbidden),
}

/// Why an address is never called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The metadata service of a cloud, which hands out credentials.
    #[error("a cloud metadata service")]
    Metadata,
    /// Only valid on one link; many metadata services live there.
    #[error("a link-local address")]
    LinkLocal,
    /// `0.0.0.0/8` and `::`, which connect to the own machine on many systems.
    #[error("an unspecified address")]
    Unspecified,
    /// A group of machines.
    #[error("a multicast or broadcast address")]
    Multicast,
    /// An IPv6 address that hides an IPv4 address behind a tunnel or translator.
    #[error("a tunnel or translation address")]
    Tunnel,
    /// Set aside: documentation, protocol assignments, discard, not allocated.
    #[error("a reserved address")]
    Reserved,
}

/// An address that may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// Needs `allow_private: true` on the destination.
    #[error("{0} is a private or loopback address; the destination needs `allow_private: true`")]
    Private(IpAddr),
    /// There is no setting that allows it.
    #[error("{0} is {1}, which is never called")]
    Forbidden(IpAddr, Forbidden),
}

/// Refuses an address that is out of reach.
///
/// # Errors
///
/// The address is forbidden, or private while only public ones are within reach.
pub(super) fn check(address: IpAddr, reach: Reach) -> Result<(), AddressRefusal> {
    match (classify(address), reach) {
        (Verdict::Public, _) | (Verdict::Private, Reach::Private) => Ok(()),
        (Verdict::Private, Reach::Public) => Err(AddressRefusal::Private(address)),
        (Verdict::Forbidden(why), _) => Err(AddressRefusal::Forbidden(address, why)),
    }
}

/// Says what kind of address it is. The ranges are those of the IANA special-purpose registries.
#[must_use]
pub fn classify(address: IpAddr) -> Verdict {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> Verdict {
    use Verdict::{Forbidden as No, Private, Public};
    match address.octets() {
        // Azure's host agent and Alibaba's metadata service hide among ordinary addresses.
        [168, 63, 129, 16] | [100, 100, 100, 200] => No(Forbidden::Metadata),
        [169, 254, 169, 254] => No(Forbidden::Metadata),
        [169, 254, ..] => No(Forbidden::LinkLocal),
        [0, ..] => No(Forbidden::Unspecified),
        [10 | 127, ..] | [192, 168, ..] => Private,
        [172, 16..=31, ..] | [100, 64..=127, ..] => Private,
        // Benchmark networks are closed networks.
        [198, 18..=19, ..] => Private,
        // Protocol assignments and the three documentation networks.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => No(Forbidden::Reserved),
        [192, 88, 99, _] => No(Forbidden::Tunnel),
        [224..=239, ..] | [255, 255, 255, 255] => No(Forbidden::Multicast),
        [240..=255, ..] => No(Forbidden::Reserved),
        _ => Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> Verdict {
    use Verdict::{Forbidden as No, Private, Public};
    if let Some(mapped) = address.to_ipv4_mapped() {
        return classify_v4(mapped);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => No(Forbidden::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Private,
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => nat64(high, low),
        [0x64, 0xff9b, 1, ..] => No(Forbidden::Tunnel),
        // Teredo, and with it the other protocol assignments around it.
        [0x2001, 0, ..] | [0x2002, ..] => No(Forbidden::Tunnel),
        [0x2001, 1..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => No(Forbidden::Reserved),
        [0x2000..=0x3fff, ..] => Public,
        // The metadata services of two clouds live in their private ranges.
        [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..] => No(Forbidden::Metadata),
        [0xfc00..=0xfdff, ..] => Private,
        [0xfe80..=0xfebf, ..] => No(Forbidden::LinkLocal),
        [0xff00..=0xffff, ..] => No(Forbidden::Multicast),
        // Everything outside 2000::/3 that is not named above: IPv4-compatible, discard, SRv6,
        // site-local, not allocated.
        _ => No(Forbidden::Reserved),
    }
}

/// An address behind the well-known NAT64 prefix: on a network with IPv6 only, every public
/// IPv4 host looks like this. The translator belongs to the own network, so an operator has to
/// allow it, and nothing but public hosts may be behind it (RFC 6052, section 3.1).
fn nat64(high: u16, low: u16) -> Verdict {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    match classify_v4(Ipv4Addr::new(a, b, c, d)) {
        Verdict::Public => Verdict::Private,
        Verdict::Private => Verdict::Forbidden(Forbidden::Tunnel),
        forbidden @ Verdict::Forbidden(_) => forbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(address: &str) -> Verdict {
        classify(address.parse().unwrap())
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1",
            "2a00:1450::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(verdict(address), Verdict::Public, "{address}");
        }
    }

    #[test]
    fn private_addresses_need_a_setting() {
        for address in [
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "fc00::1",
            "fd12:3456::1",
            "fdff:ffff::1",
            "64:ff9b::808:808",
        ] {
            assert_eq!(verdict(address), Verdict::Private, "{address}");
            let address = address.parse().unwrap();
            assert!(check(address, Reach::Public).is_err(), "{address}");
            assert!(check(address, Reach::Private).is_ok(), "{address}");
        }
    }

    #[test]
    fn the_rest_is_never_called() {
        use Forbidden::{LinkLocal, Metadata, Multicast, Reserved, Tunnel, Unspecified};
        for (address, why) in [
            ("169.254.169.254", Metadata),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("::ffff:169.254.169.254", Metadata),
            ("64:ff9b::a9fe:a9fe", Metadata),
            ("fd00:ec2::254", Metadata),
            ("fd20:ce::254", Metadata),
            ("169.254.0.1", LinkLocal),
            ("169.254.170.2", LinkLocal),
            ("fe80::1", LinkLocal),
            ("febf:ffff::1", LinkLocal),
            ("0.0.0.0", Unspecified),
            ("0.1.2.3", Unspecified),
            ("::", Unspecified),
            ("::ffff:0.0.0.0", Unspecified),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("255.255.255.255", Multicast),
            ("ff02::1", Multicast),
            ("192.88.99.1", Tunnel),
            ("64:ff9b::7f00:1", Tunnel),
            ("64:ff9b::a00:1", Tunnel),
            ("64:ff9b:1::1", Tunnel),
            ("2001::1", Tunnel),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Tunnel),
            ("2002:7f00:1::1", Tunnel),
            ("2002:808:808::1", Tunnel),
            ("192.0.0.1", Reserved),
            ("192.0.0.192", Reserved),
            ("192.0.2.1", Reserved),
            ("198.51.100.7", Reserved),
            ("203.0.113.7", Reserved),
            ("240.0.0.1", Reserved),
            ("255.255.255.254", Reserved),
            ("::127.0.0.1", Reserved),
            ("::808:808", Reserved),
            ("::ffff:0:127.0.0.1", Reserved),
            ("100::1", Reserved),
            ("2001:2::1", Reserved),
            ("2001:20::1", Reserved),
            ("2001:db8::1", Reserved),
            ("3fff::1", Reserved),
            ("4000::1", Reserved),
            ("5f00::1", Reserved),
            ("fe00::1", Reserved),
            ("fec0::1", Reserved),
        ] {
            assert_eq!(verdict(address), Verdict::Forbidden(why), "{address}");
            let address = address.parse().unwrap();
            assert!(check(address, Reach::Private).is_err(), "{address}");
        }
    }
}
