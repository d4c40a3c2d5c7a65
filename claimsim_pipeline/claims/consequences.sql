-- What follows from the facts of a claim. One row of `facts` in, one claim out,
-- each derived column written once. Codes follow from names where the user's
-- table has only the names. $timezone is an IANA name.
WITH dated AS MATERIALIZED (
    SELECT
        * EXCLUDE (severity_code, service_level_code),
        CAST(timezone($timezone, due_at) AS DATE) - CAST(care_end_days AS INTEGER) AS discharge_dt,
        discharge_dt - CAST(los AS INTEGER) AS admit_dt,
        coalesce(
            severity_code,
            CASE severity_group
                WHEN 'ringan' THEN 1 WHEN 'sedang' THEN 2 WHEN 'berat' THEN 3 WHEN 'fatal' THEN 4
            END
        ) AS severity_code,
        coalesce(
            service_level_code, CASE service_type WHEN 'RJTL' THEN 1 WHEN 'RITL' THEN 2 END
        ) AS service_level_code,
        concat(regexp_replace("key", '/[^/]*$', ''), '|', patient) AS stand_in
    FROM facts
),
siblings AS (
    -- Few patients have more than one claim, and only theirs are put in order.
    SELECT "row"
    FROM dated
    SEMI JOIN (SELECT stand_in FROM dated GROUP BY ALL HAVING count(*) > 1) USING (stand_in)
    QUALIFY count(*) OVER (
        PARTITION BY stand_in, dx_primary_code, coalesce(procedure_code, '')
        ORDER BY admit_dt
        RANGE BETWEEN INTERVAL 3 DAY PRECEDING AND INTERVAL 3 DAY FOLLOWING
    ) > 1
)
SELECT
    "row",
    CAST(severity_code AS INTEGER) AS severity_code,
    CAST(service_level_code AS INTEGER) AS service_level_code,
    admit_dt,
    discharge_dt,
    due_at AS generated_at,
    amount_claimed - amount_paid AS amount_gap,
    amount_paid / amount_claimed AS bpjs_payment_ratio,
    nullif(len(dx_secondary_codes), 0) AS comorbidity_count,
    CASE WHEN peer_std > 0 THEN (amount_claimed - peer_mean) / peer_std END AS cost_zscore,
    sha256('patient|' || stand_in) AS patient_key,
    sha256('family|' || stand_in) AS family_key,
    left(patient_key, 9) AS patient_id_hash,
    left(family_key, 9) AS family_id_hash,
    'RULESET_v1' AS ruleset_version,
    "row" IN (FROM siblings) AS duplicate_pattern
FROM dated
