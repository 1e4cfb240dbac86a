//! A configuration is read again when its file changes.

#![cfg(unix)]

#[path = "../../behaviour/common/mod.rs"]
mod common;
mod configured;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use common::{Error, layer};
use configured::{File, everything, stands};
use resilient_runtime::config::{Applied, Config, ConfigError, Watch};
use resilient_runtime::{BreakerState, LayerKind, circuit_breaker, retry, testing};

#[retry(name = "watched")]
#[circuit_breaker(consecutive_failures = 9)]
#[allow(dead_code)]
async fn ask() -> Result<(), Error> {
    Ok(())
}

type Reloads = Receiver<Result<Applied, ConfigError>>;

fn text(count: u32) -> String {
    format!("[watched.retry]\ncount = {count}")
}

fn count() -> String {
    stands(layer("watched", LayerKind::Retry), "count")
}

fn watch(config: Config) -> (Watch, Reloads) {
    let (sender, reloads) = mpsc::channel();
    let watch = config.watch(move |reloaded| {
        let _ = sender.send(reloaded);
    });
    (watch.unwrap(), reloads)
}

/// What came of the next change. A change that nobody hears of fails the test after a while.
fn next(reloads: &Reloads) -> Result<Applied, ConfigError> {
    let waited = reloads.recv_timeout(Duration::from_secs(20));
    waited.expect("a reload")
}

fn write_beside_and_rename(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, file).unwrap();
}

#[tokio::test]
async fn a_file_that_is_written_or_replaced_is_applied_again() {
    testing::isolated(async {
        let file = File::of(text(4));
        let (_watch, reloads) = watch(file.config());
        assert_eq!(count(), "4 by file", "applied once before it returns");
        file.write(text(5));
        next(&reloads).unwrap();
        assert_eq!(count(), "5 by file");
        for count_now in [6, 7] {
            write_beside_and_rename(&file.path(), &text(count_now));
            next(&reloads).unwrap();
            assert_eq!(count(), format!("{count_now} by file"));
        }
        // Reading it, and writing what was there, is no change: the next that is heard of is the one after.
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text(7));
        file.write(text(7));
        file.write(text(8));
        assert_eq!(next(&reloads).unwrap().settings, 1);
        assert_eq!(count(), "8 by file");
        assert!(reloads.try_recv().is_err());
    })
    .await;
}

#[tokio::test]
async fn a_bad_file_and_one_that_has_gone_leave_the_settings_as_they_are() {
    testing::isolated(async {
        let file = File::of(text(4));
        let (watch, reloads) = watch(file.config());
        let before = everything();
        file.write("[watched.retry]\ncount = 0");
        let error = next(&reloads).unwrap_err();
        assert_eq!(
            file.said(&error),
            ["resilience.toml:2:1: [watched.retry] count: takes a whole number, at least 1"]
        );
        fs::remove_file(file.path()).unwrap();
        let error = next(&reloads).unwrap_err();
        assert!(
            file.said(&error)[0].starts_with("resilience.toml: cannot be read: "),
            "{error}"
        );
        assert!(watch.reload().is_err());
        assert_eq!(everything(), before);
        file.write(text(5));
        next(&reloads).unwrap();
        assert_eq!(count(), "5 by file");
    })
    .await;
}

#[tokio::test]
async fn a_folder_of_links_that_is_swapped_is_applied_again() {
    testing::isolated(async {
        // As Kubernetes mounts a ConfigMap.
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let version = |name: &str, count| {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("resilience.toml"), text(count)).unwrap();
        };
        version("..1", 4);
        symlink("..1", at("..data")).unwrap();
        symlink("..data/resilience.toml", at("resilience.toml")).unwrap();
        let (_watch, reloads) = watch(Config::new().file(at("resilience.toml")));
        assert_eq!(count(), "4 by file");
        for (old, new) in [(1, 2), (2, 3)] {
            version(&format!("..{new}"), new + 10);
            symlink(format!("..{new}"), at("..data_tmp")).unwrap();
            fs::rename(at("..data_tmp"), at("..data")).unwrap();
            fs::remove_dir_all(at(&format!("..{old}"))).unwrap();
            next(&reloads).unwrap();
            assert_eq!(count(), format!("{} by file", new + 10));
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_that_a_link_leads_to_is_watched_too() {
    testing::isolated(async {
        let (file, other) = (File::of(text(4)), File::of(text(5)));
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("resilience.toml");
        symlink(file.path(), &link).unwrap();
        let (_watch, reloads) = watch(Config::new().file(&link));
        file.write(text(6));
        next(&reloads).unwrap();
        assert_eq!(count(), "6 by file");
        let beside = folder.path().join("new");
        symlink(other.path(), &beside).unwrap();
        fs::rename(&beside, &link).unwrap();
        next(&reloads).unwrap();
        assert_eq!(count(), "5 by file");
        other.write(text(7));
        next(&reloads).unwrap();
        assert_eq!(count(), "7 by file", "where it leads now");
    })
    .await;
}

#[tokio::test]
async fn a_reload_by_call_is_told_to_who_calls() {
    testing::isolated(async {
        let file = File::of(text(4));
        let (watch, reloads) = watch(file.config());
        layer("watched", LayerKind::Retry)
            .set("factor", 3.0.into())
            .unwrap();
        assert_eq!(watch.reload().unwrap().settings, 1);
        assert_eq!(
            stands(layer("watched", LayerKind::Retry), "factor"),
            "3 by handle"
        );
        assert!(reloads.try_recv().is_err());
    })
    .await;
}

#[tokio::test]
async fn who_is_told_is_called_by_a_thread_that_has_a_name() {
    testing::isolated(async {
        let file = File::of(text(4));
        let (sender, names) = mpsc::channel();
        let watch = file.config().watch(move |_| {
            let name = std::thread::current().name().map(str::to_owned);
            let _ = sender.send(name);
        });
        let _watch = watch.unwrap();
        file.write(text(5));
        let name = names.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(name.as_deref(), Some("resilient-watch"));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_applied_once_the_watch_is_dropped() {
    testing::isolated(async {
        let file = File::of(text(4));
        let (watching, reloads) = watch(file.config());
        drop(watching);
        file.write(text(5));
        // The thread has ended, and with it the other end of the channel.
        let ended = reloads.recv_timeout(Duration::from_secs(20));
        assert_eq!(ended, Err(mpsc::RecvTimeoutError::Disconnected));
        assert_eq!(count(), "4 by file");
    })
    .await;
}

#[tokio::test]
async fn a_callback_that_panics_is_called_again() {
    testing::isolated(async {
        let file = File::of(text(4));
        let (sender, reloads) = mpsc::channel();
        let watch = file.config().watch(move |reloaded| {
            let _ = sender.send(reloaded);
            panic!("as it must not");
        });
        let _watch = watch.unwrap();
        for count in [5, 6] {
            file.write(text(count));
            next(&reloads).unwrap();
        }
        assert_eq!(count(), "6 by file");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_at_the_beginning_is_an_error_and_watches_nothing() {
    testing::isolated(async {
        let before = everything();
        let file = File::of("enabled = 1");
        let refused = file.config().watch(|_| {});
        assert!(refused.is_err());
        let nowhere = Config::new().file("no/such/folder/resilience.toml");
        let error = nowhere.watch(|_| {}).unwrap_err();
        assert_eq!(error.mistakes().len(), 1, "{error}");
        assert_eq!(everything(), before);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_keeps_what_a_breaker_has_counted() {
    testing::isolated(async {
        let file = File::of("[watched.circuit_breaker]\nconsecutive_failures = 7");
        let (_watch, reloads) = watch(file.config());
        let breaker = common::breaker("watched");
        common::fail(breaker, 4);
        file.write("[watched.circuit_breaker]\nconsecutive_failures = 5");
        next(&reloads).unwrap();
        assert_eq!(breaker.state(), BreakerState::Closed);
        common::fail(breaker, 1);
        assert_eq!(breaker.state(), BreakerState::Open);
    })
    .await;
}
