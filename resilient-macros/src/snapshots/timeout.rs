async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, timeout) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::Site::new(
            || {
                fn here() {}
                ::core::any::type_name_of_val(&here)
            },
            ::core::file!(),
            ::core::line!(),
            &[&__RESILIENT_TIMEOUT],
        );
        static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(::core::time::Duration::from_millis(500)),
        );
        __resilient::register! {
            & __RESILIENT_SITE
        }
        (&__RESILIENT_SITE, &__RESILIENT_TIMEOUT)
    };
    let running = site.enter();
    let call = async move {
        if let ::core::option::Option::Some(ret) = ::core::option::Option::None::<
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
    let call = timeout.limit(call);
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
