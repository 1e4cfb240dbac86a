use super::log2;

#[test]
fn logarithms_err_by_less_than_a_tenth_and_never_fall() {
    let mut last = 0;
    for nanos in
        (0..60).flat_map(|whole| (0..16).map(move |part| (1_u64 << whole) + ((part << whole) >> 4)))
    {
        let log = log2(nanos);
        assert!(log >= last);
        let exact = (nanos as f64).log2();
        assert!(
            (log as f64 / 1024.0 - exact).abs() < 0.09,
            "{nanos}: {log} for {exact}"
        );
        last = log;
    }
    assert_eq!(log2(0), 0);
    assert_eq!(log2(u64::MAX), (64 << 10) - 1);
}
