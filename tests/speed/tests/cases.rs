//! No case refuses a call that it is not meant to refuse, in one task or in two: a peer that did would be fast.

use resilient_speed::paths;
use resilient_speed::sample::Stage;

#[test]
fn each_case_ends_in_the_errors_that_it_has_to() {
    let (one, two) = (Stage::one_thread(), Stage::two_threads());
    for case in paths::all() {
        // Panics if it does not.
        let _ = one.sample(&case, case.warm, 1);
        let _ = one.sample(&case, 1_000, 1);
        if case.shared {
            let _ = two.sample(&case, 1_000, two.tasks());
        }
    }
}
