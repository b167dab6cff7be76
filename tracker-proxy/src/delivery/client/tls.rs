//! The TLS set-up of outgoing connections.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// TLS with the ring provider and the certificates that the machine trusts.
///
/// The process-wide default provider is neither asked nor set: whoever links this crate decides
/// about that one. A machine without certificates can still call `http` destinations; on it every
/// `https` request fails, and says so, instead of the whole proxy.
///
/// # Errors
///
/// The TLS library refuses its own defaults.
pub fn config() -> Result<ClientConfig, rustls::Error> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
    };
    let trusting = match builder()?.with_platform_verifier() {
        Ok(trusting) => trusting,
        Err(error) => {
            tracing::warn!(%error, "no certificates are trusted, https destinations will fail");
            builder()?.with_root_certificates(RootCertStore::empty())
        }
    };
    let mut config = trusting.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
