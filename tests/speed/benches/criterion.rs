//! The same cases under criterion, in one task and in two at a time.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use resilient_speed::paths;
use resilient_speed::sample::Stage;

fn cases(criterion: &mut Criterion) {
    let one = Stage::one_thread();
    let cases = paths::all();
    for case in &cases {
        let _ = one.sample(case, case.warm, 1);
        criterion.bench_function(&case.id(), |bencher| {
            bencher.iter_custom(|calls| one.sample(case, calls, 1).took);
        });
    }
    let two = Stage::two_threads();
    for case in cases.iter().filter(|case| case.shared) {
        criterion.bench_function(
            &format!("{} / a call in each of two tasks", case.id()),
            |bencher| {
                bencher.iter_custom(|calls| two.sample(case, calls, two.tasks()).took);
            },
        );
    }
}

criterion_group! {
    name = all;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    targets = cases
}
criterion_main!(all);
