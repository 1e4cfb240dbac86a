//! Where and with what it was measured.

use std::process::Command;

/// What the attributes are measured beside.
pub const PEERS: [&str; 9] = [
    "backon",
    "failsafe",
    "governor",
    "recloser",
    "sentinel-core",
    "tokio",
    "tokio-retry",
    "tower",
    "tower-resilience",
];

/// As lines of a Markdown list, with the versions of these crates.
#[must_use]
pub fn described(crates: &[&str]) -> String {
    let versions: Vec<_> = crates.iter().map(|name| versioned(name)).collect();
    format!(
        "- processor: {}, {} of them\n- system: {} {}\n- {}\n- cargo's profile `release` as it is by default: no LTO\n- {}\n",
        processor(),
        std::thread::available_parallelism().map_or(1, Into::into),
        std::env::consts::OS,
        std::env::consts::ARCH,
        said("rustc", &["--version"]),
        versions.join(", "),
    )
}

/// A crate with the version that it is locked to.
fn versioned(name: &str) -> String {
    let locked = include_str!("../Cargo.lock");
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = locked
        .split_once(&entry)
        .and_then(|(_, rest)| rest.split_once('"'));
    format!(
        "{name} {}",
        version.map_or("of unknown version", |(version, _)| version)
    )
}

fn processor() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| said("sysctl", &["-n", "machdep.cpu.brand_string"]))
}

fn said(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_is_locked_to_a_version() {
        for peer in PEERS.map(versioned) {
            assert!(peer.ends_with(|last: char| last.is_ascii_digit()), "{peer}");
        }
    }
}
