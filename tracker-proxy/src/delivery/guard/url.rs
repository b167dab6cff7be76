//! What can be said of a URL before any name is resolved.

use std::net::IpAddr;

use url::{Host, Url};

use super::Reach;
use super::address::{AddressRefusal, check};

/// The longest URL that is taken, in bytes.
pub const URL_BYTES_MAX: usize = 8 * 1024;

/// Ports where something other than HTTP listens: mail, remote shells, databases, queues. A
/// request there can be read as commands.
///
/// The first part is the list of bad ports that browsers refuse (the Fetch standard).
const REFUSED_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080, // and of our own:
    445, 873, 1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4222, 5432, 5672, 5900, 6379,
    6380, 9042, 9092, 11211, 26379, 27017,
];

/// Why a URL is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// Write an `http` or `https` URL.
    #[error("the scheme is `{0}`; it must be http or https")]
    Scheme(String),
    /// Put credentials into `basic` or `headers`, where they are kept secret.
    #[error("user name and password do not belong into the URL")]
    Credentials,
    /// Write the whole URL, with its host.
    #[error("the URL has no host")]
    NoHost,
    /// Another protocol listens there.
    #[error("port {0} is not for HTTP")]
    Port(u16),
    /// The URL is too long.
    #[error("the URL is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// Needs `allow_private: true` on the destination.
    #[error("`{0}` is the own machine; the destination needs `allow_private: true`")]
    Localhost(String),
    /// The host is an address that may not be called.
    #[error(transparent)]
    Address(#[from] AddressRefusal),
}

/// Refuses a URL that no request may go to, whatever its host name resolves to.
///
/// `Url` has read the host as a browser does, so that every spelling of an address (decimal,
/// octal, hexadecimal, short, with a trailing dot, percent-encoded) is that address here.
///
/// # Errors
///
/// The reason, to be shown where the URL was written.
pub fn check_url(url: &Url, allow_private: bool) -> Result<(), UrlRefusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlRefusal::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::Credentials);
    }
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(UrlRefusal::TooLong);
    }
    let port = url.port_or_known_default().unwrap_or(0);
    if REFUSED_PORTS.contains(&port) {
        return Err(UrlRefusal::Port(port));
    }
    let reach = Reach::of(allow_private);
    match url.host() {
        None | Some(Host::Domain("")) => Err(UrlRefusal::NoHost),
        Some(Host::Ipv4(address)) => Ok(check(IpAddr::V4(address), reach)?),
        Some(Host::Ipv6(address)) => Ok(check(IpAddr::V6(address), reach)?),
        // The resolver would refuse it too; here the author learns it while saving.
        Some(Host::Domain(name)) if reach == Reach::Public && is_localhost(name) => {
            Err(UrlRefusal::Localhost(name.to_owned()))
        }
        Some(Host::Domain(_)) => Ok(()),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, allow_private: bool) -> Result<(), UrlRefusal> {
        check_url(&Url::parse(url).unwrap(), allow_private)
    }

    #[test]
    fn ordinary_urls_pass() {
        for url in [
            "https://crm.example/hooks/segue?list=42",
            "http://crm.example:8080/",
            "https://crm.example.:8443/",
            "https://[2606:4700::1]/",
            "https://8.8.8.8/",
            "https://b\u{fc}cher.example/",
            "https://localhost.example/",
        ] {
            assert_eq!(check(url, false), Ok(()), "{url}");
        }
    }

    #[test]
    fn every_spelling_of_the_own_machine_is_the_own_machine() {
        for url in [
            "http://127.0.0.1/",
            "http://127.0.0.1./",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://127.0.0.1:8080/",
            "http://%31%32%37.0.0.1/",
            "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
            "http://127\u{3002}0.0.1/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://shop.localhost/",
        ] {
            let refusal = check(url, false).unwrap_err();
            assert!(
                matches!(
                    refusal,
                    UrlRefusal::Address(AddressRefusal::Private(_)) | UrlRefusal::Localhost(_)
                ),
                "{url}: {refusal}"
            );
            assert_eq!(check(url, true), Ok(()), "{url}");
        }
    }

    #[test]
    fn metadata_and_link_local_are_refused_whatever_is_set() {
        for url in [
            "http://169.254.169.254/latest/meta-data/",
            "http://169.254.169.254./",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://169.16689662/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://0/",
            "http://[::]/",
        ] {
            for allow_private in [false, true] {
                let refusal = check(url, allow_private).unwrap_err();
                assert!(
                    matches!(
                        refusal,
                        UrlRefusal::Address(AddressRefusal::Forbidden(_, _))
                    ),
                    "{url}: {refusal}"
                );
            }
        }
    }

    #[test]
    fn other_schemes_credentials_and_ports_are_refused() {
        for (url, refusal) in [
            ("ftp://crm.example/", UrlRefusal::Scheme("ftp".to_owned())),
            ("file:///etc/passwd", UrlRefusal::Scheme("file".to_owned())),
            (
                "gopher://crm.example/",
                UrlRefusal::Scheme("gopher".to_owned()),
            ),
            ("https://user@crm.example/", UrlRefusal::Credentials),
            ("https://user:word@crm.example/", UrlRefusal::Credentials),
            ("https://crm.example@127.0.0.1/", UrlRefusal::Credentials),
            ("http://crm.example:25/", UrlRefusal::Port(25)),
            ("http://crm.example:6379/", UrlRefusal::Port(6379)),
            ("https://crm.example:22/", UrlRefusal::Port(22)),
            ("https://crm.example:0/", UrlRefusal::Port(0)),
        ] {
            assert_eq!(check(url, true), Err(refusal), "{url}");
        }
        let long = format!("https://crm.example/{}", "a".repeat(URL_BYTES_MAX));
        assert_eq!(check(&long, false), Err(UrlRefusal::TooLong));
    }
}
