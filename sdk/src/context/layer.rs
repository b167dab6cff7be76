//! The layer that gives every request its context.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{COOKIE, HOST, REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Request};
use tower_layer::Layer;
use tower_service::Service;

use super::RequestContext;

type Describe = Arc<dyn Fn(&Parts, RequestContext) -> RequestContext + Send + Sync>;

/// Puts a [`RequestContext`] around every request of a tower or axum service.
///
/// By itself it knows the page (`Host` and path, without the query), the referrer, the user agent,
/// and the anonymous id where the name of its cookie was given. Who is logged in, from which
/// address and with what consent is for the app to say.
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::extract::ConnectInfo;
/// use axum::{Router, routing::get};
/// use segue_sdk::context::ContextLayer;
///
/// #[derive(Clone)]
/// struct Session {
///     user_id: String,
/// }
///
/// let layer = ContextLayer::new()
///     .anonymous_cookie("shop_visitor")
///     .describe(|request, mut context| {
///         if let Some(session) = request.extensions.get::<Session>() {
///             context = context.user(&session.user_id);
///         }
///         match request.extensions.get::<ConnectInfo<SocketAddr>>() {
///             Some(ConnectInfo(peer)) => context.ip(peer.ip()),
///             None => context,
///         }
///     });
/// let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(layer);
/// # drop(app);
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct ContextLayer {
    anonymous_cookie: Option<Arc<str>>,
    describe: Option<Describe>,
}

impl ContextLayer {
    /// One that knows page, referrer and user agent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the anonymous id from this cookie. Ids over 200 bytes are ignored.
    pub fn anonymous_cookie(mut self, name: impl Into<Arc<str>>) -> Self {
        self.anonymous_cookie = Some(name.into());
        self
    }

    /// Adds what only the app knows: the user, the address, consent.
    ///
    /// It is given the request and the context as far as it is known.
    pub fn describe(
        mut self,
        describe: impl Fn(&Parts, RequestContext) -> RequestContext + Send + Sync + 'static,
    ) -> Self {
        self.describe = Some(Arc::new(describe));
        self
    }

    fn context(&self, request: &Parts) -> RequestContext {
        let text = |name: HeaderName| request.headers.get(name)?.to_str().ok();
        let mut context = RequestContext::new();
        if let Some(host) = request.uri.host().or_else(|| text(HOST)) {
            // Not the query, which may hold what is nobody's business.
            let page = Page {
                host,
                path: request.uri.path(),
                referrer: text(REFERER),
            };
            context = context.with("page", &page);
        }
        if let Some(agent) = text(USER_AGENT) {
            context = context.user_agent(agent);
        }
        let cookie = self.anonymous_cookie.as_deref();
        if let Some(id) = cookie.and_then(|name| cookie_value(&request.headers, name)) {
            context = context.anonymous(id);
        }
        match &self.describe {
            Some(describe) => describe(request, context),
            None => context,
        }
    }
}

#[derive(serde::Serialize)]
struct Page<'a> {
    host: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    referrer: Option<&'a str>,
}

/// Most bytes of an anonymous id from a cookie: it is the visitor's to write.
const COOKIE_BYTES_MAX: usize = 200;

fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lists = headers.get_all(COOKIE).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty() && value.len() <= COOKIE_BYTES_MAX)
        .map(|(_, value)| value.trim_matches('"'))
}

impl fmt::Debug for ContextLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextLayer")
            .field("anonymous_cookie", &self.anonymous_cookie)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ContextLayer {
    type Service = ContextService<S>;

    fn layer(&self, inner: S) -> ContextService<S> {
        ContextService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose requests have a context; made by [`ContextLayer`].
///
/// ```
/// use std::convert::Infallible;
///
/// use segue_sdk::context::{ContextLayer, ContextService};
/// use tower::{Layer, service_fn};
///
/// let hello = service_fn(async |_: http::Request<String>| Ok::<_, Infallible>("hello"));
/// let service: ContextService<_> = ContextLayer::new().layer(hello);
/// # drop(service);
/// ```
#[derive(Clone, Debug)]
pub struct ContextService<S> {
    inner: S,
    layer: ContextLayer,
}

impl<S, B> Service<Request<B>> for ContextService<S>
where
    S: Service<Request<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let context = self.layer.context(&parts);
        let inner = &mut self.inner;
        let request = Request::from_parts(parts, body);
        let answer = context.clone().sync_scope(|| inner.call(request));
        Box::pin(context.scope(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri("/cart?secret=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_request_says_page_and_visitor_and_nothing_of_its_query() {
        let layer = ContextLayer::new().anonymous_cookie("visitor");
        let context = layer.context(&parts(&[
            ("host", "shop.example"),
            ("referer", "https://search.example/"),
            ("cookie", "a=b; visitor=v-1"),
            ("cookie", "visitor=v-2"),
        ]));
        let current = super::super::Current::from(context);
        assert_eq!(current.anonymous_id(), Some("v-1"));
        let json = current.json().unwrap().get();
        let page = r#"{"page":{"host":"shop.example","path":"/cart","referrer":"https://search.example/"}}"#;
        assert_eq!(json, page);
    }

    #[test]
    fn a_cookie_that_is_empty_or_too_long_is_no_id() {
        let long = format!("visitor={}", "x".repeat(COOKIE_BYTES_MAX + 1));
        for cookie in ["visitor=", "other=1", "visitor", long.as_str()] {
            let parts = parts(&[("cookie", cookie)]);
            assert_eq!(cookie_value(&parts.headers, "visitor"), None, "{cookie}");
        }
    }
}
