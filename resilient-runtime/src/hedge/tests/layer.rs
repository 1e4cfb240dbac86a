//! The layer of an annotated function.

use std::future::{poll_fn, ready};
use std::task::Poll;

use futures::FutureExt;

use tokio::time::Instant;

use super::*;
use crate::clock;
use crate::hedge::HedgeLayer;
use crate::site::{Layer, LayerKind, Site};
use crate::testing::{events, isolated};

static SITE: Site = Site::new(|| "shop::stock", "", 0, &[]);

#[tokio::test(start_paused = true)]
async fn it_hedges_as_the_code_says_and_in_its_name() {
    static LAYER: HedgeLayer = HedgeLayer::new(&SITE, after(5));
    let made = Cell::new(0);
    let call = LAYER.run(|| {
        let attempt = made.replace(made.get() + 1);
        async move {
            sleep([100, 1][attempt] * MS).await;
            io::Result::Ok(attempt)
        }
    });
    let (outcome, events) = isolated(events(call)).await;
    assert_eq!(outcome.unwrap(), 1);
    assert_eq!(kinds(&events), [started(1, 5), won(1)]);
    assert_eq!(events[0].site(), "shop::stock");
}

#[tokio::test(start_paused = true)]
async fn what_the_call_worked_out_holds_and_a_handle_goes_over_it() {
    static LAYER: HedgeLayer = HedgeLayer::new(&SITE, after(5).max(2)).per_call(&["after"]);
    isolated(async {
        assert_eq!(LAYER.code(), after(5).max(2));
        let listed = LAYER.settings();
        assert_eq!((listed[0].knob, listed[0].value), ("after", None));
        let took = || async {
            let made = Cell::new(0);
            let settings = LAYER.code().after((20 * MS).into());
            let call = LAYER.run_with(settings, || {
                let first = made.replace(made.get() + 1) == 0;
                async move {
                    if first {
                        sleep(100 * MS).await;
                    }
                    io::Result::Ok(())
                }
            });
            timed(call).await.1
        };
        assert_eq!(took().await, 20 * MS);
        LAYER.set("after", (30 * MS).into()).unwrap();
        assert_eq!(took().await, 30 * MS);
        LAYER.unset("after").unwrap();
        assert_eq!(took().await, 20 * MS);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn switched_off_it_makes_one_attempt_and_measures_nothing() {
    static LAYER: HedgeLayer = HedgeLayer::new(&SITE, MEASURED);
    isolated(async {
        let layer: &dyn Layer = &LAYER;
        let hedger = layer.state::<Hedger>().unwrap();
        layer.set_enabled(false);
        LAYER.run(|| ready(io::Result::Ok(()))).await.unwrap();
        assert_eq!(hedger.delay(), None);
        hedger.record(MS);
        let made = Cell::new(0);
        let call = LAYER.run(|| {
            made.set(made.get() + 1);
            async {
                sleep(100 * MS).await;
                io::Result::Ok(())
            }
        });
        let (_, events) = events(call).await;
        assert_eq!(kinds(&events), []);
        assert_eq!(made.get(), 1);
        assert!(hedger.delay().is_some_and(|delay| delay < 2 * MS));
        layer.set_enabled(true);
        LAYER.run(|| ready(io::Result::Ok(()))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn it_is_a_layer_with_the_knobs_of_its_hedger() {
    static LAYER: HedgeLayer = HedgeLayer::new(&SITE, Hedge::new());
    isolated(async {
        assert_eq!(LAYER.kind(), LayerKind::Hedge);
        assert_eq!(LAYER.settings(), Hedger::new().settings());
    })
    .await;
}

/// One reading of the clock serves the hedge and all layers of the first attempt.
#[tokio::test(start_paused = true)]
async fn the_layers_of_the_first_attempt_begin_when_the_call_does() {
    static LAYER: HedgeLayer = HedgeLayer::new(&SITE, after(5));
    let began = Instant::now();
    let entries = || {
        poll_fn(move |cx| {
            // What is worked out before the attempt begins takes its time.
            let mut time = Box::pin(tokio::time::advance(MS));
            let _ = time.as_mut().poll(cx);
            let seen = clock::entry().instant();
            clock::forget();
            Poll::Ready(io::Result::Ok((seen, clock::entry().instant())))
        })
    };
    let by_layer = isolated(LAYER.run(entries)).now_or_never().unwrap();
    let (seen, later) = by_layer.unwrap();
    assert_eq!((seen - began, later - began), (Duration::ZERO, MS));
    assert_eq!(clock::entry().instant(), began + MS);

    // By hand nobody says when the body begins.
    let by_hand = Hedger::with(after(5)).run(entries).now_or_never().unwrap();
    assert_eq!(by_hand.unwrap().0 - began, 2 * MS);
}
