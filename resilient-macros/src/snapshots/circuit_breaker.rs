async fn get(client: &Client, key: &str) -> Result<Vec<u8>, Status> {
    use ::resilient_runtime::__private as __resilient;
    let (site, breaker) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_BREAKER],
        );
        static __RESILIENT_BREAKER: __resilient::BreakerLayer = __resilient::BreakerLayer::new(
            &__RESILIENT_SITE,
            __resilient::CircuitBreakerSettings::new()
                .failure_rate(0.6)
                .window(__resilient::Window::Calls(100))
                .slow_call(__resilient::Duration::from_millis(250))
                .open_for(const { __resilient::check::duration(OPEN_FOR) }),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_BREAKER)
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
    let call = breaker
        .guard_by(
            call,
            __resilient::rules::<Result<Vec<u8>, Status>>()
                .ignore(|error| error.is_cancelled()),
        );
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
