//! Reads a configuration again when its files change.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::runtime::Handle;

use super::mistake::{At, ConfigError, Place};
use super::{Applied, Config, Texts};
use crate::event::shielded;
#[cfg(feature = "testing")]
use crate::testing::Surroundings;

/// Who writes a file is given this long without another change, and at most that long in all.
const QUIET: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(1);

/// A configuration that is read again when its files change, until this is dropped. Made by [`Config::watch`].
///
/// Once it is dropped nothing is applied any more; a call of `on_reload` that has begun goes on.
#[must_use = "nothing is watched once it is dropped"]
pub struct Watch(Arc<Watched>);

struct Watched {
    config: Config,
    state: Mutex<State>,
}

struct State {
    /// What was read last.
    texts: Texts,
    /// `None` once nothing is to be watched any more.
    folders: Option<Folders>,
}

impl Watch {
    pub(super) fn begin(
        config: Config,
        on_reload: impl Fn(Result<Applied, ConfigError>) + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        // One that waits says all that several would.
        let (changed, changes) = mpsc::sync_channel(1);
        // Watched first and read then, so that no change falls between.
        let folders = Folders::new(&config.files, move || {
            let _ = changed.try_send(());
        });
        let texts = config.read();
        config.apply_read(&texts)?;
        let file = config.files.first().cloned().unwrap_or_default();
        let unwatched = |why: String| {
            let at = At::all_of(Place::WholeFile(file));
            ConfigError::one(at.mistake(format!("cannot be watched: {why}")))
        };
        let folders = match folders {
            Ok(folders) => folders,
            Err(why) => return Err(unwatched(why.to_string())),
        };
        let folders = Some(folders);
        let state = Mutex::new(State { texts, folders });
        let watched = Arc::new(Watched { config, state });
        let here = Here::new();
        let reloader = Arc::clone(&watched);
        let thread = thread::Builder::new().name("resilient-watch".to_owned());
        let spawned = thread.spawn(move || {
            let _here = here.enter();
            reloader.reload_on(&changes, on_reload);
        });
        match spawned {
            Ok(_) => Ok(Self(watched)),
            Err(why) => Err(unwatched(why.to_string())),
        }
    }

    /// Reads and applies it now, whether it has changed or not. `on_reload` is not called.
    ///
    /// # Errors
    ///
    /// As for [`Config::apply`].
    pub fn reload(&self) -> Result<Applied, ConfigError> {
        let mut state = self.0.lock();
        let texts = self.0.config.read();
        self.0.reload(&mut state, texts)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // With the watcher goes the sender that the thread waits for.
        let folders = self.0.lock().folders.take();
        drop(folders);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.0.config).finish()
    }
}

impl Watched {
    fn reload_on(
        &self,
        changes: &Receiver<()>,
        on_reload: impl Fn(Result<Applied, ConfigError>) + Send + Sync + 'static,
    ) {
        while changes.recv().is_ok() {
            settle(changes);
            if let Some(reloaded) = self.reload_if_changed() {
                shielded(|| on_reload(reloaded));
            }
        }
    }

    fn reload_if_changed(&self) -> Option<Result<Applied, ConfigError>> {
        let mut state = self.lock();
        state.folders.as_mut()?.follow(&self.config.files);
        let texts = self.config.read();
        (texts != state.texts).then(|| self.reload(&mut state, texts))
    }

    fn reload(&self, state: &mut State, texts: Texts) -> Result<Applied, ConfigError> {
        state.texts = texts;
        self.config.apply_read(&state.texts)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until whoever writes is done.
fn settle(changes: &Receiver<()>) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match changes.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The folders of the files. A file that is replaced, or a link that leads elsewhere, is a change in the folder.
struct Folders {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
}

impl Folders {
    fn new(files: &[PathBuf], changed: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // To read a file is an event as well. What is known of no event may be anything.
            if event.is_ok_and(|event| is_reading(&event.kind)) {
                return;
            }
            changed();
        })?;
        let watched = BTreeSet::new();
        let mut folders = Self { watcher, watched };
        for folder in files.iter().map(|file| folder(file)) {
            folders.watch(folder)?;
        }
        folders.follow(files);
        Ok(folders)
    }

    /// Where links lead now.
    fn follow(&mut self, files: &[PathBuf]) {
        let own = files.iter().map(|file| folder(file));
        let led_to = files.iter().filter_map(|file| file.canonicalize().ok());
        let wanted: BTreeSet<_> = own.chain(led_to.map(|file| folder(&file))).collect();
        for gone in &self.watched - &wanted {
            let _ = self.watcher.unwatch(&gone);
            self.watched.remove(&gone);
        }
        for new in &wanted - &self.watched {
            // That it has gone again is a change that the folder of the link will tell of.
            let _ = self.watch(new);
        }
    }

    fn watch(&mut self, folder: PathBuf) -> notify::Result<()> {
        self.watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        self.watched.insert(folder);
        Ok(())
    }
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn is_reading(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    }
}

/// Whose clock counts, and whose settings change: those of whoever began to watch.
struct Here {
    runtime: Option<Handle>,
    #[cfg(feature = "testing")]
    test: Surroundings,
}

impl Here {
    fn new() -> Self {
        Self {
            runtime: Handle::try_current().ok(),
            #[cfg(feature = "testing")]
            test: Surroundings::here(),
        }
    }

    fn enter(&self) -> impl Sized + '_ {
        let runtime = self.runtime.as_ref().map(Handle::enter);
        #[cfg(feature = "testing")]
        let runtime = (runtime, self.test.enter());
        runtime
    }
}
