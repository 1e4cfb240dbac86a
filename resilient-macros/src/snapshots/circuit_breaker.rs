async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, breaker) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::Site::new(
            || {
                fn here() {}
                ::core::any::type_name_of_val(&here)
            },
            ::core::file!(),
            ::core::line!(),
            &[&__RESILIENT_BREAKER],
        );
        static __RESILIENT_BREAKER: __resilient::BreakerLayer = __resilient::BreakerLayer::new(
            &__RESILIENT_SITE,
            __resilient::CircuitBreakerSettings::new()
                .failure_rate(0.6)
                .window(__resilient::Window::Calls(100))
                .slow_call(::core::time::Duration::from_millis(250))
                .open_for(const { __resilient::check::duration(OPEN_FOR) }),
        );
        __resilient::register! {
            & __RESILIENT_SITE
        }
        (&__RESILIENT_SITE, &__RESILIENT_BREAKER)
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
    let call = breaker
        .guard_by(
            call,
            __resilient::rules::<Result<Vec<u8>, Status>>()
                .ignore(|error| error.is_cancelled()),
        );
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
