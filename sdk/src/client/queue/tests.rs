use super::*;

const BOUNDS: Bounds = Bounds {
    batch_events_max: 3,
    batch_bytes_max: ENVELOPE_BYTES + 25,
    batch_interval: Duration::from_millis(100),
    event_bytes_max: 20,
    queue_events_max: 8,
    queue_bytes_max: 60,
};

fn send(turn: Turn) -> Sealed {
    match turn {
        Turn::Send(sealed) => sealed,
        other => panic!("something to send was expected, not {other:?}"),
    }
}

fn balance(report: &Report) -> bool {
    report.tracked == report.delivered + report.rejected + report.dropped.total() + report.pending
}

#[test]
fn a_full_chunk_goes_at_once_and_a_started_one_when_it_is_due() {
    let queue = Queue::new(BOUNDS);
    let now = clock::instant();
    for _ in 0..4 {
        queue.push(b"12345").unwrap();
    }
    assert_eq!(send(queue.turn(now, true)).chunk.len(), 3);
    let due = now + BOUNDS.batch_interval;
    assert!(matches!(queue.turn(now, true), Turn::Wait(Some(until)) if until == due));
    assert!(
        matches!(queue.turn(due, false), Turn::Wait(None)),
        "no room: nothing to wake for"
    );
    assert_eq!(send(queue.turn(due, true)).chunk.len(), 1);
}

#[test]
fn a_chunk_is_bounded_by_bytes_too() {
    let queue = Queue::new(BOUNDS);
    queue.push(&[b'1'; 15]).unwrap();
    queue.push(&[b'2'; 15]).unwrap();
    let sealed = send(queue.turn(clock::instant(), true));
    assert_eq!((sealed.number, sealed.chunk.len()), (0, 1));
}

#[test]
fn what_does_not_fit_is_dropped_with_its_reason() {
    let queue = Queue::new(BOUNDS);
    assert_eq!(queue.push(&[b'1'; 21]), Err(DropReason::TooLarge));
    for _ in 0..8 {
        queue.push(b"1").unwrap();
    }
    assert_eq!(queue.push(b"1"), Err(DropReason::QueueFull), "by count");
    queue.settle(8, 0, 8);
    for _ in 0..3 {
        queue.push(&[b'1'; 20]).unwrap();
    }
    assert_eq!(queue.push(b"1"), Err(DropReason::QueueFull), "by bytes");
    let report = queue.report();
    assert_eq!(
        (report.tracked, report.delivered, report.pending),
        (14, 8, 3)
    );
    assert_eq!(report.dropped.get(DropReason::QueueFull), 2);
    assert!(balance(&report));
}

#[test]
fn a_flush_waits_for_the_chunks_before_it_and_for_no_later_ones() {
    let queue = Queue::new(BOUNDS);
    let now = clock::instant();
    let (tell, told) = std::sync::mpsc::channel();
    queue.push(b"1").unwrap();
    queue.flush(
        Duration::from_secs(60),
        Box::new(move |report| tell.send(report).unwrap()),
    );
    queue.push(b"2").unwrap();
    let first = send(queue.turn(now, true));
    assert!(told.try_recv().is_err());
    queue.settle(1, 0, 1);
    queue.finish(first.number);
    drop(queue.turn(now, true));
    assert_eq!(told.try_recv().unwrap().delivered, 1);
}

#[test]
fn a_flush_answers_when_its_time_is_up() {
    let queue = Queue::new(BOUNDS);
    let (tell, told) = std::sync::mpsc::channel();
    queue.push(b"1").unwrap();
    queue.flush(
        Duration::from_secs(60),
        Box::new(move |report| tell.send(report).unwrap()),
    );
    drop(queue.turn(clock::instant() + Duration::from_secs(61), true));
    assert_eq!(told.try_recv().unwrap().pending, 1);
}

#[test]
fn shutdown_takes_no_more_and_stops_when_empty_or_late() {
    let queue = Queue::new(BOUNDS);
    let now = clock::instant();
    queue.push(b"1").unwrap();
    queue.shutdown(Duration::from_secs(60), Box::new(drop));
    assert_eq!(queue.push(b"2"), Err(DropReason::Closed));
    let sealed = send(queue.turn(now, true));
    assert!(matches!(queue.turn(now, true), Turn::Wait(Some(_))));
    assert!(matches!(
        queue.turn(now + Duration::from_secs(61), true),
        Turn::Stop
    ));
    queue.settle(1, 0, 1);
    queue.finish(sealed.number);
    assert!(matches!(queue.turn(now, true), Turn::Stop));
}

#[test]
fn after_the_end_everybody_is_answered_at_once() {
    let queue = Queue::new(BOUNDS);
    queue.push(b"1").unwrap();
    queue.close();
    let (tell, told) = std::sync::mpsc::channel();
    queue.flush(
        Duration::from_secs(60),
        Box::new(move |report| tell.send(report).unwrap()),
    );
    assert_eq!(told.try_recv().unwrap().pending, 1);
}
