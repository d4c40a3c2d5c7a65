-- Code and label of secondary diagnoses, paired by position; the commonest label of each code.
SELECT code, label
FROM (
    SELECT unnest(dx_secondary_codes) AS code, unnest(dx_secondary_labels) AS label
    FROM claims_normalized
    WHERE len(dx_secondary_codes) = len(dx_secondary_labels)
)
WHERE code IS NOT NULL AND label IS NOT NULL
GROUP BY code, label
QUALIFY row_number() OVER (PARTITION BY code ORDER BY count(*) DESC, label) = 1
ORDER BY code
