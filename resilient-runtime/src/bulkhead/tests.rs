mod carried;
mod waits;

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::task::{Context, Waker};
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;

use super::*;
use crate::clock;
use crate::error::PolicyErrorKind;
use crate::verdict::Failure;

type Answer = Result<u32, Failure<io::Error>>;

fn kind(answer: &Answer) -> Option<PolicyErrorKind> {
    match answer {
        Err(Failure::Policy(error)) => Some(error.kind()),
        _ => None,
    }
}

fn poll<F: Future + Unpin>(call: &mut F) -> Poll<F::Output> {
    Pin::new(call).poll(&mut Context::from_waker(Waker::noop()))
}

async fn answers() -> io::Result<u32> {
    Ok(1)
}

const ALL_WAIT: BulkheadSettings = BulkheadSettings::new().max_concurrent(1).max_queue(9);

#[test]
fn so_many_run_at_a_time_and_no_more() {
    let bulkhead = Bulkhead::new(2);
    let mut inside = [(); 2].map(|()| Box::pin(bulkhead.call(pending::<io::Result<u32>>())));
    for call in &mut inside {
        assert!(poll(call).is_pending());
    }
    let refused = bulkhead.call(answers()).now_or_never();
    assert_eq!(kind(&refused.unwrap()), Some(PolicyErrorKind::BulkheadFull));
    assert_eq!((bulkhead.in_use(), bulkhead.waiting()), (2, 0));
}

#[test]
fn it_asks_when_it_is_polled_and_not_before() {
    let bulkhead = Bulkhead::new(1);
    let _unpolled = bulkhead.call(pending::<io::Result<u32>>());
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn a_refused_call_never_begins() {
    let bulkhead = Bulkhead::new(1);
    let _place = bulkhead.try_acquire().unwrap();
    let begun = AtomicU32::new(0);
    let body = async {
        begun.fetch_add(1, Relaxed);
        answers().await
    };
    let answer: Answer = bulkhead.call(body).now_or_never().unwrap();
    assert!(answer.is_err());
    assert_eq!(begun.load(Relaxed), 0);
}

#[test]
fn the_place_is_free_before_the_outcome_is_there() {
    let bulkhead = Bulkhead::new(1);
    for answer in [Ok(1), Err(io::ErrorKind::NotFound)] {
        let (end, ended) = oneshot::channel();
        let body = ended.map(move |_| answer.map_err(io::Error::from));
        let mut call = Box::pin(bulkhead.call(body));
        assert!(poll(&mut call).is_pending());
        assert_eq!(bulkhead.in_use(), 1);
        end.send(()).unwrap();
        assert!(poll(&mut call).is_ready());
        // The future is still there.
        assert_eq!(bulkhead.in_use(), 0);
    }
}

#[test]
fn a_dropped_call_gives_its_place_back_after_its_work_is_gone() {
    struct Work<'a>(&'a Bulkhead);
    impl Drop for Work<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0.in_use(), 1);
        }
    }
    let bulkhead = Bulkhead::new(1);
    let work = Work(&bulkhead);
    let mut call = Box::pin(bulkhead.call(async move {
        let _work = work;
        pending::<io::Result<u32>>().await
    }));
    assert!(poll(&mut call).is_pending());
    drop(call);
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn a_call_that_panics_gives_its_place_back() {
    let bulkhead = Bulkhead::new(1);
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let body = async {
            std::panic::resume_unwind(Box::new(()));
            #[allow(unreachable_code)]
            answers().await
        };
        let _: Option<Answer> = bulkhead.call(body).now_or_never();
    }));
    assert!(unwound.is_err());
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn a_permit_is_a_place() {
    let bulkhead = Bulkhead::new(1).named("dumps");
    let place = bulkhead.try_acquire().unwrap();
    let refusal = bulkhead.try_acquire().unwrap_err();
    assert_eq!(refusal.kind(), PolicyErrorKind::BulkheadFull);
    assert_eq!(refusal.site(), "dumps");
    drop(place);
    assert!(bulkhead.try_acquire().is_ok());
}

#[tokio::test]
async fn an_owned_permit_outlives_every_other_handle() {
    let bulkhead = Arc::new(Bulkhead::new(1));
    let gone = Arc::downgrade(&bulkhead);
    let place = Arc::clone(&bulkhead).acquire_owned().await.unwrap();
    assert!(Arc::clone(&bulkhead).try_acquire_owned().is_err());
    drop(place);
    let place = Arc::clone(&bulkhead).try_acquire_owned().unwrap();
    assert_eq!(bulkhead.in_use(), 1);
    drop(bulkhead);
    let place = std::thread::spawn(move || drop(place));
    place.join().unwrap();
    assert!(gone.upgrade().is_none());
}

#[test]
fn a_switched_off_layer_lets_all_pass() {
    static SITE: Site = Site::new(|| "off", "", 0, &[]);
    static LAYER: BulkheadLayer = BulkheadLayer::new(&SITE, BulkheadSettings::new());
    use crate::site::Layer;
    LAYER.set_enabled(false);
    let mut calls: [_; 11] =
        std::array::from_fn(|_| Box::pin(LAYER.guard(pending::<io::Result<u32>>())));
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
}

#[test]
fn fewer_places_let_nobody_begin_until_enough_have_ended() {
    let bulkhead = Bulkhead::new(3);
    let mut places: Vec<_> = (0..3).map(|_| bulkhead.try_acquire().unwrap()).collect();
    bulkhead.set("max_concurrent", 2_u32.into()).unwrap();
    places.pop();
    assert!(bulkhead.try_acquire().is_err());
    places.pop();
    assert!(bulkhead.try_acquire().is_ok());
    bulkhead.unset("max_concurrent").unwrap();
    let places: Vec<_> = (0..2).map(|_| bulkhead.try_acquire().unwrap()).collect();
    assert_eq!(places.len(), 2);
}

#[test]
fn knobs_are_read_and_refused_by_name_and_range() {
    let bulkhead = Bulkhead::with(BulkheadSettings::new().max_concurrent(0));
    let value = |knob: &str| {
        let settings = bulkhead.settings();
        settings
            .iter()
            .find(|setting| setting.knob == knob)
            .unwrap()
            .value
    };
    assert_eq!(value("max_concurrent"), Some(1_u32.into()));
    assert_eq!(value("max_queue"), Some(0_u32.into()));
    assert_eq!(value("max_wait"), None);
    assert!(bulkhead.set("max_concurrent", 0_u32.into()).is_err());
    assert!(bulkhead.set("places", 1_u32.into()).is_err());
    bulkhead.set("max_queue", 3_u32.into()).unwrap();
    bulkhead.set("max_wait", Duration::ZERO.into()).unwrap();
    assert_eq!(value("max_queue"), Some(3_u32.into()));
    assert_eq!(value("max_wait"), Some(Duration::ZERO.into()));
}

#[test]
fn a_handle_on_the_layer_sets_the_state_and_lets_in_who_waits() {
    static SITE: Site = Site::new(|| "tuned", "", 0, &[]);
    static LAYER: BulkheadLayer = BulkheadLayer::new(&SITE, ALL_WAIT);
    use crate::site::Layer;
    let layer: &dyn Layer = &LAYER;
    let state: &Bulkhead = layer.state().unwrap();
    let _place = state.try_acquire().unwrap();
    let mut waits = Box::pin(LAYER.guard(answers()));
    assert!(poll(&mut waits).is_pending());
    layer.set("max_concurrent", 2_u32.into()).unwrap();
    assert_eq!((state.in_use(), state.waiting()), (2, 0));
    assert!(poll(&mut waits).is_ready());
    assert_eq!(layer.settings(), state.settings());
    layer.unset("max_concurrent").unwrap();
    assert!(state.try_acquire().is_err());
}

#[test]
fn a_key_may_be_forgotten_only_while_nobody_is_inside() {
    let bulkhead = Bulkhead::new(1);
    let is_idle = || Bulkhead::is_idle(&Entry::by_hand(&bulkhead), clock::now());
    assert!(is_idle());
    let _inside = bulkhead.try_acquire().unwrap();
    assert!(!is_idle());
}

#[test]
fn it_shows_who_is_inside() {
    let bulkhead = Bulkhead::new(3).named("dumps");
    let _place = bulkhead.try_acquire().unwrap();
    let shown = format!("{bulkhead:?}");
    assert!(
        shown.contains("\"dumps\"") && shown.contains("in_use: 1"),
        "{shown}"
    );
    let calls = [
        format!("{_place:?}"),
        format!("{:?}", bulkhead.call(answers())),
    ];
    assert_eq!(calls, ["BulkheadPermit { .. }", "BulkheadCall { .. }"]);
}

#[test]
fn a_call_costs_little_room() {
    let bare = size_of::<u64>();
    let room = size_of::<BulkheadCall<'_, u64>>() - bare;
    assert!(room <= 72, "{room}");
    assert!(size_of::<Bulkhead>() <= 256, "{}", size_of::<Bulkhead>());
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn an_isolated_test_has_its_own_places_wherever_they_are_given_back() {
    let bulkhead = Arc::new(Bulkhead::new(1));
    let _outside = bulkhead.try_acquire().unwrap();
    let inside = crate::testing::isolated(Arc::clone(&bulkhead).acquire_owned()).await;
    assert_eq!(bulkhead.in_use(), 1);
    drop(inside.unwrap());
    assert_eq!(bulkhead.in_use(), 1);
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_refusal_is_an_event() {
    let bulkhead = Bulkhead::new(1).named("dumps");
    let _place = bulkhead.try_acquire().unwrap();
    let refused = async { bulkhead.try_acquire().is_err() };
    let (refused, events) = crate::testing::events(refused).await;
    assert!(refused);
    let kinds: Vec<_> = events
        .iter()
        .map(|event| (event.site(), event.kind()))
        .collect();
    let full = crate::event::EventKind::Refused(PolicyErrorKind::BulkheadFull);
    assert_eq!(kinds, [("dumps", &full)]);
}
