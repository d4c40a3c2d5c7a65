-- The claims of the demo: each row from its own facts and keys, in the order given.
WITH named AS (
    SELECT
        * EXCLUDE (dx, code, label, "group", service, severity, patient, discharge),
        dx AS dx_primary_code,
        code AS procedure_label,
        label AS dx_primary_label,
        label AS procedure_code,
        "group" AS dx_primary_group,
        service AS service_type,
        severity AS severity_code,
        CASE service WHEN 'RITL' THEN 2 ELSE 1 END AS service_level_code,
        CASE service WHEN 'RITL' THEN 98 ELSE 7 END AS poli_type_code,
        CAST(discharge AS DATE) AS discharge_dt,
        CAST(discharge AS DATE) - CAST(los AS INTEGER) AS admit_dt,
        concat($seed, '|', patient) AS person,
        concat($seed, '|family|', patient // 2) AS household
    FROM facts
),
complete AS (
    SELECT
        *,
        amount_claimed - amount_paid AS amount_gap,
        amount_paid / amount_claimed AS bpjs_payment_ratio,
        CASE WHEN peer_std > 0 THEN (amount_claimed - peer_mean) / peer_std END AS cost_zscore,
        sha256(person) AS patient_key,
        sha256(household) AS family_key,
        left(md5(person), 9) AS patient_id_hash,
        left(md5(household), 9) AS family_id_hash,
        '1.0' AS claim_weight,
        timezone($timezone, TIMESTAMP '2023-01-05 02:00:00') AS generated_at,
        nullif(len(dx_secondary_codes), 0) AS comorbidity_count,
        'RULESET_v1' AS ruleset_version
    FROM named
)
SELECT {columns}
FROM complete
