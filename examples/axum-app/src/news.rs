//! What the shop does when somebody joins or leaves a segment: it says how many.

use segue_receiver::segments::{Segments, Subscription, SubscriptionError};

/// Tells of changes for as long as there are segments.
pub(crate) fn tell(segments: &Segments) {
    let subscription = segments.subscribe();
    drop(tokio::spawn(listen(subscription)));
}

async fn listen(mut subscription: Subscription) {
    loop {
        match subscription.next().await {
            Ok(change) => {
                let (joined, left) = (change.joined.len(), change.left.len());
                tracing::info!(segment = change.segment, joined, left, "members changed");
            }
            // A shop that keeps a copy of the members would read them again here.
            Err(SubscriptionError::Missed { count }) => {
                tracing::warn!(count, "changes were missed");
            }
            Err(_) => return,
        }
    }
}
