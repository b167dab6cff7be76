//! A small client of the admin API.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::http::{self, Answer};
use crate::wait;

/// One token at one proxy.
#[derive(Debug, Clone)]
pub struct Admin {
    client: reqwest::Client,
    base: String,
    token: String,
}

/// A person in a list of members.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The user id, where there is one.
    pub user_id: Option<String>,
    /// An anonymous id, where there is one.
    pub anonymous_id: Option<String>,
}

impl Admin {
    /// A client with the token `token`.
    #[must_use]
    pub fn new(base: &str, token: &str) -> Self {
        Self {
            client: http::client(),
            base: base.to_owned(),
            token: token.to_owned(),
        }
    }

    /// One call; `path` begins after `/admin/v1`.
    ///
    /// # Errors
    ///
    /// There was no answer: whether it was done is not known.
    pub async fn try_call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Answer, reqwest::Error> {
        let method = method.parse().expect("tests name methods that exist");
        let mut request = self
            .client
            .request(method, format!("{}/admin/v1{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        Answer::read(request.send().await?).await
    }

    /// One call to a proxy that is there.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Json>) -> Answer {
        let answer = self.try_call(method, path, body).await;
        answer.expect("the proxy is there and answers")
    }

    /// Looks at something that is there.
    pub async fn get(&self, path: &str) -> Json {
        self.call("GET", path, None).await.expect(200).json
    }

    /// Adds an audience.
    pub async fn add_audience(&self, id: &str, when: &Json) {
        let definition = json!({ "id": id, "when": when });
        let answer = self.call("POST", "/audiences", Some(&definition)).await;
        drop(answer.expect(201));
    }

    /// Every entry of a list that comes in pages; `path` has a query already.
    pub async fn pages(&self, path: &str, list: &str) -> Vec<Json> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{cursor}")).await;
            let entries = page[list].as_array();
            all.extend(entries.expect("a page has its list").iter().cloned());
            match &page["next_cursor"] {
                Json::Null => return all,
                Json::String(next) => cursor = format!("&cursor={next}"),
                next => cursor = format!("&cursor={next}"),
            }
        }
    }

    /// The members of an audience.
    pub async fn members(&self, audience: &str) -> BTreeSet<Member> {
        let path = format!("/audiences/{audience}/members?limit=1000");
        let text = |value: &Json| value.as_str().map(str::to_owned);
        let listed = self.pages(&path, "members").await;
        let mut members = BTreeSet::new();
        for one in &listed {
            let member = Member {
                user_id: text(&one["user_id"]),
                anonymous_id: text(&one["anonymous_id"]),
            };
            let new = members.insert(member);
            assert!(new, "{audience} lists a member twice: {one}");
        }
        members
    }

    /// The user ids of the members of an audience.
    pub async fn member_ids(&self, audience: &str) -> BTreeSet<String> {
        let members = self.members(audience).await;
        members.into_iter().filter_map(|one| one.user_id).collect()
    }

    /// Waits until every audience knows all of history.
    pub async fn until_live(&self) {
        wait::until("all audiences are live", async || {
            let listed = self.pages("/audiences?limit=1000", "audiences").await;
            let live = listed.iter().all(|one| one["status"] == "live");
            live.then_some(())
        })
        .await;
    }

    /// Waits until no delivery is left to do.
    pub async fn until_delivered(&self) {
        wait::until("nothing waits to be delivered", async || {
            let waiting = self.get("/deliveries?state=pending&limit=1").await;
            let waiting = waiting["deliveries"].as_array();
            waiting
                .expect("deliveries are listed")
                .is_empty()
                .then_some(())
        })
        .await;
    }

    /// All deliveries of an activation, newest first.
    pub async fn deliveries(&self, activation: &str) -> Vec<Json> {
        let path = format!("/deliveries?activation={activation}&limit=1000");
        self.pages(&path, "deliveries").await
    }

    /// All events of a person, newest first.
    pub async fn events(&self, user: &str) -> Vec<Json> {
        let path = format!("/events?user_id={user}&limit=1000");
        self.pages(&path, "events").await
    }
}
