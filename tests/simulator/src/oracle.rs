//! What somebody would set who knows the capacity and the load.

use crate::scenario::{Seconds, Truth};

/// The part of the work that could be done which the oracle may lose by refusing.
const LOSS: f64 = 0.002;

/// The smallest limit that loses no more than `LOSS` of what can be served, by the formulas for a queue of Poisson arrivals
/// with a limited room (M/M/n/K), and no larger than what can be served before the deadline; on top of it what is on the way
/// through the dependency, with three standard deviations.
pub fn limit(truth: &Truth, deadline: Seconds) -> f64 {
    let workers = f64::from(truth.workers);
    let offered = truth.rate * truth.service;
    let served = truth.rate.min(workers / truth.service);
    let under_way = served * truth.dependency;
    let in_time = workers * (deadline - truth.dependency).max(0.0) / truth.service;
    let mut limit = room(workers, offered).min(in_time.max(workers));
    if under_way > 0.0 {
        limit += under_way + 3.0 * under_way.sqrt();
    }
    limit.ceil()
}

fn room(workers: f64, offered: f64) -> f64 {
    let ideal = offered.min(workers);
    // Weights of the states from empty upwards, relative to the last one.
    let (mut weight, mut sum, mut busy) = (1.0_f64, 1.0, 0.0);
    let mut limit = 0.0;
    loop {
        limit += 1.0;
        weight *= offered / workers.min(limit);
        sum += weight;
        busy += weight * workers.min(limit);
        if weight > 1e200 {
            weight /= 1e200;
            sum /= 1e200;
            busy /= 1e200;
        }
        if busy / sum >= ideal * (1.0 - LOSS) || limit > 10_000.0 {
            return limit;
        }
    }
}
