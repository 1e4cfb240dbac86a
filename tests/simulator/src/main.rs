//! Prints the table.

use resilient_simulator::limiter::Algorithm;
use resilient_simulator::scenario::{self, MIXES, Scenario};
use resilient_simulator::world;

const TUNING: [u64; 3] = [11, 12, 13];

fn main() {
    let mut which: Vec<String> = std::env::args().skip(1).collect();
    let all = which.iter().position(|w| w == "--all").map(|i| which.remove(i)).is_some();
    let mut scenarios: Vec<Scenario> = Vec::new();
    for mix in MIXES {
        scenarios.extend(scenario::base(mix));
        scenarios.push(scenario::ten_clients(mix));
        for (name, load) in [("7 composition 1.5x", 1.5), ("7 composition 2x", 2.0), ("7 composition 3x", 3.0), ("7 composition 4x", 4.0)] {
            scenarios.push(scenario::composition(name, mix, load));
        }
    }
    scenarios.push(scenario::two_workers(0.5));
    scenarios.push(scenario::two_workers(2.0));
    for scenario in scenarios {
        let label = format!("{} | {}", scenario.name, scenario.mix.name);
        if !which.is_empty() && !which.iter().any(|w| label.contains(w.as_str())) {
            continue;
        }
        println!("{label}");
        let algorithms = if all { scenario::contestants(&scenario) } else { vec![Algorithm::Oracle, Algorithm::Elasticity, Algorithm::Aimd] };
        for algorithm in algorithms {
            for seed in TUNING {
                let f = world::run(&scenario, algorithm, seed).figures();
                println!(
                    "  {:11} {:.4} {:.4} worst {:.3} p99 {:6.1} settled {:4.1} needless {:.4} jain {:.3} l/f {:.2} max {:.0}",
                    algorithm.name(), f.goodput, f.after, f.worst, f.p99, f.settled, f.needless, f.jain, f.last_to_first, f.limit_max
                );
            }
        }
    }
}
