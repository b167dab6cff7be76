//! TLS with rustls and ring, without touching the process-wide default provider.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::client::BuildError;

/// A configuration that trusts what the machine trusts.
///
/// For plain http nothing is ever verified, and reading the machine's trust store would fail
/// where there is none (small container images); so the store stays empty.
pub(super) fn config(verify: bool) -> Result<ClientConfig, BuildError> {
    let tls = |error| BuildError::Tls(Box::new(error));
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(tls)?;
    let builder = if verify {
        builder.with_platform_verifier().map_err(tls)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
