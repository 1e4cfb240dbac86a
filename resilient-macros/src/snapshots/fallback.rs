async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, fallback) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_FALLBACK],
        );
        static __RESILIENT_FALLBACK: __resilient::FallbackLayer = __resilient::FallbackLayer::new(
            &__RESILIENT_SITE,
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_FALLBACK)
    };
    let running = site.enter();
    let call = async {
        if let __resilient::Some(ret) = __resilient::None::<Result<Vec<u8>, Status>> {
            return ret;
        }
        #[allow(clippy::diverging_sub_expression)]
        let ret: Result<Vec<u8>, Status> = { Ok(client.get(key).await?) };
        #[allow(unreachable_code)] ret
    };
    let call = __resilient::judged(
        call,
        |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
            __resilient::classify!(error)
        },
    );
    let failure = match call.await {
        __resilient::Err(failure) if fallback.replaces(&failure) => failure,
        outcome => return running.end(outcome).map_err(__resilient::Judged::into_error),
    };
    let ret = __resilient::answer(stale(client, key, failure.into_error())).await;
    running.answer(ret)
}
