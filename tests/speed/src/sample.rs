//! One sample: so many calls in a row, in one task or in several at a time.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use tokio::runtime::{Builder, Runtime};

use crate::case::Case;

/// Where the calls are made: a runtime with a thread for each task.
#[derive(Debug)]
pub struct Stage {
    runtime: Runtime,
    tasks: usize,
}

/// How long the calls of all tasks took together, from the first that began to the last that ended.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub took: Duration,
    /// Nobody else took a processor away meanwhile, and each task had a thread to itself.
    pub clean: bool,
}

impl Stage {
    /// One thread, and no other in the process: allocating is as cheap as it gets.
    #[must_use]
    pub fn one_thread() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build();
        Self {
            runtime: runtime.expect("a runtime can be built"),
            tasks: 1,
        }
    }

    /// Two workers.
    #[must_use]
    pub fn two_threads() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build();
        Self {
            runtime: runtime.expect("a runtime can be built"),
            tasks: 2,
        }
    }

    /// How many tasks have a thread to themselves.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// The bytes of the future of one call.
    #[must_use]
    pub fn size(&self, case: &Case) -> usize {
        let _inside = self.runtime.enter();
        case.size()
    }

    /// So many calls in each of so many tasks.
    ///
    /// # Panics
    ///
    /// If other calls ended in an error than those that have to.
    #[must_use]
    pub fn sample(&self, case: &Case, calls: u64, tasks: usize) -> Sample {
        let before = switches();
        let ready = Arc::new(AtomicUsize::new(0));
        let spans: Vec<_> = self.runtime.block_on(async {
            let spawned: Vec<_> = (0..tasks)
                .map(|_| tokio::spawn(timed(case.calls(calls), Arc::clone(&ready), tasks)))
                .collect();
            let mut spans = Vec::new();
            for task in spawned {
                spans.push(task.await.expect("a case does not panic"));
            }
            spans
        });
        for span in &spans {
            assert_eq!(span.errors, span.expected, "errors of {case:?}");
        }
        let threads: HashSet<_> = spans.iter().map(|span| span.thread).collect();
        let start = spans.iter().map(|span| span.start).min();
        let end = spans.iter().map(|span| span.end).max();
        Sample {
            took: end
                .zip(start)
                .map_or(Duration::ZERO, |(end, start)| end - start),
            clean: switches() == before && threads.len() == tasks,
        }
    }
}

struct Span {
    thread: thread::ThreadId,
    start: Instant,
    end: Instant,
    errors: u64,
    expected: u64,
}

/// Begins when all tasks are ready to.
async fn timed(
    (calls, expected): (impl Future<Output = u64>, u64),
    ready: Arc<AtomicUsize>,
    tasks: usize,
) -> Span {
    ready.fetch_add(1, Ordering::AcqRel);
    let came = Instant::now();
    while ready.load(Ordering::Acquire) < tasks {
        // The other may be behind this one in the queue of the same thread.
        if came.elapsed() > Duration::from_millis(1) {
            tokio::task::yield_now().await;
        }
    }
    let thread = thread::current().id();
    let start = Instant::now();
    let errors = calls.await;
    Span {
        thread,
        start,
        end: Instant::now(),
        errors,
        expected,
    }
}

/// How often this process lost a processor that it could have used.
fn switches() -> i64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.involuntary_context_switches())
}
