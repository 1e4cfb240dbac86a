//! All the call sites of the program, gathered when it was linked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{LayerKind, Site};
use crate::door::{Door, Opened};

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

    /// Switches every layer of every site off but the fallbacks, or on again:
    /// the switch for an emergency. States and settings stay as they are; a layer
    /// that was disabled by itself stays disabled.
    /// A policy that is used by hand has no site, and is not reached.
    pub fn set_enabled(self, enabled: bool) {
        switch().store(!enabled, Ordering::Relaxed);
        let layers = self.sites().iter().flat_map(|site| site.layers());
        for layer in layers.filter(|layer| layer.kind() != LayerKind::Fallback) {
            layer.switch().set_all_off(!enabled);
        }
    }

    /// Whether the switch for an emergency is on, as it is at the start.
    #[must_use]
    pub fn is_enabled(self) -> bool {
        !switch().load(Ordering::Relaxed)
    }
}

/// Whether everything is switched off.
fn switch() -> Opened<'static, AtomicBool> {
    static OFF: Door<AtomicBool> = Door::new(AtomicBool::new(false));
    OFF.open(|| AtomicBool::new(false))
}
