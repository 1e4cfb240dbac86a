async fn get(client: &Client, key: &str, lag: Duration) -> Result<Vec<u8>, Status> {
    #[fault]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, fault, fault_2) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_FAULT, &__RESILIENT_FAULT_2],
        );
        static __RESILIENT_FAULT: __resilient::FaultLayer = __resilient::FaultLayer::new(
                &__RESILIENT_SITE,
                __resilient::Fault::new().error_rate_or(1.0),
            )
            .per_call(&["latency"]);
        static __RESILIENT_FAULT_2: __resilient::FaultLayer = __resilient::FaultLayer::new(
            &__RESILIENT_SITE,
            __resilient::Fault::new().error_rate(0.1).panic_rate(0.01).seed(7),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_FAULT, &__RESILIENT_FAULT_2)
    };
    let running = site.enter();
    let fault_settings = fault.code().latency(lag);
    let outcome = if fault.draw_with(fault_settings).await {
        __resilient::Err(
            __resilient::Failure::Error(
                __resilient::judged_error::<
                    __resilient::ErrorOf<Result<Vec<u8>, Status>>,
                >(
                    Status::unavailable(key),
                    |error: &__resilient::ErrorOf<Result<Vec<u8>, Status>>| {
                        __resilient::classify!(error)
                    },
                ),
            ),
        )
    } else {
        let call = async move {
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
        let call = fault_2.inject(call);
        call.await
    };
    running.end(outcome).map_err(__resilient::Failure::into_error)
}
