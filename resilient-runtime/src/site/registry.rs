//! All the call sites of the program, gathered when it was linked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::switch::Said;
use super::{LayerKind, Origin, Site};
use crate::door::Door;
use crate::health;

/// What generated code hands in.
#[derive(Debug)]
pub struct Registration(pub &'static Site);

inventory::collect!(Registration);

/// The annotated functions of the program. See [`registry`].
#[derive(Clone, Copy, Debug)]
pub struct Registry(());

/// The annotated functions of the program, those of its libraries included,
/// whether they have been called or not.
///
/// ```
/// # #[cfg(feature = "macros")] {
/// use resilient_runtime::{LayerKind, registry, timeout};
/// use std::time::Duration;
///
/// #[timeout(ms = 500, name = "greet")]
/// async fn greet() -> Result<&'static str, std::io::Error> {
///     Ok("hello")
/// }
///
/// let site = registry().site("greet").expect("listed before its first call");
/// let limit = site.layer(LayerKind::Timeout).expect("its only layer");
/// limit.set("after", Duration::from_secs(2).into())?;
/// # }
/// # Ok::<_, resilient_runtime::SettingError>(())
/// ```
#[must_use]
pub fn registry() -> Registry {
    Registry(())
}

static SITES: OnceLock<Vec<&'static Site>> = OnceLock::new();

impl Registry {
    /// All sites, by name.
    pub fn sites(self) -> &'static [&'static Site] {
        SITES.get_or_init(|| {
            let mut sites: Vec<_> = inventory::iter::<Registration>()
                .map(|registration| registration.0)
                .collect();
            sites.sort_by_key(|site| (site.given_name(), site.file, site.line));
            let mut bearers: HashMap<&str, u32> = HashMap::new();
            for site in &sites {
                let name = site.given_name();
                let bearer = bearers.entry(name).or_default();
                *bearer += 1;
                let numbered = || Cow::Owned(format!("{name}#{bearer}"));
                let name = if *bearer > 1 {
                    numbered()
                } else {
                    Cow::Borrowed(name)
                };
                site.settled.get_or_init(|| name);
            }
            sites
        })
    }

    /// The site of this [name](Site::name).
    #[must_use]
    pub fn site(self, name: &str) -> Option<&'static Site> {
        self.sites()
            .iter()
            .copied()
            .find(|site| site.name() == name)
    }

    /// Switches every layer of every site off but the fallbacks, or on again, whatever a configuration
    /// says: the switch for an emergency. States and settings stay as they are; a layer
    /// that was disabled by itself stays disabled.
    /// A policy that is used by hand has no site, and is not reached.
    pub fn set_enabled(self, enabled: bool) {
        self.switch_by(|said| said.by_hand = Some(enabled));
        health::changed();
    }

    /// Goes back to what the configuration says of [`is_enabled`](Self::is_enabled); without one all is on.
    pub fn unset_enabled(self) {
        self.switch_by(|said| said.by_hand = None);
        health::changed();
    }

    /// Whether the switch for an emergency is on, as it is at the start.
    #[must_use]
    pub fn is_enabled(self) -> bool {
        let (enabled, _) = said(|said| said.last());
        enabled
    }

    /// Who says [so](Self::is_enabled).
    #[must_use]
    pub fn enabled_by(self) -> Origin {
        let (_, origin) = said(|said| said.last());
        origin
    }

    /// What a configuration says of it, which tells whoever watches the health once it is through.
    #[cfg(feature = "config")]
    pub(crate) fn configure(self, enabled: Option<(bool, Origin)>) {
        self.switch_by(|said| said.configured = enabled);
    }

    fn switch_by(self, change: impl FnOnce(&mut Said)) {
        said(|said| {
            change(said);
            let (enabled, _) = said.last();
            let layers = self.sites().iter().flat_map(|site| site.layers());
            for layer in layers.filter(|layer| layer.kind() != LayerKind::Fallback) {
                layer.switch().set_all_off(!enabled);
            }
        });
    }
}

/// Whether everything is switched off, and by whom.
fn said<R>(with: impl FnOnce(&mut Said) -> R) -> R {
    static SAID: Door<Mutex<Said>> = Door::new(Mutex::new(Said::NOTHING));
    let said = SAID.open(Mutex::default);
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    with(&mut said)
}
