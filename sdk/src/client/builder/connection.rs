//! How the endpoint is reached.

use super::ClientBuilder;

impl ClientBuilder {
    /// Sends with this HTTP client: its proxy, TLS and redirects. Default: one of the SDK's own.
    ///
    /// Its connections will live on the SDK's thread, so give one that nothing else uses. A child
    /// process cannot go on with it after a fork.
    ///
    /// ```no_run
    /// use segue_sdk::Client;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = reqwest::Client::builder().https_only(true).build()?;
    /// let client = Client::builder("https://cdp.example", "wk_secret").http_client(http).build()?;
    /// # drop(client);
    /// # Ok(())
    /// # }
    /// ```
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http.client = Some(client);
        self
    }

    /// Sends through this proxy, such as `http://user:pass@proxy.example:3128`. Default: what
    /// `HTTPS_PROXY` and the like say.
    ///
    /// ```
    /// use segue_sdk::Client;
    ///
    /// let builder = Client::builder("https://cdp.example", "wk_secret")
    ///     .proxy("http://proxy.example:3128");
    /// assert!(!format!("{builder:?}").contains("proxy.example"), "it may hold a password");
    /// ```
    #[cfg(feature = "rustls")]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.http.proxy = Some(crate::secret::ProxyUrl::from(url.into()));
        self
    }

    /// TLS of one's own: other authorities, a client certificate, another crypto provider.
    /// Default: rustls with ring, trusting what the machine trusts.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use segue_sdk::Client;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut authorities = rustls::RootCertStore::empty();
    /// # let pem_of_the_company: Vec<rustls::pki_types::CertificateDer<'static>> = Vec::new();
    /// authorities.add_parsable_certificates(pem_of_the_company);
    /// let provider = Arc::new(rustls::crypto::ring::default_provider());
    /// let config = rustls::ClientConfig::builder_with_provider(provider)
    ///     .with_safe_default_protocol_versions()?
    ///     .with_root_certificates(authorities)
    ///     .with_no_client_auth();
    /// let client = Client::builder("https://cdp.example", "wk_secret").tls(config).build()?;
    /// # client.shutdown_blocking(std::time::Duration::ZERO);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "rustls")]
    pub fn tls(mut self, config: rustls::ClientConfig) -> Self {
        self.http.tls = Some(config);
        self
    }

    /// Compresses request bodies with gzip. Default: off, which costs least on a near network.
    ///
    /// ```
    /// use segue_sdk::Client;
    ///
    /// // Another continent: bytes cost more than the time to compress them.
    /// let client = Client::builder("http://127.0.0.1:8090", "wk_secret").gzip(true).build()?;
    /// # client.shutdown_blocking(std::time::Duration::ZERO);
    /// # Ok::<(), segue_sdk::BuildError>(())
    /// ```
    #[cfg(feature = "gzip")]
    pub const fn gzip(mut self, gzip: bool) -> Self {
        self.http.gzip = gzip;
        self
    }
}
