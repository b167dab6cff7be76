//! PostgreSQL over TLS, as managed databases want it.

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use segue_receiver::claims::PostgresClaims;
use segue_receiver::segments::{PostgresError, PostgresStore, Segments};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::harness::{Delivery, GROUP, add, builder, members};
use crate::postgres::{certificate, connect, database};

/// A connector that believes nobody but the owner of this certificate.
fn trusting(certificate: CertificateDer<'static>) -> MakeRustlsConnect {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("it is a certificate");
    let provider = rustls::crypto::ring::default_provider().into();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

/// Which of the connections with this name have TLS, as the server sees it.
async fn encrypted(url: &str, name: &str) -> Vec<bool> {
    let client = connect(url).await.expect("it runs");
    let sql = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
               WHERE application_name = $1";
    let rows = client.query(sql, &[&name]).await.expect("it is there");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn with_a_connector_every_connection_is_encrypted_whatever_the_url_says() {
    for (name, more) in [
        ("segue_default", ""),
        ("segue_disabled", "&sslmode=disable"),
    ] {
        let (Some(url), Some(certificate)) = (database().await, certificate().await) else {
            return;
        };
        let named = format!("{url}&application_name={name}{more}");
        let tls = trusting(certificate);
        let claims = PostgresClaims::connect_tls(&named, tls.clone())
            .await
            .unwrap();
        let store = PostgresStore::connect_tls(&named, tls).await.unwrap();
        let segments = Segments::new(store);
        segments.create_group(GROUP, "Shop").await.unwrap();
        let app = builder(&segments).build().unwrap().router::<()>();
        let delivery = Delivery::of(serde_json::json!([add(name, "vip", 1)]));
        assert_eq!(delivery.send(&app).await.json()["applied"], 1);
        let seen = encrypted(&url, name).await;
        assert!(seen.len() >= 2 && seen.iter().all(|ssl| *ssl), "{seen:?}");
        assert_eq!(members(&segments, "vip").await, [name]);
        drop(claims);
    }
}

#[tokio::test]
async fn another_certificate_than_the_trusted_one_is_no_connection() {
    let Some(url) = database().await else { return };
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let tls = trusting(other.cert.der().clone());
    let refused = PostgresStore::connect_tls(&url, tls).await;
    assert!(matches!(refused, Err(PostgresError::Connect(_))));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_no_connection() {
    let (Some(url), Some(certificate)) = (database().await, certificate().await) else {
        return;
    };
    let by_name = url.replace("127.0.0.1", "localhost");
    PostgresStore::connect(&by_name).await.unwrap();
    let refused = PostgresStore::connect_tls(&by_name, trusting(certificate)).await;
    assert!(matches!(refused, Err(PostgresError::Connect(_))));
}

#[tokio::test]
async fn a_url_that_requires_tls_is_not_connected_without() {
    let Some(url) = database().await else { return };
    let refused = PostgresStore::connect(&format!("{url}&sslmode=require")).await;
    assert!(matches!(refused, Err(PostgresError::Connect(_))));
}
