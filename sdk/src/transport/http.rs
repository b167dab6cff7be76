//! The transport over HTTP.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Client, Url};

use super::{Request, Response, Transport, TransportError};
use crate::client::BuildError;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_BYTES_PER_EVENT};
#[cfg(feature = "rustls")]
use crate::secret::ProxyUrl;
use crate::secret::WriteKey;

pub(crate) const AGENT: &str = concat!("segue-sdk/", env!("CARGO_PKG_VERSION"));

/// `POST {endpoint}/v1/batch` with the write key as the user of HTTP Basic.
///
/// ```
/// use segue_sdk::transport::{HttpTransport, Request, Response, Transport, TransportError};
/// use segue_sdk::{Client, WriteKey};
///
/// /// Counts requests on their way.
/// struct Counted(HttpTransport);
///
/// impl Transport for Counted {
///     async fn send(&self, request: Request) -> Result<Response, TransportError> {
///         tracing::info!(bytes = request.body.len(), "a batch leaves");
///         self.0.send(request).await
///     }
/// }
///
/// let http = HttpTransport::new("http://127.0.0.1:8090", &WriteKey::from("wk_secret"))?;
/// let client = Client::builder("", "").build_with(Counted(http))?;
/// # client.shutdown_blocking(std::time::Duration::ZERO);
/// # Ok::<(), segue_sdk::BuildError>(())
/// ```
#[derive(Clone)]
pub struct HttpTransport {
    client: Client,
    url: Url,
    authorization: HeaderValue,
    gzip: bool,
    is_own: bool,
}

/// How to reach the endpoint.
#[derive(Clone, Default)]
pub(crate) struct HttpOptions {
    pub(crate) client: Option<Client>,
    #[cfg(feature = "rustls")]
    pub(crate) proxy: Option<ProxyUrl>,
    #[cfg(feature = "rustls")]
    pub(crate) tls: Option<rustls::ClientConfig>,
    pub(crate) gzip: bool,
}

impl HttpOptions {
    /// The host's client, or one of the SDK's own for this address.
    pub(crate) fn client(&self, url: &Url) -> Result<Client, BuildError> {
        match &self.client {
            Some(client) => Ok(client.clone()),
            None => own_client(url, self),
        }
    }
}

impl HttpTransport {
    /// Sends with a client of the SDK's own.
    ///
    /// # Errors
    /// When endpoint or key cannot be used, when TLS cannot be set up (a machine without
    /// certificate authorities and an https endpoint), or when the feature `rustls` is off.
    pub fn new(endpoint: &str, key: &WriteKey) -> Result<Self, BuildError> {
        Self::with_options(endpoint, key, &HttpOptions::default())
    }

    /// Sends with a client of the host's: its proxy, TLS, timeouts and redirects.
    ///
    /// Its connections will live on the SDK's thread, so give it one that nothing else uses.
    ///
    /// # Errors
    /// When endpoint or key cannot be used.
    ///
    /// ```no_run
    /// use segue_sdk::WriteKey;
    /// use segue_sdk::transport::HttpTransport;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = reqwest::Client::builder().https_only(true).build()?;
    /// let key = WriteKey::from("wk_secret");
    /// let transport = HttpTransport::with_client("https://cdp.example", &key, http)?;
    /// # drop(transport);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_client(endpoint: &str, key: &WriteKey, client: Client) -> Result<Self, BuildError> {
        let options = HttpOptions {
            client: Some(client),
            ..HttpOptions::default()
        };
        Self::with_options(endpoint, key, &options)
    }

    pub(crate) fn with_options(
        endpoint: &str,
        key: &WriteKey,
        options: &HttpOptions,
    ) -> Result<Self, BuildError> {
        let url = endpoint_url(endpoint, "/v1/batch")?;
        Ok(Self {
            authorization: basic(key)?,
            client: options.client(&url)?,
            url,
            gzip: options.gzip,
            is_own: options.client.is_none(),
        })
    }

    /// Whether the client is the SDK's own, with no connections but this transport's.
    pub(crate) const fn is_own(&self) -> bool {
        self.is_own
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        // Cutting an answer short would lose verdicts, so the bound grows with the batch.
        let answer_bytes_max = request
            .events
            .saturating_mul(ANSWER_BYTES_PER_EVENT)
            .saturating_add(ANSWER_BYTES_MAX);
        let mut call = self
            .client
            .post(self.url.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, HeaderValue::from_static(AGENT));
        call = match self.gzip {
            true => call
                .header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
                .body(compressed(&request.body)?),
            false => call.body(request.body),
        };
        if request.attempt > 0 {
            call = call.header("x-retry-count", request.attempt);
        }
        let answer = call.send().await.map_err(TransportError::new)?;
        read(answer, answer_bytes_max).await
    }
}

/// Reads an answer, up to a bound.
pub(crate) async fn read(
    mut answer: reqwest::Response,
    bytes_max: usize,
) -> Result<Response, TransportError> {
    let retry_after = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let mut response = Response::new(answer.status().as_u16(), Vec::new());
    response.retry_after = retry_after.map(str::to_owned);
    while let Some(part) = answer.chunk().await.map_err(TransportError::new)? {
        let room = bytes_max - response.body.len();
        response
            .body
            .extend_from_slice(&part[..part.len().min(room)]);
        if part.len() >= room {
            break;
        }
    }
    Ok(response)
}

#[cfg(feature = "gzip")]
fn compressed(body: &[u8]) -> Result<Vec<u8>, TransportError> {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    // JSON of one app shrinks to a tenth already at the fastest level.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).map_err(TransportError::new)?;
    encoder.finish().map_err(TransportError::new)
}

#[cfg(not(feature = "gzip"))]
fn compressed(_: &[u8]) -> Result<Vec<u8>, TransportError> {
    Err(TransportError::new("the feature `gzip` is off"))
}

/// The address of a path of the endpoint's.
pub(crate) fn endpoint_url(endpoint: &str, path: &str) -> Result<Url, BuildError> {
    let invalid = |reason: &str| BuildError::InvalidEndpoint(reason.to_owned());
    let mut url = Url::parse(endpoint).map_err(|error| invalid(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(invalid("it needs http:// or https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            "credentials do not belong in it; the write key is a value of its own",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = format!("{}{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn basic(key: &WriteKey) -> Result<HeaderValue, BuildError> {
    let text = key.expose();
    if text.is_empty() || text.contains(|c: char| c == ':' || c.is_control()) {
        return Err(BuildError::InvalidWriteKey);
    }
    let encoded = zeroize::Zeroizing::new(BASE64_STANDARD.encode(format!("{text}:")));
    let header = zeroize::Zeroizing::new(format!("Basic {}", encoded.as_str()));
    let mut value = HeaderValue::from_str(&header).map_err(|_| BuildError::InvalidWriteKey)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(feature = "rustls")]
fn own_client(url: &Url, options: &HttpOptions) -> Result<Client, BuildError> {
    use crate::limits::CONNECT_TIMEOUT;

    let tls = match &options.tls {
        Some(config) => config.clone(),
        None => super::tls::config(url.scheme() == "https")?,
    };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true);
    if let Some(proxy) = &options.proxy {
        let proxy = reqwest::Proxy::all(proxy.expose());
        builder = builder.proxy(proxy.map_err(|_| BuildError::InvalidProxy)?);
    } else if is_loopback(url) {
        // No proxy can reach this machine's own loopback.
        builder = builder.no_proxy();
    }
    builder
        .build()
        .map_err(|error| BuildError::Tls(Box::new(error)))
}

#[cfg(not(feature = "rustls"))]
fn own_client(_: &Url, _: &HttpOptions) -> Result<Client, BuildError> {
    Err(BuildError::NoHttpClient)
}

#[cfg(feature = "rustls")]
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_may_have_a_path() {
        let url = |endpoint| {
            endpoint_url(endpoint, "/v1/batch")
                .map(String::from)
                .unwrap()
        };
        assert_eq!(
            url("http://127.0.0.1:8090"),
            "http://127.0.0.1:8090/v1/batch"
        );
        assert_eq!(
            url("https://shop.example/cdp/"),
            "https://shop.example/cdp/v1/batch"
        );
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for endpoint in ["", "localhost:8090", "ftp://x", "http://", "http://key:@x"] {
            assert!(endpoint_url(endpoint, "/x").is_err(), "{endpoint}");
        }
    }

    #[test]
    fn the_key_is_the_user_and_is_never_printed() {
        let key = WriteKey::from("wk_1");
        assert_eq!(basic(&key).unwrap(), "Basic d2tfMTo=");
        assert!(!format!("{:?}", basic(&key).unwrap()).contains("d2tf"));
        assert!(basic(&WriteKey::from("")).is_err());
        assert!(basic(&WriteKey::from("a:b")).is_err());
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn plain_http_needs_no_certificate_authorities() {
        HttpTransport::new("http://127.0.0.1:1", &WriteKey::from("wk")).unwrap();
    }
}
