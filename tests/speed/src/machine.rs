//! Where and with what it was measured.

use std::process::Command;

/// As lines of a Markdown list.
#[must_use]
pub fn described() -> String {
    format!(
        "- processor: {}, {} of them\n- system: {} {}\n- {}\n- `cargo` profile `release` as it is by default: no LTO\n",
        processor(),
        std::thread::available_parallelism().map_or(1, Into::into),
        std::env::consts::OS,
        std::env::consts::ARCH,
        said("rustc", &["--version"]),
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
