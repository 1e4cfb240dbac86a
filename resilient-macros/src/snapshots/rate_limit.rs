async fn store(client: &Client, tenant: &str, items: Vec<Item>) -> Result<(), Status> {
    #[rate_limit]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, rate_limit, rate_limit_2) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_RATE_LIMIT, &__RESILIENT_RATE_LIMIT_2],
        );
        static __RESILIENT_RATE_LIMIT: __resilient::RateLimitLayer = __resilient::RateLimitLayer::new(
            &__RESILIENT_SITE,
            __resilient::RateLimiterSettings::per_second(100)
                .burst(const { __resilient::check::Knob(BURST).count() })
                .max_wait(__resilient::Duration::from_millis(50)),
        );
        static __RESILIENT_RATE_LIMIT_2: __resilient::RateLimitLayer = __resilient::RateLimitLayer::keyed(
            &__RESILIENT_SITE,
            __resilient::RateLimiterSettings::new(
                1000,
                __resilient::Duration::from_secs(60),
            ),
            10000,
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_RATE_LIMIT, &__RESILIENT_RATE_LIMIT_2)
    };
    let running = site.enter();
    let rate_limit_2 = match &tenant {
        key => {
            rate_limit_2
                .of_key(__resilient::key!(key))
                .cost(__resilient::cost(items.len()))
        }
    };
    let call = async move {
        if let __resilient::Some(ret) = __resilient::None::<Result<(), Status>> {
            return ret;
        }
        #[allow(clippy::diverging_sub_expression)]
        let ret: Result<(), Status> = { Ok(client.store(tenant, items).await?) };
        #[allow(unreachable_code)] ret
    };
    let call = __resilient::judged(
        call,
        |error: &__resilient::ErrorOf<Result<(), Status>>| __resilient::classify!(error),
    );
    let call = rate_limit_2.guard(call);
    let call = rate_limit.guard(call);
    let outcome = call.await;
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
