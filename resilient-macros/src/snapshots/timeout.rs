async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, timeout) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_TIMEOUT],
        );
        static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(__resilient::Duration::from_millis(500)),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_TIMEOUT)
    };
    let running = site.enter();
    let call = async move {
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
    let call = timeout.limit(call);
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
