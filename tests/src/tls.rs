//! TLS in front of something that speaks plain HTTP, with a certificate of an authority that only
//! those trust who are told to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// A TLS end that passes on what it decrypts, for as long as it lives.
#[derive(Debug)]
pub struct TlsFront {
    addr: SocketAddr,
    authority: String,
    server: AbortHandle,
}

impl TlsFront {
    /// Listens on this machine and passes everything on to `behind`.
    pub async fn start(behind: SocketAddr) -> Self {
        let (config, authority) = certified();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there is a free port");
        let addr = listener.local_addr().expect("a listener has an address");
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(tokio::spawn(pass_on(acceptor.clone(), stream, behind)));
            }
        });
        Self {
            addr,
            authority,
            server: server.abort_handle(),
        }
    }

    /// Its URL, under the name that the certificate is for.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.addr.port())
    }

    /// Writes the authority's certificate to `path`, for `SSL_CERT_FILE`.
    pub fn write_authority(&self, path: &Path) {
        std::fs::write(path, &self.authority).expect("there is room for a certificate");
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A client that does not like the certificate ends its connection, and that is all.
async fn pass_on(acceptor: TlsAcceptor, stream: TcpStream, behind: SocketAddr) {
    let Ok(mut outside) = acceptor.accept(stream).await else {
        return;
    };
    let Ok(mut inside) = TcpStream::connect(behind).await else {
        return;
    };
    drop(copy_bidirectional(&mut outside, &mut inside).await);
}

/// A server certificate for `localhost`, and the authority's in PEM.
fn certified() -> (ServerConfig, String) {
    let works = "a certificate can be made";
    let authority_key = KeyPair::generate().expect(works);
    let mut authority = CertificateParams::new(Vec::new()).expect(works);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).expect(works).pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect(works);
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect(works);
    let server = server.signed_by(&key, &issuer).expect(works);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key);
    (config.expect(works), pem)
}
