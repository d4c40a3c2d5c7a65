-- What a claim of the demo gets from the claims around it: its number, its peers'
-- statistics, whether a sibling exists. Few columns pass the windows; the rows come
-- in the order of the finished table.
WITH named AS (
    SELECT
        *,
        CAST(discharge AS DATE) AS discharge_dt,
        CAST(discharge AS DATE) - CAST(los AS INTEGER) AS admit_dt,
        concat_ws('|', dx, severity_group, facility_class, province_name) AS peer_key
    FROM facts
),
peers AS (
    SELECT
        peer_key,
        avg(amount_claimed) AS peer_mean,
        quantile_cont(amount_claimed, 0.9) AS peer_p90,
        stddev_pop(amount_claimed ORDER BY amount_claimed) AS peer_std
    FROM named
    GROUP BY peer_key
),
numbered AS (
    SELECT
        serial,
        short_code,
        discharge_dt,
        peer_key,
        -- The serial settles ties: the same seed gives the same claims on any number of threads.
        row_number() OVER (
            PARTITION BY short_code, date_trunc('month', discharge)
            ORDER BY discharge, patient, code, serial
        ) AS number,
        count(*) OVER (
            PARTITION BY patient, dx, label
            ORDER BY admit_dt
            RANGE BETWEEN INTERVAL 3 DAY PRECEDING AND INTERVAL 3 DAY FOLLOWING
        ) > 1 AS duplicate_pattern
    FROM named
)
SELECT
    serial,
    concat(short_code, strftime(discharge_dt, '%m%y'), 'V', lpad(CAST(number AS VARCHAR), 6, '0'))
        AS claim_id,
    duplicate_pattern,
    peers.*
FROM numbered JOIN peers USING (peer_key)
ORDER BY discharge_dt, claim_id
