use super::*;

const BOUNDS: Bounds = Bounds {
    batch_events_max: 3,
    batch_bytes_max: 64 + 25,
    envelope_bytes: 64,
    batch_interval: Duration::from_millis(100),
    event_bytes_max: 20,
    queue_events_max: 8,
    queue_bytes_max: 60,
};

fn queue() -> Queue {
    Queue::new(BOUNDS, OverflowPolicy::DropNewest, None)
}

fn push_as(queue: &Queue, priority: Priority, event: &[u8]) -> Result<Ticket, DropReason> {
    let caller = Caller {
        priority,
        may_block: true,
        keep_evicted: true,
    };
    queue.push(event, caller).0
}

fn push(queue: &Queue, event: &[u8]) -> Result<(), DropReason> {
    push_as(queue, Priority::Normal, event).map(drop)
}

fn chunk(sealed: Sealed) -> Chunk {
    match sealed.content {
        Content::Memory(chunk) => chunk,
        other => panic!("it should be in memory, not {other:?}"),
    }
}

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
    let queue = queue();
    let now = clock::instant();
    for _ in 0..4 {
        push(&queue, b"12345").unwrap();
    }
    assert_eq!(chunk(send(queue.turn(now, true))).len(), 3);
    let due = now + BOUNDS.batch_interval;
    assert!(matches!(queue.turn(now, true), Turn::Wait(Some(until)) if until == due));
    assert!(
        matches!(queue.turn(due, false), Turn::Wait(None)),
        "no room: nothing to wake for"
    );
    assert_eq!(chunk(send(queue.turn(due, true))).len(), 1);
}

#[test]
fn a_chunk_is_bounded_by_bytes_too() {
    let queue = queue();
    push(&queue, &[b'1'; 15]).unwrap();
    push(&queue, &[b'2'; 15]).unwrap();
    let sealed = send(queue.turn(clock::instant(), true));
    assert_eq!((sealed.number, chunk(sealed).len()), (0, 1));
}

#[test]
fn what_does_not_fit_is_dropped_with_its_reason() {
    let queue = queue();
    assert_eq!(push(&queue, &[b'1'; 21]), Err(DropReason::TooLarge));
    for _ in 0..8 {
        push(&queue, b"1").unwrap();
    }
    assert_eq!(push(&queue, b"1"), Err(DropReason::QueueFull), "by count");
    queue.flush(Duration::ZERO, Box::new(drop));
    for _ in 0..3 {
        let sent = chunk(send(queue.turn(clock::instant(), true)));
        queue.settle(&sent, 0);
    }
    for _ in 0..3 {
        push(&queue, &[b'1'; 20]).unwrap();
    }
    assert_eq!(push(&queue, b"1"), Err(DropReason::QueueFull), "by bytes");
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
    let queue = queue();
    let now = clock::instant();
    let (tell, told) = std::sync::mpsc::channel();
    push(&queue, b"1").unwrap();
    queue.flush(
        Duration::from_secs(60),
        Box::new(move |report| tell.send(report).unwrap()),
    );
    push(&queue, b"2").unwrap();
    let first = send(queue.turn(now, true));
    assert!(told.try_recv().is_err());
    let number = first.number;
    queue.settle(&chunk(first), 0);
    queue.finish(number);
    drop(queue.turn(now, true));
    assert_eq!(told.try_recv().unwrap().delivered, 1);
}

#[test]
fn a_flush_answers_when_its_time_is_up() {
    let queue = queue();
    let (tell, told) = std::sync::mpsc::channel();
    push(&queue, b"1").unwrap();
    queue.flush(
        Duration::from_secs(60),
        Box::new(move |report| tell.send(report).unwrap()),
    );
    drop(queue.turn(clock::instant() + Duration::from_secs(61), true));
    assert_eq!(told.try_recv().unwrap().pending, 1);
}

#[test]
fn shutdown_takes_no_more_and_stops_when_empty_or_late() {
    let queue = queue();
    let now = clock::instant();
    push(&queue, b"1").unwrap();
    queue.shutdown(Duration::from_secs(60), Box::new(drop));
    assert_eq!(push(&queue, b"2"), Err(DropReason::Closed));
    let sealed = send(queue.turn(now, true));
    assert!(matches!(queue.turn(now, true), Turn::Wait(Some(_))));
    assert!(matches!(
        queue.turn(now + Duration::from_secs(61), true),
        Turn::Stop
    ));
    let number = sealed.number;
    queue.settle(&chunk(sealed), 0);
    queue.finish(number);
    assert!(matches!(queue.turn(now, true), Turn::Stop));
}

#[test]
fn after_the_end_everybody_is_answered_at_once() {
    let queue = queue();
    push(&queue, b"1").unwrap();
    queue.close();
    let (tell, told) = std::sync::mpsc::channel();
    queue.flush(
        Duration::from_secs(60),
        Box::new(move |report| tell.send(report).unwrap()),
    );
    assert_eq!(told.try_recv().unwrap().pending, 1);
}

fn named(queue: &Queue) -> Vec<Vec<u8>> {
    queue.flush(Duration::ZERO, Box::new(drop));
    let mut events = Vec::new();
    while let Turn::Send(sealed) = queue.turn(clock::instant(), true) {
        events.extend(chunk(sealed).events().map(<[u8]>::to_vec));
    }
    events
}

#[test]
fn a_backlog_leaves_by_priority() {
    let queue = queue();
    for (priority, event) in [
        (Priority::Low, b"l"),
        (Priority::Normal, b"n"),
        (Priority::High, b"h"),
    ] {
        push_as(&queue, priority, event).unwrap();
    }
    assert_eq!(named(&queue), [b"h", b"n", b"l"]);
}

#[test]
fn the_last_lane_is_never_forgotten() {
    let queue = queue();
    push_as(&queue, Priority::Low, b"l").unwrap();
    queue.flush(Duration::ZERO, Box::new(drop));
    let mut turns = 0;
    loop {
        push_as(&queue, Priority::High, b"h").unwrap();
        queue.flush(Duration::ZERO, Box::new(drop));
        let sent = chunk(send(queue.turn(clock::instant(), true)));
        turns += 1;
        assert!(turns <= 8, "more and more that matters holds it up");
        if sent.event(0) == Some(b"l") {
            break;
        }
        queue.settle(&sent, 0);
    }
}

#[test]
fn what_matters_pushes_out_what_does_not() {
    let queue = queue();
    for n in 0..8 {
        push_as(&queue, Priority::Low, &[b'0' + n]).unwrap();
    }
    push_as(&queue, Priority::High, b"h").unwrap();
    assert_eq!(
        push_as(&queue, Priority::Low, b"l").unwrap_err(),
        DropReason::QueueFull
    );
    let report = queue.report();
    assert_eq!(report.dropped.get(DropReason::QueueFull), 2);
    assert!(balance(&report));
    let left: Vec<_> = [b"h"]
        .into_iter()
        .chain(b"1234567".chunks(1).map(|one| one.first_chunk().unwrap()))
        .collect();
    assert_eq!(named(&queue), left);
}

#[test]
fn drop_oldest_keeps_the_newest() {
    let queue = Queue::new(BOUNDS, OverflowPolicy::DropOldest, None);
    for n in 0..12 {
        push(&queue, &[b'a' + n]).unwrap();
    }
    assert!(named(&queue).concat().eq(b"efghijkl"));
    assert!(balance(&queue.report()));
}

#[test]
fn a_refused_call_is_nobodys_loss() {
    let queue = Queue::new(BOUNDS, OverflowPolicy::Refuse, None);
    for _ in 0..8 {
        push(&queue, b"1").unwrap();
    }
    let refused = push_as(&queue, Priority::High, b"h").unwrap_err();
    let report = queue.report();
    assert_eq!((refused, report.refused), (DropReason::QueueFull, 1));
    assert_eq!((report.tracked, report.dropped.total()), (8, 0));
}

#[test]
fn a_blocked_call_goes_on_when_there_is_room() {
    let queue = Queue::new(BOUNDS, OverflowPolicy::Block(Duration::from_secs(60)), None);
    for _ in 0..8 {
        push(&queue, b"1").unwrap();
    }
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| push(&queue, b"2"));
        let sent = chunk(send(queue.turn(clock::instant(), true)));
        queue.settle(&sent, 0);
        assert_eq!(blocked.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_blocked_call_ends_when_its_time_is_up() {
    let queue = Queue::new(
        BOUNDS,
        OverflowPolicy::Block(Duration::from_millis(1)),
        None,
    );
    for _ in 0..8 {
        push(&queue, b"1").unwrap();
    }
    assert_eq!(push(&queue, b"2"), Err(DropReason::QueueFull));
}

#[test]
fn somebody_who_waits_makes_a_chunk_leave_at_once() {
    let queue = queue();
    let now = clock::instant();
    let ticket = push_as(&queue, Priority::Normal, b"1").unwrap();
    assert!(matches!(queue.turn(now, true), Turn::Wait(Some(_))));
    ticket.fate.when_known(ticket.index, Box::new(drop));
    assert_eq!(chunk(send(queue.turn(now, true))).len(), 1);
}
