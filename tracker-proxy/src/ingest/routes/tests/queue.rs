//! What happens between a body and its verdicts.

use super::*;

#[tokio::test]
async fn verdicts_find_their_events_and_a_repeat_is_accepted() {
    let mut proxy = proxy();
    let body = || batch(&format!("{{}},{TRACK},{{}},{TRACK}"));
    let (status, answer, _) = proxy
        .send(backend("/v1/batch", body()), Ok(Verdict::Erased))
        .await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &0.into()));
    let listed: Vec<_> = answer["rejected"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = listed
        .iter()
        .map(|entry| entry["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["invalid_type", "erased", "invalid_type", "erased"]);
    assert_eq!(listed[3]["index"], 3);
    let (_, answer, _) = proxy
        .send(backend("/v1/batch", body()), Ok(Verdict::Repeat))
        .await;
    assert_eq!(answer["accepted"], 2);
}

#[tokio::test]
async fn a_batch_of_nothing_good_needs_no_commit() {
    let proxy = proxy();
    let (status, answer) = proxy.refuse(backend("/v1/batch", batch("{},5"))).await;
    assert_eq!((status.as_u16(), &answer["accepted"]), (200, &0.into()));
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_to_be_sent_again() {
    let mut failing = proxy();
    let request = backend("/v1/batch", batch(TRACK));
    let (status, body, _) = failing.send(request, Err(Unavailable)).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (503, &"unavailable".into())
    );

    let narrow = Limits {
        queue_bytes_max: 10,
        ..Limits::default()
    };
    let (full, mut gone) = (proxy_with(narrow, 16), proxy());
    gone.submissions.close();
    for proxy in [&full, &gone] {
        let request = backend("/v1/batch", batch(TRACK));
        let response = proxy.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
    }
}

#[tokio::test]
async fn a_full_queue_is_answered_at_once() {
    let proxy = proxy_with(Limits::default(), 1);
    let first = tokio::spawn(
        proxy
            .router
            .clone()
            .oneshot(backend("/v1/batch", batch(TRACK))),
    );
    while proxy.submissions.is_empty() {
        tokio::task::yield_now().await;
    }
    let (status, _) = proxy.refuse(backend("/v1/batch", batch(TRACK))).await;
    assert_eq!(status, 503);
    drop(proxy);
    assert_eq!(first.await.unwrap().unwrap().status(), 503);
}

#[tokio::test]
async fn bytes_count_until_the_pipeline_answers_even_when_the_client_is_gone() {
    let mut proxy = proxy_with(
        Limits {
            queue_bytes_max: 120,
            ..Limits::default()
        },
        16,
    );
    let client = tokio::spawn(
        proxy
            .router
            .clone()
            .oneshot(backend("/v1/batch", batch(TRACK))),
    );
    let submission = proxy.submissions.recv().await.unwrap();
    client.abort();
    assert!(client.await.is_err());
    let (status, _) = proxy.refuse(backend("/v1/batch", batch(TRACK))).await;
    assert_eq!(status, 503);
    submission.reply.send(Ok(vec![Verdict::Accepted])).unwrap();
    tokio::task::yield_now().await;
    proxy.accept(backend("/v1/batch", batch(TRACK))).await;
}
