//! `#[retry]`: knobs that are worked out per call, and what each attempt is given.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Calls, Error, ms};
use resilient_runtime::{Backoff, Jitter, Retry, retry};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_count_of_zero_worked_out_per_call_is_one_attempt() {
    #[retry(count = count, delay_ms = 1)]
    async fn ask(calls: &Calls, count: u32) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    for (count, attempts) in [(0, 1), (1, 1), (2, 2), (7, 7)] {
        let calls = Calls::new();
        let _ = ask(&calls, count).await;
        assert_eq!(calls.count(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn clone_gives_each_attempt_its_own_copy() {
    #[retry(count = 3, delay_ms = 1, clone(request, tags))]
    async fn send(
        calls: &Calls,
        request: String,
        tags: Vec<u8>,
        copies: &Mutex<Vec<(String, Vec<u8>)>>,
    ) -> Result<(), Error> {
        calls.note();
        copies.lock().unwrap().push((request, tags));
        Err(Error::Transient)
    }

    let copies = Mutex::default();
    let _ = send(&Calls::new(), "a".to_owned(), vec![1], &copies).await;
    assert_eq!(
        copies.into_inner().unwrap(),
        vec![("a".to_owned(), vec![1]); 3]
    );
}

#[tokio::test(start_paused = true)]
async fn no_attempt_sees_what_the_one_before_did_to_a_mut_argument() {
    #[retry(count = 3, delay_ms = 1)]
    async fn push(
        mut list: Vec<u8>,
        mut number: u32,
        seen: &Mutex<Vec<(usize, u32)>>,
    ) -> Result<(), Error> {
        list.push(0);
        number += 1;
        seen.lock().unwrap().push((list.len(), number));
        Err(Error::Transient)
    }

    let seen = Mutex::default();
    let _ = push(vec![7], 40, &seen).await;
    assert_eq!(seen.into_inner().unwrap(), [(2, 41); 3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_behind_a_mut_reference_stays_changed() {
    #[retry(count = 3, delay_ms = 1)]
    async fn push(list: &mut Vec<u8>) -> Result<usize, Error> {
        list.push(0);
        match list.len() {
            3 => Ok(3),
            _ => Err(Error::Transient),
        }
    }

    assert_eq!(push(&mut Vec::new()).await, Ok(3));
}

struct Client {
    attempts: u32,
    pause: Duration,
    asked: AtomicU32,
}

impl Client {
    #[retry(count = self.attempts + more, delay = self.pause, backoff = "constant", jitter = "none")]
    async fn ask(&self, more: u32) -> Result<(), Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Err(Error::Transient)
    }
}

#[tokio::test(start_paused = true)]
async fn knobs_may_use_self_and_arguments() {
    let client = Client {
        attempts: 2,
        pause: ms(30),
        asked: AtomicU32::new(0),
    };
    let began = Instant::now();
    let _ = client.ask(1).await;
    assert_eq!(client.asked.into_inner(), 3);
    assert_eq!(began.elapsed(), ms(60));
}

#[tokio::test(start_paused = true)]
async fn knobs_are_evaluated_once_per_call_before_the_body_runs() {
    fn noted(order: &Mutex<Vec<&'static str>>) -> u32 {
        order.lock().unwrap().push("knob");
        2
    }
    #[retry(count = noted(order), delay_ms = 1)]
    async fn ask(order: &Mutex<Vec<&'static str>>) -> Result<(), Error> {
        order.lock().unwrap().push("body");
        Err(Error::Transient)
    }

    let order = Mutex::default();
    let _ = ask(&order).await;
    let _ = ask(&order).await;
    let expected = ["knob", "body", "body", "knob", "body", "body"];
    assert_eq!(order.into_inner().unwrap(), expected);
}

const POLICY: Retry = Retry::new(4)
    .backoff(Backoff::Linear)
    .delay(ms(10))
    .jitter(Jitter::None);

#[tokio::test(start_paused = true)]
async fn a_policy_gives_the_settings_and_knobs_beside_it_override_single_values() {
    #[retry(policy = POLICY)]
    async fn plain(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[retry(policy = POLICY, delay_ms = 100)]
    async fn slower(calls: &Calls) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }
    #[retry(policy = POLICY, count = 2 + more, backoff = "fib")]
    async fn longer(calls: &Calls, more: u32) -> Result<(), Error> {
        calls.note();
        Err(Error::Transient)
    }

    let calls = Calls::new();
    let _ = plain(&calls).await;
    assert_eq!(calls.pauses(), [10, 20, 30]);
    let calls = Calls::new();
    let _ = slower(&calls).await;
    assert_eq!(calls.pauses(), [100, 200, 300]);
    let calls = Calls::new();
    let _ = longer(&calls, 4).await;
    assert_eq!(calls.pauses(), [10, 20, 30, 50, 80]);
}
