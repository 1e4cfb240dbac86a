async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, hedge) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_HEDGE],
        );
        static __RESILIENT_HEDGE: __resilient::HedgeLayer = __resilient::HedgeLayer::new(
            &__RESILIENT_SITE,
            __resilient::Hedge::new(),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_HEDGE)
    };
    let running = site.enter();
    let call = hedge
        .run(|| {
            let call = async {
                if let __resilient::Some(ret) = __resilient::None::<
                    Result<Vec<u8>, Status>,
                > {
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
            call
        });
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Judged::into_error)
}
