//! TLS, from whichever library the host has chosen.

use deadpool_postgres::{Manager, ManagerConfig};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};

/// A TLS connector of tokio-postgres: `tokio_postgres_rustls::MakeRustlsConnect`,
/// `postgres_native_tls::MakeTlsConnector` or any other; implemented for all of them.
pub trait PostgresTls {
    /// Makes what opens the connections of a pool.
    fn manager(self, config: Config, settings: ManagerConfig) -> Manager;
}

impl<T> PostgresTls for T
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn manager(self, config: Config, settings: ManagerConfig) -> Manager {
        Manager::from_config(config, self, settings)
    }
}
