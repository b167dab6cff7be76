//! The routes of what browsers load.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, HOST, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use url::{Position, Url};

use super::script::Script;
use super::settings;
use crate::ingest::WriteKeys;

/// How long the tracker is used without asking for a newer one, in seconds: an hour. Asking costs
/// a 304.
const SCRIPT_CACHE: &str = "public, max-age=3600";
/// The same for settings, which follow the configuration: five minutes.
const SETTINGS_CACHE: &str = "public, max-age=300";
/// Anybody's page may load these; none of them says more than the page knows.
const ANYBODY: (HeaderName, HeaderValue) =
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));

/// What the routes need.
#[derive(Debug)]
pub struct Tracker {
    /// Only public keys have settings.
    pub keys: Arc<WriteKeys>,
    /// How browsers reach the proxy; without it, as this request did.
    pub public_url: Option<Url>,
}

/// `/tracker.js`, the settings of a write key, and its head snippet.
pub fn router(tracker: Tracker) -> Router {
    Router::new()
        .route("/tracker.js", get(script))
        .route("/v1/projects/{write_key}/settings", get(settings))
        .route("/v1/projects/{write_key}/snippet", get(snippet))
        .with_state(Arc::new(tracker))
}

async fn script(asked: HeaderMap) -> Response {
    let script = Script::get();
    let says = |name: HeaderName, what: &str| {
        let values = asked.get_all(name).iter();
        let mut values = values.filter_map(|value| value.to_str().ok());
        values.any(|value| value.contains(what))
    };
    let common = [
        ANYBODY,
        (CACHE_CONTROL, HeaderValue::from_static(SCRIPT_CACHE)),
        (VARY, HeaderValue::from_static("Accept-Encoding")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let etag = [(ETAG, script.etag.as_str())];
    if says(IF_NONE_MATCH, &script.etag) {
        return (StatusCode::NOT_MODIFIED, common, etag).into_response();
    }
    let kind = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
    if says(ACCEPT_ENCODING, "gzip") {
        let packed: Bytes = script.gzip.clone();
        let encoding = [(CONTENT_ENCODING, "gzip")];
        return (common, etag, kind, encoding, packed).into_response();
    }
    (common, etag, kind, script.plain.clone()).into_response()
}

async fn settings(
    State(tracker): State<Arc<Tracker>>,
    Path(write_key): Path<String>,
    asked: HeaderMap,
) -> Response {
    let Some((scheme, host)) = tracker.address(&write_key, &asked) else {
        return (
            StatusCode::NOT_FOUND,
            [ANYBODY],
            "no such public write key\n",
        )
            .into_response();
    };
    let body = Json(settings::settings(&write_key, &scheme, &host));
    (cached(), body).into_response()
}

async fn snippet(
    State(tracker): State<Arc<Tracker>>,
    Path(write_key): Path<String>,
    asked: HeaderMap,
) -> Response {
    let Some((scheme, host)) = tracker.address(&write_key, &asked) else {
        return (
            StatusCode::NOT_FOUND,
            [ANYBODY],
            "no such public write key\n",
        )
            .into_response();
    };
    let base = format!("{scheme}://{host}");
    let text = settings::snippet(&write_key, &base, &Script::get().integrity);
    (cached(), text).into_response()
}

fn cached() -> [(HeaderName, HeaderValue); 3] {
    [
        ANYBODY,
        (CACHE_CONTROL, HeaderValue::from_static(SETTINGS_CACHE)),
        (VARY, HeaderValue::from_static("Host")),
    ]
}

impl Tracker {
    /// Scheme and host under which the browser of this request reaches the proxy; nothing for
    /// keys that are not for browsers.
    fn address(&self, write_key: &str, asked: &HeaderMap) -> Option<(String, String)> {
        self.keys
            .source(write_key)
            .filter(|source| source.is_public())?;
        // What becomes part of a page has to be the text of a host, whatever the header says.
        let reached = || {
            let host = asked.get(HOST)?.to_str().ok()?;
            Url::parse(&format!("http://{host}")).ok()
        };
        let url = self.public_url.clone().or_else(reached)?;
        let host = &url[Position::BeforeHost..Position::AfterPort];
        Some((url.scheme().to_owned(), host.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::config::{KeyKind, WriteKey};
    use crate::keys::AccountNo;
    use crate::secret::Secret;

    fn app(public_url: Option<&str>) -> Router {
        let key = |key, kind| WriteKey {
            key: Secret::new(key),
            kind,
            origins: Vec::new(),
            trust_browser_identity: false,
        };
        let keys_of_account = [
            key("wk_public", KeyKind::Public),
            key("wk_secret", KeyKind::Secret),
        ];
        let mut keys = WriteKeys::default();
        keys.add(AccountNo(1), &keys_of_account, &[]);
        router(Tracker {
            keys: Arc::new(keys),
            public_url: public_url.map(|url| url.parse().unwrap()),
        })
    }

    async fn get_from(app: Router, path: &str, headers: &[(&str, &str)]) -> (Response, String) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = app.oneshot(request.body(Body::empty()).unwrap()).await;
        let (head, body) = answer.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        (Response::from_parts(head, Body::empty()), text)
    }

    #[tokio::test]
    async fn the_tracker_is_cached_and_asked_for_again_by_its_tag() {
        let (first, text) = get_from(app(None), "/tracker.js", &[]).await;
        assert_eq!(first.status(), 200);
        assert_eq!(text.as_bytes(), Script::get().plain);
        let headers = first.headers();
        assert_eq!(headers["cache-control"], SCRIPT_CACHE);
        assert_eq!(headers["access-control-allow-origin"], "*");
        let tag = headers["etag"].to_str().unwrap();
        let (again, nothing) = get_from(app(None), "/tracker.js", &[("if-none-match", tag)]).await;
        assert_eq!((again.status().as_u16(), nothing.len()), (304, 0));
        let packed = [("accept-encoding", "br, gzip")];
        let (packed, _) = get_from(app(None), "/tracker.js", &packed).await;
        assert_eq!(packed.headers()["content-encoding"], "gzip");
    }

    #[tokio::test]
    async fn settings_lead_back_to_where_they_came_from() {
        let host = [("host", "127.0.0.1:8090")];
        let path = "/v1/projects/wk_public/settings";
        let (_, text) = get_from(app(None), path, &host).await;
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let segment = &json["integrations"]["Segment.io"];
        assert_eq!(segment["apiKey"], "wk_public");
        assert_eq!(segment["apiHost"], "127.0.0.1:8090/v1");
        assert_eq!(segment["protocol"], "http");
        assert_eq!(json["metrics"]["host"], "127.0.0.1:8090/v1");

        let (_, text) = get_from(app(Some("https://t.shop.example")), path, &host).await;
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let segment = &json["integrations"]["Segment.io"];
        assert_eq!(segment["apiHost"], "t.shop.example/v1");
        assert_eq!(segment["protocol"], "https");
    }

    #[tokio::test]
    async fn only_public_keys_have_settings() {
        for key in ["wk_secret", "wk_other"] {
            let path = format!("/v1/projects/{key}/settings");
            let (answer, _) = get_from(app(None), &path, &[("host", "a")]).await;
            assert_eq!(answer.status(), 404, "{key}");
        }
    }

    #[tokio::test]
    async fn a_snippet_names_the_text_that_it_loads() {
        let host = [("host", "t.shop.example")];
        let (_, text) = get_from(app(None), "/v1/projects/wk_public/snippet", &host).await;
        assert!(text.contains("src=\"http://t.shop.example/tracker.js\""));
        assert!(text.contains("data-key=\"wk_public\""));
        assert!(text.contains(&Script::get().integrity));
        let hostile = [("host", "a\"><script>alert(1)</script>")];
        let (answer, text) = get_from(app(None), "/v1/projects/wk_public/snippet", &hostile).await;
        assert!(!text.contains("alert"), "{} {text}", answer.status());
    }
}
