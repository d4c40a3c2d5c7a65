-- What an auditor would look at, scenario by scenario: one number per simulated claim, higher is
-- more suspicious. `world` is base and stream together (a claim is judged among its neighbours),
-- `b` the base alone (what is normal is learnt from real claims only). The label is not read.
WITH world AS (
    SELECT *,
        concat_ws('|', facility_name, district_code, facility_class, facility_ownership) AS facility,
        coalesce(array_to_string(list_sort(dx_secondary_codes), ','), '') AS secondary,
        CAST(timezone($timezone, admit_dt) AS DATE) AS admitted,
        CAST(timezone($timezone, discharge_dt) AS DATE) AS left_on
    FROM (
        SELECT $columns, true AS made FROM made
        UNION ALL BY NAME
        SELECT $columns, false AS made FROM base
    )
),
by_case AS (
    SELECT dx_primary_code, severity_group,
        median(amount_claimed) AS amount_median, median(los) AS los_median,
        quantile_cont(los, 0.95) AS los_p95
    FROM world WHERE NOT made GROUP BY ALL
),
by_peer AS (
    SELECT dx_primary_code, severity_group, facility_class, median(amount_claimed) AS peer_median
    FROM world WHERE NOT made GROUP BY ALL
),
by_group AS (
    SELECT dx_primary_code, service_type, dx_primary_group,
        count(*) / sum(count(*)) OVER (PARTITION BY dx_primary_code, service_type) AS group_share,
        median(los) AS group_los
    FROM world WHERE NOT made GROUP BY dx_primary_code, service_type, dx_primary_group
),
by_dx AS (
    SELECT dx_primary_code, avg(CAST(service_type = 'RITL' AS INT)) AS inpatient_share,
        count(*) / sum(count(*)) OVER () AS dx_share
    FROM world WHERE NOT made GROUP BY dx_primary_code
),
by_record AS (
    SELECT dx_primary_code, severity_group, los, secondary,
        count(*) / sum(count(*)) OVER () AS record_share
    FROM world WHERE NOT made GROUP BY dx_primary_code, severity_group, los, secondary
),
neighbours AS (
    SELECT *,
        count(*) OVER (PARTITION BY facility, dx_primary_code)
            / count(*) OVER (PARTITION BY facility) AS facility_dx_share,
        count(*) OVER (PARTITION BY facility, dx_primary_code, admitted) AS same_day,
        count(*) OVER (
            PARTITION BY facility, dx_primary_code, severity_group, los, secondary,
                amount_claimed, date_trunc('month', left_on)
        ) AS clones,
        count(*) OVER (PARTITION BY facility, date_trunc('month', left_on)) AS facility_month,
        count(*) OVER (PARTITION BY patient_key) AS patient_claims,
        count(*) OVER (
            PARTITION BY patient_key, dx_primary_code ORDER BY admitted
            RANGE BETWEEN INTERVAL 14 DAY PRECEDING AND INTERVAL 14 DAY FOLLOWING
        ) AS same_case_14d,
        count(*) OVER (
            PARTITION BY patient_key, dx_primary_code ORDER BY admitted
            RANGE BETWEEN INTERVAL 3 DAY PRECEDING AND INTERVAL 3 DAY FOLLOWING
        ) AS same_case_3d,
        admitted - lag(left_on) OVER patient_stays AS days_since_stay,
        lead(admitted) OVER patient_stays - left_on AS days_to_stay,
        min(facility) OVER patient_days <> max(facility) OVER patient_days AS two_facilities
    FROM world
    WINDOW patient_stays AS (PARTITION BY patient_key, service_type ORDER BY admitted, left_on),
        patient_days AS (
            PARTITION BY patient_key ORDER BY admitted
            RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND INTERVAL 1 DAY FOLLOWING
        )
),
facts AS (
    SELECT n.*,
        coalesce(comorbidity_count, 0) AS comorbidities,
        n.service_type = 'RITL' AS inpatient,
        n.amount_claimed / nullif(amount_median, 0) AS times_case,
        n.amount_claimed / nullif(peer_median, 0) AS times_peer,
        los_median, los_p95, inpatient_share, coalesce(group_share, 0) AS group_share, group_los,
        record_share,
        facility_dx_share / nullif(dx_share, 0) AS lift,
        least(
            CASE WHEN days_since_stay >= 0 THEN days_since_stay END,
            CASE WHEN days_to_stay >= 0 THEN days_to_stay END
        ) AS stay_gap
    FROM neighbours AS n
    LEFT JOIN by_case USING (dx_primary_code, severity_group)
    LEFT JOIN by_peer USING (dx_primary_code, severity_group, facility_class)
    LEFT JOIN by_group USING (dx_primary_code, service_type, dx_primary_group)
    LEFT JOIN by_dx USING (dx_primary_code)
    LEFT JOIN by_record USING (dx_primary_code, severity_group, los, secondary)
    WHERE made
)
SELECT claim_id,
    -- severity II or III without what makes a case severe
    CASE WHEN severity_code >= 3 AND comorbidities <= 1 THEN 2 + coalesce(los <= los_median, true)::INT
        WHEN severity_code >= 3 THEN 1.0 / comorbidities ELSE 0 END AS upcoding_severity,
    -- an outpatient visit at several times what that diagnosis costs
    CASE WHEN NOT inpatient THEN times_case ELSE 0 END AS upcoding_procedure,
    -- therapy in a facility that does little else
    CASE WHEN dx_primary_code = 'Z50' THEN coalesce(lift, 0) + same_day ELSE 0 END AS phantom_physio,
    -- eyes operated in batches, or the second one within two weeks
    CASE WHEN dx_primary_code IN ('H25', 'H26')
        THEN same_day + 10 * (same_case_14d > 1)::INT + coalesce(lift, 0) / 10 ELSE 0
    END AS phantom_cataract,
    -- the same record under other names, more often than such records come in the base
    (clones - 1) / (1 + facility_month * coalesce(record_share, 0)) AS cloning,
    CASE WHEN same_case_3d > 1 THEN same_case_3d ELSE 0 END AS repeat_billing,
    -- one stay billed as two, or back within a month
    CASE WHEN inpatient AND stay_gap <= 30 THEN 31 - stay_gap ELSE 0 END AS fragmentation,
    -- a subsidised member billed at class 1: 1.40 x what the peers cost
    CASE WHEN inpatient AND participant_segment_code IN (2, 3)
        THEN 1 + 1 / (0.02 + abs(times_peer - 1.4)) ELSE 0 END AS room_class,
    -- a bed for a night where others are seen and sent home
    CASE WHEN inpatient AND los <= 1 THEN 2 - coalesce(inpatient_share, 0) ELSE 0
    END AS unnecessary_admission,
    CASE WHEN inpatient THEN times_peer ELSE 0 END AS inflated_topup,
    CASE WHEN inpatient THEN (los - los_median) / greatest(los_p95 - los_median, 1) ELSE -1
    END AS prolonged_los,
    -- two facilities within a day
    CASE WHEN two_facilities THEN 1 ELSE 0 END AS self_referral,
    -- a group that takes days, left after at most one
    CASE WHEN inpatient AND los <= 1 THEN group_los / (1 + comorbidities) ELSE 0
    END AS cancelled_service,
    -- a group that hardly ever comes with that diagnosis
    1 - group_share AS phantom_procedure,
    lift, same_day, clones, patient_claims, same_case_14d, coalesce(stay_gap, 999) AS stay_gap,
    times_case, times_peer, facility
FROM facts
