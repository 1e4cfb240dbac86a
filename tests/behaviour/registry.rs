//! The call sites: what they are called, and that all are listed before the first call.

mod common;

use common::Error;
use resilient_runtime::{LayerKind, Site, circuit_breaker, fallback, registry, retry, timeout};

fn named(name: &str) -> Vec<&'static Site> {
    registry()
        .sites()
        .iter()
        .copied()
        .filter(|site| site.name().contains(name))
        .collect()
}

fn only(name: &str) -> &'static Site {
    let [site] = named(name)[..] else {
        panic!("{name}: {:?}", named(name))
    };
    site
}

mod never_called {
    #![allow(dead_code)]

    use super::*;

    #[timeout(ms = 10)]
    async fn free() -> Result<(), Error> {
        Ok(())
    }

    #[retry]
    async fn generic<T: Send + Sync, const N: usize>(_of: &[T; N]) -> Result<(), Error> {
        Ok(())
    }

    pub(crate) struct Client<T>(T);

    impl Client<u8> {
        #[circuit_breaker]
        async fn of_an_impl(&self) -> Result<(), Error> {
            Ok(())
        }
    }

    impl<T: Send> Client<T> {
        #[circuit_breaker]
        async fn of_a_generic_impl(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    pub(crate) trait Get {
        async fn of_a_trait(&self) -> Result<(), Error>;

        #[timeout]
        async fn by_default(&self) -> Result<(), Error> {
            self.of_a_trait().await
        }
    }

    impl Get for Client<String> {
        #[retry]
        #[timeout]
        async fn of_a_trait(&self) -> Result<(), Error> {
            Ok(())
        }
    }

    fn around() {
        #[timeout]
        async fn inside_of_a_function() -> Result<(), Error> {
            Ok(())
        }
    }

    #[timeout]
    async fn around_another() -> Result<(), Error> {
        #[timeout]
        async fn inside_of_an_annotated_one() -> Result<(), Error> {
            Ok(())
        }
        inside_of_an_annotated_one().await
    }
}

#[test]
fn every_site_is_listed_before_its_first_call() {
    assert_eq!(only("::free").layers().len(), 1);
    for name in [
        "::generic",
        "::of_an_impl",
        "::of_a_generic_impl",
        "::by_default",
        "::inside_of_a_function",
        "::inside_of_an_annotated_one",
    ] {
        assert_eq!(only(name).layers().len(), 1, "{name}");
    }
    let site = only("::of_a_trait");
    let kinds: Vec<_> = site.layers().iter().map(|layer| layer.kind()).collect();
    assert_eq!(kinds, [LayerKind::Retry, LayerKind::Timeout]);
}

#[test]
fn by_default_a_site_is_called_by_the_full_path() {
    for (name, path) in [
        ("::free", "registry::never_called::free"),
        (
            "::of_an_impl",
            "registry::never_called::Client<u8>::of_an_impl",
        ),
        (
            "::of_a_trait",
            "<registry::never_called::Client<alloc::string::String> as registry::never_called::Get>::of_a_trait",
        ),
        (
            "::inside_of_a_function",
            "registry::never_called::around::inside_of_a_function",
        ),
    ] {
        assert_eq!(only(name).name(), path);
        assert!(registry().site(path).is_some());
    }
}

#[test]
fn a_site_knows_its_file_and_line() {
    #[timeout]
    #[allow(dead_code)]
    async fn here() -> Result<(), Error> {
        Ok(())
    }
    const LINE: u32 = line!() - 5;

    let site = only("::here");
    assert!(site.file().ends_with("registry.rs"), "{}", site.file());
    assert!(
        site.line().abs_diff(LINE) <= 2,
        "{} is not near {LINE}",
        site.line()
    );
}

const NAME: &str = "named by a constant";

#[timeout(name = "given")]
#[allow(dead_code)]
async fn with_a_name() -> Result<(), Error> {
    Ok(())
}

#[timeout]
#[retry(name = NAME)]
#[allow(dead_code)]
async fn with_a_constant() -> Result<(), Error> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn name_gives_the_site_its_name_on_whichever_attribute_it_stands() {
    assert!(registry().site("given").is_some());
    assert!(registry().site(NAME).is_some());
    assert!(named("::with_a_name").is_empty() && named("::with_a_constant").is_empty());
    assert!(registry().site("nobody").is_none());
}

#[timeout(name = "twice", ms = 10)]
async fn first() -> Result<(), Error> {
    std::future::pending().await
}

#[timeout(name = "twice", ms = 20)]
async fn second() -> Result<(), Error> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn two_sites_of_one_name_are_told_apart() {
    let [one, other] = named("twice")[..] else {
        panic!("{:?}", named("twice"))
    };
    assert_ne!(one.name(), other.name());
    for site in [one, other] {
        let found = registry().site(site.name()).unwrap();
        assert!(std::ptr::eq(found, site));
    }
    // Errors tell them apart too.
    let mut blamed = Vec::new();
    for outcome in [first().await, second().await] {
        let Err(Error::Policy(error)) = outcome else {
            panic!("it has to time out")
        };
        blamed.push(error.site());
    }
    assert_eq!(blamed, [one.name(), other.name()]);
}

/// Two functions of one path: only a number can tell them apart.
macro_rules! same_path {
    () => {{
        #[fallback(value = Ok(()))]
        #[timeout(ms = 10)]
        async fn same() -> Result<(), Error> {
            std::future::pending().await
        }
        same()
    }};
}

#[tokio::test(start_paused = true)]
async fn two_functions_of_one_path_are_told_apart() {
    assert_eq!((same_path!().await, same_path!().await), (Ok(()), Ok(())));
    let sites = named("::same");
    assert_eq!(sites.len(), 2);
    assert_ne!(sites[0].name(), sites[1].name());
}

#[test]
fn sites_are_listed_by_name() {
    let names: Vec<_> = registry().sites().iter().map(|site| site.name()).collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn the_layers_of_a_kind_are_found_from_the_outside_in() {
    #[timeout(ms = 900, name = "two limits")]
    #[retry]
    #[timeout(ms = 100)]
    #[allow(dead_code)]
    async fn ask() -> Result<(), Error> {
        Ok(())
    }

    let site = registry().site("two limits").unwrap();
    let outer = site.layer(LayerKind::Timeout).unwrap();
    assert!(std::ptr::addr_eq(outer, site.layers()[0]));
    assert!(site.layer(LayerKind::Fallback).is_none());
    assert_eq!(LayerKind::CircuitBreaker.to_string(), "circuit_breaker");
}
