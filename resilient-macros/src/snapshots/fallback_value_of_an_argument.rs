async fn get((a, ref mut b): (u32, u32), mut c: u32) -> Result<u32, Status> {
    #[timeout]
    use {};
    use ::resilient_runtime::__private as __resilient;
    let (site, fallback, timeout) = {
        static __RESILIENT_SITE: __resilient::Site = __resilient::site(
            __resilient::path_of(&|| ()),
            &[&__RESILIENT_FALLBACK, &__RESILIENT_TIMEOUT],
        );
        static __RESILIENT_FALLBACK: __resilient::FallbackLayer = __resilient::FallbackLayer::new(
            &__RESILIENT_SITE,
        );
        static __RESILIENT_TIMEOUT: __resilient::TimeoutLayer = __resilient::TimeoutLayer::new(
            &__RESILIENT_SITE,
            __resilient::Timeout::new(__resilient::Duration::from_millis(500)),
        );
        __resilient::submit! {
            __resilient::Registration(& __RESILIENT_SITE)
        }
        (&__RESILIENT_SITE, &__RESILIENT_FALLBACK, &__RESILIENT_TIMEOUT)
    };
    let running = site.enter();
    let own_a = __resilient::copy(&a);
    let call = async {
        if let __resilient::Some(ret) = __resilient::None::<Result<u32, Status>> {
            return ret;
        }
        #[allow(clippy::shadow_unrelated)]
        let mut a = own_a;
        #[allow(clippy::diverging_sub_expression)]
        let ret: Result<u32, Status> = {
            a += c;
            c += 1;
            call(a, b, c).await
        };
        #[allow(unreachable_code)] ret
    };
    let call = __resilient::judged(
        call,
        |error: &__resilient::ErrorOf<Result<u32, Status>>| __resilient::classify!(error),
    );
    let call = timeout.limit(call);
    match call.await {
        __resilient::Err(failure) if fallback.replaces(&failure) => {}
        outcome => return running.end(outcome).map_err(__resilient::Failure::into_error),
    }
    let ret: Result<u32, Status> = Ok(a);
    running.answer(ret)
}
