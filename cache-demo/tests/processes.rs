//! The program as its users start it.

mod process;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};

use process::{PROGRAM, Server};

impl Server {
    fn client(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(["client", "--server", &self.address])
            .args(arguments);
        command
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        self.client(arguments).output().expect("the program starts")
    }

    fn load(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(["load", "--server", &self.address])
            .args(arguments);
        command
    }
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn what_one_process_stores_another_finds() {
    let server = Server::start(&[]);
    assert_eq!(stdout(&server.ask(&["get", "123"])), "123\n");
    assert_eq!(stdout(&server.ask(&["store", "key", "a\tvalue"])), "");
    assert_eq!(stdout(&server.ask(&["get", "key"])), "a\tvalue\n");
    assert_eq!(stdout(&server.ask(&["store", "other", "wörtlich"])), "");
    let dump = stdout(&server.ask(&["dump"]));
    assert_eq!(
        dump,
        "123\t123\n231\t231\nkey\ta\\tvalue\nother\twörtlich\n"
    );
}

#[test]
fn the_policies_are_a_table_that_says_what_does_not_come_from_the_code() {
    let policies = |name: &str, value: &str| {
        let mut command = Command::new(PROGRAM);
        command.arg("policies").env(name, value);
        command.output().expect("the program starts")
    };
    let table = stdout(&policies(
        "RESILIENT__CACHE_DEMO_CLIENT_CALLS_CALL_GET__TIMEOUT_2__AFTER",
        "250ms",
    ));
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["FUNCTION", "LAYER", "SETTINGS"]);
    let get = lines
        .iter()
        .position(|line| line[0] == "cache_demo::client::calls::call_get");
    let get = &lines[get.expect("it is listed")..][..6];
    assert_eq!(get[0][1], "fallback");
    assert!(
        get[1][0].starts_with("cache-demo/src/client/calls.rs:"),
        "{:?}",
        get[1]
    );
    assert_eq!(get[1][1..], ["timeout", "after", "1s"]);
    assert_eq!(get[2][..4], ["retry", "count", "3,", "backoff"]);
    assert_eq!(get[3][..3], ["retry.budget", "capacity", "100,"]);
    assert_eq!(get[4], ["timeout#2", "after", "250ms", "(environment)"]);
    assert_eq!(get[5][0], "circuit_breaker");
    let off = stdout(&policies("RESILIENT__ENABLED", "false"));
    assert!(
        off.starts_with("Everything is switched off but the fallbacks (environment)."),
        "{off}"
    );

    let refused = policies("RESILIENT__RETRY__CONUT", "5");
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr).expect("text");
    assert!(
        told.contains("RESILIENT__RETRY__CONUT") && told.contains("`COUNT`"),
        "{told}"
    );
}

#[test]
fn an_error_of_the_server_is_told_and_exits_with_1() {
    let server = Server::start(&[]);
    let output = server.ask(&["get", "no such key"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(
        told.contains("nothing is kept under \"no such key\""),
        "{told}"
    );
}

#[test]
fn where_no_server_is_the_cause_is_told() {
    // Nobody listens on a port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let nobody = port.expect("a free port").to_string();
    for call in [&["get", "123"][..], &["store", "key", "value"], &["dump"]] {
        let mut command = Command::new(PROGRAM);
        command.args(["client", "--server", &nobody]).args(call);
        let output = command.output().expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{call:?}");
        let told = String::from_utf8(output.stderr).expect("text");
        assert!(told.contains("connect error"), "{told}");
    }
}

#[test]
fn a_load_is_summed_up() {
    let server = Server::start(&["--fault-error-rate", "0.2"]);
    let load = server
        .load(&["--rate", "100", "--duration", "500ms"])
        .output();
    let summary = stdout(&load.expect("the program starts"));
    for part in [
        "calls in",
        "Ok ",
        "Unavailable",
        "p50",
        "p99.9",
        "<= ",
        "####",
    ] {
        assert!(summary.contains(part), "{part} is missing:\n{summary}");
    }
    assert!(
        !summary.contains('\u{1b}'),
        "a progress bar without a terminal"
    );
}

#[test]
fn a_load_as_json_counts_every_call_that_was_due() {
    let server = Server::start(&[]);
    let load = server
        .load(&["--rate", "200", "--duration", "500ms"])
        .args(["--keys", "10", "--value-size", "1000", "--stores", "0.5"])
        .args(["--connections", "2", "--json"])
        .output();
    let report: serde_json::Value =
        serde_json::from_str(&stdout(&load.expect("the program starts"))).expect("one document");
    // Each key has its value before the load begins: no get comes back empty-handed.
    let outcomes = report["outcomes"].as_object().expect("counts");
    assert!(!outcomes.contains_key("NotFound"), "{report:#}");
    assert_eq!(report["calls"], 100);
    assert!(report["latency_us"]["answered"]["p99"].is_f64());
}

#[test]
fn a_load_by_business_calls_retries() {
    let server = Server::start(&["--fault-error-rate", "0.2"]);
    let load = server
        .load(&["--rate", "100", "--duration", "1s", "--resilient"])
        .output();
    let summary = stdout(&load.expect("the program starts"));
    assert!(summary.contains("Ok after retries"), "{summary}");
}

#[test]
fn a_load_of_nobody_is_an_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let nobody = port.expect("a free port").to_string();
    let output = Command::new(PROGRAM)
        .args(["load", "--server", &nobody])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(told.contains("connect error"), "{told}");
}

#[test]
fn a_load_of_a_server_that_never_answers_is_an_error() {
    // Connections are accepted by the system, and that is all.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("it is bound").to_string();
    let output = Command::new(PROGRAM)
        .args(["load", "--server", &address])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(
        told.contains("the keys could not be given their values"),
        "{told}"
    );
}

#[test]
fn the_story_as_json_is_one_document_whose_claims_hold() {
    let output = Command::new(PROGRAM)
        .arg("--json")
        .output()
        .expect("the program starts");
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("one document");
    assert_eq!(report["held"], true, "{report:#}");
    for act in ["healthy", "flaky", "slow", "dead", "back"] {
        assert_eq!(
            report["acts"][act]["calls"], report["acts"][act]["answered"],
            "{act}"
        );
    }
    assert_eq!(report["acts"]["dead"]["reached_server"], 0);
    assert_eq!(report["store"]["reached_server"], 1);
    let overload = &report["overload"];
    let goodput = |limits| overload[limits]["goodput"].as_f64().expect("a number");
    assert!(goodput("with_limits") > goodput("without_limits"));
    assert_eq!(report["dump"]["with_bulkhead"]["dumps_whole"], 2);
    let storm = &report["storm"];
    let reached = |budget| storm[budget]["reached_server"].as_u64().expect("a count");
    assert!(reached("without_budget") > 2 * reached("with_budget"));
}

#[test]
fn nonsense_is_refused_with_2() {
    for nonsense in [
        &["server", "--listen", "nowhere"][..],
        &["client", "--server", "nowhere", "dump"],
        &["client", "get"],
        &["load", "--rate", "fast"],
        &["server", "--no-limits", "--max-dumps", "1"],
        &["juggle"],
    ] {
        let output = Command::new(PROGRAM)
            .args(nonsense)
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{nonsense:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[cfg(unix)]
mod ctrl_c {
    use std::process::Child;

    use super::*;

    fn interrupt(process: &Child) {
        let sent = Command::new("kill")
            .args(["-INT", &process.id().to_string()])
            .status();
        assert!(sent.expect("there is a `kill`").success());
    }

    #[test]
    fn a_server_drains_and_says_what_it_was_asked_for() {
        let mut server = Server::start(&[]);
        assert_eq!(stdout(&server.ask(&["get", "123"])), "123\n");
        interrupt(&server.process);
        let mut rest = String::new();
        server.output.read_to_string(&mut rest).expect("text");
        assert!(server.process.wait().expect("it ends").success());
        assert!(
            rest.contains("drained; it was asked for 1 get, 0 store, 0 dump, 0 of them retries"),
            "{rest}"
        );
    }

    #[test]
    fn a_load_sums_up_what_it_has() {
        let server = Server::start(&[]);
        let mut load = server
            .load(&["--duration", "1h"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(load.stdout.take().expect("it is piped"));
        let mut first = String::new();
        output.read_line(&mut first).expect("a line");
        interrupt(&load);
        let mut summary = String::new();
        output.read_to_string(&mut summary).expect("text");
        assert!(load.wait().expect("it ends").success());
        assert!(summary.contains("p99"), "{first}{summary}");
    }
}
