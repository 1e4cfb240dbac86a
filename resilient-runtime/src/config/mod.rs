//! Configuration without a build, with the feature `config`: files and variables of the environment, laid over what
//! the code wrote down.
//!
//! ```toml
//! enabled = true                                   # false: everything off but the fallbacks
//!
//! ["*".timeout]                                    # all functions that have the layer
//! after = "2s"
//!
//! ["cache_demo::client::*".retry]                  # a pattern: * is any text
//! count = 5
//! delay_ms = 100                                   # or delay = "100ms", as in the attributes
//!
//! ["cache_demo::client::call_get"]                 # one function, by its name
//! circuit_breaker.enabled = false                  # one layer of it
//! retry.budget.capacity = 20                       # the retry's budget
//! "timeout#2".after = "250ms"                      # its second timeout, counted from the outside
//!
//! ["shop::search".rate_limit.keys."acme"]          # one key of a keyed layer, by its text
//! per_second = 500
//! ```
//!
//! A key is known by its text as errors and events show it, if that is no longer than 64 bytes: longer ones are cut.
//! One of a type with neither `Display` nor `Debug` has no text, and is not reached.
//!
//! A variable says one such thing, for all functions or for one, without quotes round its value. A name is written in
//! capitals, with one `_` for whatever is no letter and no digit:
//!
//! ```text
//! RESILIENT__ENABLED=false
//! RESILIENT__RETRY__COUNT=5
//! RESILIENT__CACHE_DEMO_CLIENT_CALL_GET__TIMEOUT_2__AFTER=250ms
//! RESILIENT__CACHE_DEMO_CLIENT_CALL_GET__RETRY__BUDGET__CAPACITY=20
//! ```
//!
//! What holds is, from the strongest: what a [handle](crate::Layer) says, the environment, the files (a later one over an
//! earlier one), the code. In one source a full name goes over a pattern, a pattern with more characters over one with
//! fewer; if two are equal, and say different things, that is a mistake. [`Setting::origin`](crate::Setting) tells who
//! said it. What a layer calls its [settings](crate::Layer::settings) can be configured, in the notation of the
//! attributes; predicates, callbacks, keys and states are said in code only.
//!
//! It is checked as the attributes are by the compiler, and taken as a whole or not at all:
//!
//! ```text
//! resilience.toml:6:1: ["cache_demo::client::*".retry] conut: no such knob; the nearest is `count`
//! ```
//!
//! A knob that has nothing to say beside the others is a mistake too, such as a `max_wait` without a queue. `count = 1`
//! is not, whatever else is said of the retry: it is a way to do without retries for a while.
//!
//! A setting that changes takes no state along: breakers keep their windows, limits their counts, queues their
//! waiters. It holds from the next call.

mod draft;
mod environment;
mod exactness;
mod file;
mod mistake;
mod nearest;
mod notation;
mod plan;
mod raw;
mod refusal;
mod scope;
mod stack;
mod watch;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use self::draft::Draft;
use self::environment::Environment;
use self::mistake::At;
pub use self::mistake::{ConfigError, Mistake, Place};
pub use self::watch::Watch;

/// Where a configuration comes from. See the [module](self) for what can be said in it.
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use resilient_runtime::config::Config;
/// use resilient_runtime::{LayerKind, Origin, registry, retry};
///
/// #[retry(name = "shop::price")]
/// async fn price(item: &str) -> Result<u32, std::io::Error> {
///     Ok(7)
/// }
///
/// let variables = [("RESILIENT__SHOP_PRICE__RETRY__COUNT", "5")];
/// let applied = Config::new().environment_from(variables).apply()?;
/// assert_eq!(applied.to_string(), "settings: 1, functions: 1");
///
/// let retry = registry().site("shop::price").unwrap().layer(LayerKind::Retry).unwrap();
/// assert_eq!(retry.settings()[0].origin, Origin::Environment);
///
/// let variables = [("RESILIENT__SHOP_PRICE__RETRY__CONUT", "5")];
/// let error = Config::new().environment_from(variables).apply().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "RESILIENT__SHOP_PRICE__RETRY__CONUT: no such knob; the nearest is `COUNT`"
/// );
/// # }
/// # Ok::<_, resilient_runtime::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    files: Vec<PathBuf>,
    environment: Environment,
}

/// What was read of each file, or why it was not.
type Texts = Vec<Result<String, String>>;

impl Config {
    /// One that says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a TOML file, which has to be there. Where several are named, a later one goes over an earlier one.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.files.push(path.as_ref().to_owned());
        self
    }

    /// With the variables of the process that begin with `RESILIENT__`, as they are now.
    #[must_use]
    pub fn environment(self) -> Self {
        self.environment_from(std::env::vars_os())
    }

    /// With these variables in place of the process's own; those that do not begin with `RESILIENT__` are left alone.
    #[must_use]
    pub fn environment_from<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        self.environment = Environment::of(variables);
        self
    }

    /// Reads it, and lays it over what the code wrote down, in place of what a configuration said before: a knob
    /// that this one does not name goes back to what is beneath.
    ///
    /// It reads the files before it returns; a call that is under way goes on by the settings that it began with.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, if anything is. Nothing has changed then.
    pub fn apply(&self) -> Result<Applied, ConfigError> {
        self.apply_read(&self.read())
    }

    /// [Applies](Self::apply) it, and then again whenever one of its files has changed, also when it was replaced or is
    /// a link that leads elsewhere now, until what is returned is dropped. `on_reload` is told what came of it: not of
    /// the first time, and not if the content is what it was. It is called by a thread of its own; if it panics, that
    /// goes to the panic hook and no further.
    ///
    /// Replace a file as a whole: write the new one beside it and rename it. One that is written in place, and whose writer
    /// pauses half way, may be read as far as it is written by then, and taken if that much is right.
    ///
    /// A change is seen within some tenths of a second. A file that is bad or has gone leaves the settings as they are.
    /// Watched are the folder of the file, and that of what it leads to if it is a link; not whether the folder itself
    /// was replaced.
    ///
    /// ```no_run
    /// use resilient_runtime::config::Config;
    ///
    /// let config = Config::new().file("resilience.toml").environment();
    /// let _watch = config.watch(|reloaded| match reloaded {
    ///     Ok(applied) => println!("configured anew: {applied}"),
    ///     Err(error) => eprintln!("the old configuration stays:\n{error}"),
    /// })?;
    /// # Ok::<_, resilient_runtime::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`apply`](Self::apply), and if the system does not tell of changes, or has no thread for it: then it was applied once.
    pub fn watch(
        self,
        on_reload: impl Fn(Result<Applied, ConfigError>) + Send + Sync + 'static,
    ) -> Result<Watch, ConfigError> {
        Watch::begin(self, on_reload)
    }

    fn read(&self) -> Texts {
        let read = |path| std::fs::read_to_string(path).map_err(|error| error.to_string());
        self.files.iter().map(read).collect()
    }

    fn apply_read(&self, texts: &Texts) -> Result<Applied, ConfigError> {
        let mut draft = Draft::default();
        for (nth, (path, text)) in self.files.iter().zip(texts).enumerate() {
            match text {
                Ok(text) => file::read(text, path, nth, &mut draft),
                Err(why) => {
                    let at = At::all_of(Place::WholeFile(path.clone()));
                    draft.mistake(&at, format!("cannot be read: {why}"));
                }
            }
        }
        self.environment.read(&mut draft);
        draft.apply()
    }
}

/// What came of a configuration that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// How many knobs and switches it says something of, the one switch for everything included.
    pub settings: usize,
    /// How many functions have layers that it says something of.
    pub functions: usize,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            settings,
            functions,
        } = self;
        write!(f, "settings: {settings}, functions: {functions}")
    }
}
