use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::*};

use super::*;
use crate::spawn::{spawn, spawn_blocking};

/// A layer with a place, as far as carrying goes.
struct Layer {
    carriers: Carriers,
    given_back: Arc<AtomicBool>,
}

struct Place(Arc<AtomicBool>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Layer {
    fn new() -> Self {
        Self {
            carriers: Carriers::new(),
            given_back: Arc::default(),
        }
    }

    /// Whether the place was given back, after the call has ended.
    fn poll<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let _carrying = self.carriers.poll();
        poll()
    }

    fn end(&mut self) -> bool {
        let place = Place(Arc::clone(&self.given_back));
        let mut place = Some(place);
        self.carriers.hand_over(|| place.take());
        drop(place);
        self.is_free()
    }

    fn is_free(&self) -> bool {
        self.given_back.load(Relaxed)
    }
}

#[test]
fn a_place_is_kept_until_the_carrier_goes() {
    let mut layer = Layer::new();
    let carry = layer.poll(Carry::new);
    assert!(!layer.end());
    drop(carry);
    assert!(layer.is_free());
}

#[test]
fn a_carrier_that_went_before_the_end_keeps_nothing() {
    let mut layer = Layer::new();
    drop(layer.poll(Carry::new));
    assert!(layer.end());
}

#[test]
fn a_request_is_remembered_over_later_polls() {
    let mut layer = Layer::new();
    let carry = layer.poll(Carry::new);
    layer.poll(|| {});
    assert!(!layer.end());
    drop(carry);
    assert!(layer.is_free());
}

#[test]
fn a_place_is_free_when_the_last_of_its_carriers_goes() {
    let mut layer = Layer::new();
    let first = layer.poll(Carry::new);
    let [second, third] = layer.poll(|| [Carry::new(), Carry::new()]);
    let fourth = second.clone();
    assert!(!layer.end());
    for carry in [first, second, third] {
        drop(carry);
        assert!(!layer.is_free());
    }
    drop(fourth);
    assert!(layer.is_free());
}

#[test]
fn all_layers_around_hear_of_it_and_none_beside() {
    let [mut outer, mut before, mut inner, mut after] = [(); 4].map(|()| Layer::new());
    let carry = outer.poll(|| {
        before.poll(|| {});
        let carry = inner.poll(Carry::new);
        after.poll(|| {});
        carry
    });
    assert!(before.end() && after.end());
    assert!(!inner.end() && !outer.end());
    drop(carry);
    assert!(inner.is_free() && outer.is_free());
}

#[test]
fn a_request_of_one_call_is_not_seen_by_the_next_on_the_thread() {
    let [mut first, mut second] = [(); 2].map(|()| Layer::new());
    let carry = first.poll(Carry::new);
    let other = second.poll(Carry::new);
    drop(other);
    assert!(second.end());
    assert!(!first.end());
    drop(carry);
}

#[test]
fn outside_of_any_layer_it_does_nothing() {
    assert!(Carry::new().places.is_none());
    let mut layer = Layer::new();
    layer.poll(|| {});
    assert!(Carry::new().places.is_none());
}

#[test]
fn a_call_that_panics_hands_over_and_leaves_the_thread_clean() {
    let mut layer = Layer::new();
    let mut kept = None;
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        layer.poll(|| {
            kept = Some(Carry::new());
            std::panic::resume_unwind(Box::new(()));
        })
    }));
    assert!(unwound.is_err());
    assert!(Carry::new().places.is_none());
    assert!(scope::nothing_noted());
    assert!(!layer.end());
    drop(kept);
    assert!(layer.is_free());
}

#[test]
fn carriers_that_are_gone_are_forgotten() {
    let mut layer = Layer::new();
    for _ in 0..1_000 {
        drop(layer.poll(Carry::new));
    }
    assert!(layer.carriers.len() <= 1);
}

#[test]
fn a_stream_gives_the_places_back_when_it_ends() {
    let mut layer = Layer::new();
    let items = [Ok(1), Err("broken"), Ok(2)];
    let stream = layer.poll(|| carry(futures::stream::iter(items)));
    assert!(!layer.end());
    let mut stream = std::pin::pin!(stream);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    for item in items {
        assert_eq!(stream.as_mut().poll_next(&mut cx), Poll::Ready(Some(item)));
        assert!(!layer.is_free());
    }
    assert_eq!(stream.as_mut().poll_next(&mut cx), Poll::Ready(None));
    assert!(layer.is_free());
}

#[test]
fn a_stream_gives_the_places_back_after_what_it_holds() {
    struct Held(Arc<AtomicBool>);
    impl Drop for Held {
        fn drop(&mut self) {
            assert!(!self.0.load(Relaxed), "the place was free too early");
        }
    }
    let mut layer = Layer::new();
    let held = Held(Arc::clone(&layer.given_back));
    let carried = layer.poll(|| carry(held));
    assert!(!layer.end());
    drop(carried);
    assert!(layer.is_free());
}

#[tokio::test]
async fn a_future_gives_the_places_back_when_it_is_ready() {
    let mut layer = Layer::new();
    let future = layer.poll(|| carry(std::future::ready(7)));
    assert!(!layer.end());
    let mut future = std::pin::pin!(future);
    assert_eq!(future.as_mut().await, 7);
    assert!(layer.is_free());
}

#[tokio::test]
async fn blocking_work_keeps_the_places_until_it_has_returned() {
    let mut layer = Layer::new();
    let (begin, begun) = futures::channel::oneshot::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (done, returned) = futures::channel::oneshot::channel::<()>();
    let handle = layer.poll(|| {
        spawn_blocking(move || {
            let _ = begin.send(());
            let _ = held.recv();
            // Dropped when the closure is, behind the places.
            done
        })
    });
    // Nobody waits for it any more.
    drop(handle);
    begun.await.unwrap();
    assert!(!layer.end());
    drop(release);
    assert!(returned.await.is_err());
    while !layer.is_free() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_task_keeps_the_places_until_it_has_ended() {
    let mut layer = Layer::new();
    let (end, ended) = futures::channel::oneshot::channel::<()>();
    let task = layer.poll(|| spawn(ended));
    assert!(!layer.end());
    drop(end);
    assert!(task.await.unwrap().is_err());
    assert!(layer.is_free());
}

#[test]
fn a_carried_value_can_be_reached_and_tells_its_size() {
    let mut carried = carry(futures::stream::iter([1, 2, 3]));
    assert_eq!(carried.size_hint(), (3, Some(3)));
    assert_eq!(carried.get_ref().size_hint().0, 3);
    *carried.get_mut() = futures::stream::iter([4, 5, 6]);
    let first = futures::FutureExt::now_or_never(futures::StreamExt::next(carried.get_mut()));
    assert_eq!(first, Some(Some(4)));
}

mod any_order {
    //! Whatever the order of polls, requests, drops and ends: a place is kept exactly as
    //! long as one who asked during its call lives, or the call itself.

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        /// Polls the calls of this range, one inside the other, and asks so often innermost.
        Poll {
            layers: [usize; 2],
            asks: usize,
        },
        End(usize),
        Drop(usize),
    }

    const LAYERS: usize = 4;

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => ([0..LAYERS, 0..LAYERS], 0..3_usize)
                .prop_map(|(layers, asks)| Step::Poll { layers, asks }),
            1 => (0..LAYERS).prop_map(Step::End),
            2 => any::<usize>().prop_map(Step::Drop),
        ]
    }

    fn poll(layers: &mut [Layer], asks: usize) -> Vec<Carry> {
        match layers {
            [] => (0..asks).map(|_| Carry::new()).collect(),
            [outer, inner @ ..] => outer.poll(|| poll(inner, asks)),
        }
    }

    proptest! {
        #[test]
        fn a_place_is_kept_as_long_as_it_is_wanted(steps in vec(step(), 1..40)) {
            let mut layers: [Layer; LAYERS] = std::array::from_fn(|_| Layer::new());
            let mut ended = [false; LAYERS];
            // Each with the layers that were polled around it.
            let mut carries: Vec<(Carry, std::ops::Range<usize>)> = Vec::new();
            for step in steps {
                match step {
                    Step::Poll { layers: [a, b], asks } => {
                        let range = a.min(b)..a.max(b);
                        if ended[range.clone()].contains(&true) {
                            continue;
                        }
                        let asked = poll(&mut layers[range.clone()], asks);
                        carries.extend(asked.into_iter().map(|carry| (carry, range.clone())));
                    }
                    Step::End(layer) if !ended[layer] => {
                        ended[layer] = true;
                        layers[layer].end();
                    }
                    Step::Drop(at) if !carries.is_empty() => {
                        drop(carries.swap_remove(at % carries.len()));
                    }
                    _ => {}
                }
                for (at, layer) in layers.iter().enumerate() {
                    let wanted = carries.iter().any(|(_, around)| around.contains(&at));
                    prop_assert_eq!(layer.is_free(), ended[at] && !wanted);
                }
                prop_assert!(scope::nothing_noted());
            }
        }
    }
}
