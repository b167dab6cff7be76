//! A claim and its changes are one.

use super::{Violation, add, applied, claimed, equal, members, names, remove, second};
use crate::segments::{Delivery, DeliveryOutcome, Plan, SegmentStore};

const GROUP: &str = "conformance-claims";

/// How many copies of a delivery come at once.
const COPIES: usize = 8;

pub(super) async fn check(store: &dyn SegmentStore) -> Result<(), Violation> {
    let early = claimed(GROUP, "early", vec![add("a", "vip", 1)]);
    let refused = store.deliver(early.clone()).await?;
    let rule = "a delivery that is refused leaves no claim";
    equal(rule, &refused.outcome, &DeliveryOutcome::UnknownGroup)?;
    store.create_group(GROUP, "Claims").await?;
    let delivered = store.deliver(early.clone()).await?;
    equal(rule, &delivered.outcome, &applied(1, &[], 0))?;

    let gone = claimed(GROUP, "gone", vec![remove("a", "vip", 2)]);
    store.deliver(gone).await?;
    let repeated = store.deliver(early.clone()).await?;
    let DeliveryOutcome::Answered(answer) = applied(1, &[], 0) else {
        return Ok(());
    };
    let rule = "a repeat gets the first answer and changes nothing";
    equal(rule, &repeated.outcome, &DeliveryOutcome::Repeated(answer))?;
    equal(rule, &repeated.changes, &Vec::new())?;
    equal(rule, &members(store, GROUP, "vip").await?, &Vec::new())?;

    let late = Delivery {
        now: second(100),
        ..early
    };
    let delivered = store.deliver(late).await?;
    let rule = "a claim ends with its time";
    equal(rule, &delivered.outcome, &applied(0, &[0], 0))?;

    let tried = claimed(GROUP, "tried", vec![add("t", "vip", 5)]);
    let trial = Delivery {
        plan: Plan::Try,
        ..tried.clone()
    };
    store.deliver(trial).await?;
    let delivered = store.deliver(tried).await?;
    equal(
        "a try leaves no claim",
        &delivered.outcome,
        &applied(1, &[], 0),
    )?;
    check_twins(store).await
}

async fn check_twins(store: &dyn SegmentStore) -> Result<(), Violation> {
    let twin = claimed(GROUP, "twin", vec![add("b", "vip", 1), add("c", "vip", 1)]);
    let mut copies: Vec<_> = (0..COPIES).map(|_| store.deliver(twin.clone())).collect();
    let mut outcomes = Vec::new();
    // Polled in turn, so that all are under way at once.
    std::future::poll_fn(|context| {
        copies.retain_mut(|copy| match copy.as_mut().poll(context) {
            std::task::Poll::Ready(outcome) => {
                outcomes.push(outcome);
                false
            }
            std::task::Poll::Pending => true,
        });
        if copies.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    let mut answered = 0;
    for outcome in outcomes {
        answered += usize::from(matches!(outcome?.outcome, DeliveryOutcome::Answered(_)));
    }
    equal(
        "of copies that come at once one is carried out",
        &answered,
        &1,
    )?;
    let found = members(store, GROUP, "vip").await?;
    equal(
        "it is carried out in full",
        &found,
        &names(&["b", "c", "t"]),
    )
}
