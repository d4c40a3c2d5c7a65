-- Peer statistics of amount_claimed over the whole base table; ordered, so that the sums of
-- floating point numbers come out the same whatever the number of threads.
SELECT
    dx_primary_code,
    severity_group,
    facility_class,
    province_name,
    avg(amount_claimed ORDER BY amount_claimed) AS peer_mean,
    quantile_cont(amount_claimed, 0.9) AS peer_p90,
    stddev_pop(amount_claimed ORDER BY amount_claimed) AS peer_std,
    count(*) AS peer_size
FROM claims_normalized
GROUP BY ALL
