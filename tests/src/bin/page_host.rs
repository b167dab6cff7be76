//! A shop with the tracker's route on its own origin, for a browser to visit:
//! `page_host PROXY_URL TRACKER_FILE`. It ends when its standard input does.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use segue_sdk::Client;
use segue_sdk::proxy_mode::ProxyMode;
use segue_tests::settings::WRITE_KEY;
use segue_tests::wait::PATIENCE;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

const PAGE: &str = r#"<!doctype html><title>Shop</title>
<script async src="/tracker.js" data-endpoint="/segue"></script><h1>Shop</h1>"#;

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "whoever started it waits for its address"
)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("two arguments are needed");
    let (proxy, tracker) = (next(), std::fs::read_to_string(next())?);
    let client = Client::builder(proxy, WRITE_KEY).build()?;
    let tracking = ProxyMode::new(client.clone()).user(logged_in);
    let tracker = get(move || async { ([(CONTENT_TYPE, "text/javascript")], tracker) });
    let app: Router = Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/tracker.js", tracker)
        .route("/log-in/{user}", get(log_in))
        .nest("/segue", tracking.router());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "listens on http://localhost:{}",
        listener.local_addr()?.port()
    );
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        closed = async { tokio::io::stdin().read_to_end(&mut Vec::new()).await } => drop(closed?),
    }
    println!("{}", client.shutdown(PATIENCE).await);
    Ok(())
}

/// A session whose id is its user: enough for a shop that sells nothing.
async fn log_in(Path(user): Path<String>) -> impl IntoResponse {
    let session = format!("session={user}; Path=/; HttpOnly; SameSite=Lax");
    ([(SET_COOKIE, session)], Html(PAGE))
}

fn logged_in(request: &Parts) -> Option<String> {
    let cookies = request.headers.get(COOKIE)?.to_str().ok()?;
    let mut pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
    let (_, user) = pairs.find(|(name, _)| *name == "session")?;
    Some(user.to_owned())
}
