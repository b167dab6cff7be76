//! `GET /segments`: what the CDP has put into the shop's segment group.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use segue_receiver::payload::PersonId;
use segue_receiver::segments::{Segments, StoreError};
use serde::Serialize;

use crate::Shop;

const PAGE: usize = 10_000;

#[derive(Serialize)]
pub(crate) struct Listing {
    group: String,
    locked: bool,
    segments: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    identifier: String,
    name: String,
    members: Vec<PersonId>,
}

pub(crate) async fn list(State(shop): State<Shop>) -> Result<Json<Listing>, StatusCode> {
    let listing = read(shop.receiver.segments(), &shop.segment_group).await;
    listing
        .map(Json)
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

async fn read(segments: &Segments, group: &str) -> Result<Listing, StoreError> {
    let locked = segments
        .group(group)
        .await?
        .is_some_and(|group| group.locked);
    let mut listed = Vec::new();
    for segment in segments.segments(group).await? {
        let mut members: Vec<PersonId> = Vec::new();
        loop {
            let page = segments
                .members(group, &segment.identifier, members.last(), PAGE)
                .await?;
            let last = page.len() < PAGE;
            members.extend(page);
            if last {
                break;
            }
        }
        listed.push(Listed {
            identifier: segment.identifier,
            name: segment.name,
            members,
        });
    }
    Ok(Listing {
        group: group.to_owned(),
        locked,
        segments: listed,
    })
}
